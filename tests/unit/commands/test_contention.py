"""Several commands on one stream, in a world where reading and writing take time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from eventlab import hooks
from eventlab.commands import ConflictRetry, execute
from eventlab.errors import VersionConflict
from eventlab.simulation import SimulatedStore, World
from eventlab.store import EventStore, Expectation, MemoryStore, Metadata, Receipt

from .bank import ALICE, BOB, Balances, Deposited, Transfer, balance

PATIENT = ConflictRetry(attempts_max=50)


@dataclass(frozen=True)
class Double(Transfer):
    """Deposits as much as is there, so that a stale decision shows."""

    def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
        return [(self.source, Deposited(state.get(self.source, 0)))]


async def double_many_times(disk: EventStore, times: int, retry: ConflictRetry) -> list[int]:
    store = SimulatedStore(disk)
    await disk.append([(ALICE, Deposited(1))])
    done = await asyncio.gather(*(execute(store, Double(ALICE, BOB, 0), retry=retry) for _ in range(times)))
    return [executed.attempts for executed in done]


def test_rivals_get_in_each_others_way_and_every_decision_holds() -> None:
    disk = MemoryStore()
    attempts = World(seed=7).run(double_many_times(disk, 8, PATIENT))
    assert max(attempts) > 1
    assert World(seed=7).run(balance(disk, ALICE)) == 2**8


def test_the_same_seed_gives_the_same_attempts() -> None:
    assert len({tuple(World(seed=7).run(double_many_times(MemoryStore(), 8, PATIENT))) for _ in range(3)}) == 1


def test_pauses_double_from_ten_milliseconds_give_or_take_a_fifth() -> None:
    attempted: list[hooks.CommandAttempted] = []

    class Contested(MemoryStore):
        async def append(self, events: Sequence[tuple[str, object]], **options: object) -> Receipt:  # type: ignore[override]
            raise VersionConflict([(str(ALICE), 1, 2)])

    async def main() -> float:
        store = Contested()
        with pytest.raises(VersionConflict):
            await execute(store, Double(ALICE, BOB, 0))
        return asyncio.get_running_loop().time()

    def listen(what: hooks.Happening) -> None:
        if isinstance(what, hooks.CommandAttempted):
            attempted.append(what)

    with hooks.listen(listen):
        took_s = World(seed=3).run(main())
    pauses_s = [one.backoff_s for one in attempted]
    assert pauses_s[-1] is None
    plain = [pause_s for pause_s in pauses_s if pause_s is not None]
    assert [0.8 <= pause_s / (0.010 * 2**n) <= 1.2 for n, pause_s in enumerate(plain)] == [True] * 4
    assert took_s == pytest.approx(sum(plain))


def test_without_expectations_a_decision_is_lost() -> None:
    """The naive twin: the same commands on a store that lets every append through."""

    class Credulous(MemoryStore):
        async def append(
            self,
            events: Sequence[tuple[str, object]],
            *,
            expect: Mapping[str, Expectation] | None = None,
            command_id: str | None = None,
            metadata: Metadata | None = None,
        ) -> Receipt:
            return await super().append(events, command_id=command_id, metadata=metadata)

    disk = Credulous()
    World(seed=7).run(double_many_times(disk, 8, PATIENT))
    assert World(seed=7).run(balance(disk, ALICE)) < 2**8
