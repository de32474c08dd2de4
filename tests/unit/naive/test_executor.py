"""Two doctors on call, and each goes home because the other one stays: write skew, and the executor that has none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from eventlab.codec import event
from eventlab.commands import Command, ConflictRetry, execute
from eventlab.errors import Refused, VersionConflict
from eventlab.naive import executor
from eventlab.resilience.backoff import Constant
from eventlab.simulation import SimulatedStore, World
from eventlab.store import EventStore, MemoryStore, StoredEvent, StreamId, open_store
from eventlab.testing import run

Execute = Callable[..., Any]


@event("tests.WentOnCall")
@dataclass(frozen=True, slots=True)
class WentOnCall:
    pass


@event("tests.WentOffCall")
@dataclass(frozen=True, slots=True)
class WentOffCall:
    pass


DOCTORS = tuple(StreamId(f"doctor-{name}") for name in ("ada", "bo", "cy"))
ADA, BO, CY = DOCTORS


@dataclass(frozen=True)
class OnDoctors(Command[tuple[str, ...]]):
    """The state is who is on call."""

    mine: StreamId
    others: tuple[StreamId, ...] = ()

    def initial(self) -> tuple[str, ...]:
        return ()

    def apply(self, state: tuple[str, ...], stored: StoredEvent) -> tuple[str, ...]:
        others = tuple(name for name in state if name != stored.stream)
        return (*others, stored.stream) if isinstance(stored.event, WentOnCall) else others


@dataclass(frozen=True)
class GoOffCall(OnDoctors):
    """Reads all doctors, and writes to one."""

    def handle(self, state: tuple[str, ...]) -> Iterable[tuple[str, object]]:
        if self.mine not in state:
            return []
        if len(state) == 1:
            raise Refused("last_one", facts={"doctor": self.mine})
        return [(self.mine, WentOffCall())]


@dataclass(frozen=True)
class GoOnCall(OnDoctors):
    def handle(self, state: tuple[str, ...]) -> Iterable[tuple[str, object]]:
        return [] if self.mine in state else [(self.mine, WentOnCall())]


def fewest_on_call(log: Iterable[StoredEvent]) -> int:
    """How many were on call when the fewest were, from the moment on at which all were."""
    on_call, fewest = set(DOCTORS[:2]), 2
    for stored in log:
        (on_call.add if isinstance(stored.event, WentOnCall) else on_call.discard)(StreamId(stored.stream))
        fewest = min(fewest, len(on_call))
    return fewest


async def both_leave(carry_out: Execute, store: EventStore) -> list[str]:
    """What became of two doctors who want to go home at the same moment."""

    async def leave(mine: StreamId, other: StreamId) -> str:
        try:
            await carry_out(store, GoOffCall(mine, (other,)))
        except Refused as refusal:
            return refusal.code
        return "gone"

    return sorted(await asyncio.gather(leave(ADA, BO), leave(BO, ADA)))


def in_world(carry_out: Execute, seed: int) -> tuple[list[str], int]:
    async def story() -> tuple[list[str], int]:
        disk = MemoryStore("hospital")
        await disk.append([(ADA, WentOnCall()), (BO, WentOnCall())])
        return await both_leave(carry_out, SimulatedStore(disk)), fewest_on_call(await disk.read_all())

    return World(seed).run(story())


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_in_a_world_write_skew_happens_to_the_naive_and_not_to_the_sound(seed: int) -> None:
    assert in_world(executor.execute, seed) == (["gone", "gone"], 0)
    assert in_world(execute, seed) == (["gone", "last_one"], 1)


@pytest.mark.parametrize("seed", range(30))
def test_whichever_comes_first_one_doctor_stays(seed: int) -> None:
    assert in_world(execute, seed) == (["gone", "last_one"], 1)


class Meeting:
    """One of two connections to a database. Both have read before either appends, the first time."""

    def __init__(self, store: EventStore, barrier: asyncio.Barrier) -> None:
        self._store, self._barrier, self._met = store, barrier, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, events: Any, **options: Any) -> Any:
        if not self._met:
            self._met = True
            await self._barrier.wait()
        return await self._store.append(events, **options)


async def two_connections(carry_out: Execute, path: Path) -> tuple[list[str], int]:
    first, second = open_store(f"sqlite:///{path}"), open_store(f"sqlite:///{path}")
    try:
        await first.append([(ADA, WentOnCall()), (BO, WentOnCall())])
        barrier = asyncio.Barrier(2)

        async def leave(store: EventStore, mine: StreamId, other: StreamId) -> str:
            try:
                retry = ConflictRetry(3, Constant(0.0))
                await carry_out(Meeting(store, barrier), GoOffCall(mine, (other,)), retry=retry)
            except Refused as refusal:
                return refusal.code
            return "gone"

        fates = await asyncio.gather(leave(first, ADA, BO), leave(second, BO, ADA))
        return sorted(fates), fewest_on_call(await first.read_all())
    finally:
        await first.close()
        await second.close()


def test_on_sqlite_with_two_connections_it_is_the_same(tmp_path: Path) -> None:
    assert run(two_connections(executor.execute, tmp_path / "naive.db")) == (["gone", "gone"], 0)
    assert run(two_connections(execute, tmp_path / "sound.db")) == (["gone", "last_one"], 1)


MOVES = st.lists(
    st.tuples(st.sampled_from(DOCTORS), st.sampled_from([GoOnCall, GoOffCall, GoOffCall]), st.integers(0, 20)),
    min_size=1,
    max_size=12,
)


def fewest_in_schedule(carry_out: Execute, seed: int, moves: list[tuple[StreamId, type[OnDoctors], int]]) -> int:
    """The fewest on call, when each move begins so many milliseconds into the story."""

    async def move(store: EventStore, mine: StreamId, order: type[OnDoctors], at_ms: int) -> None:
        await asyncio.sleep(at_ms / 1000)
        command = order(mine, tuple(doctor for doctor in DOCTORS if doctor != mine))
        with suppress(Refused):
            await carry_out(store, command, retry=ConflictRetry(50))

    async def story() -> int:
        disk = MemoryStore("hospital")
        await disk.append([(ADA, WentOnCall()), (BO, WentOnCall())])
        store = SimulatedStore(disk)
        await asyncio.gather(*(move(store, *each) for each in moves))
        return fewest_on_call(await disk.read_all())

    return World(seed).run(story())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), MOVES)
def test_under_every_schedule_somebody_is_on_call(seed: int, moves: list[Any]) -> None:
    assert fewest_in_schedule(execute, seed, moves) >= 1


def test_a_schedule_that_leaves_nobody_on_call_is_found_for_the_naive_executor() -> None:
    @settings(max_examples=500, deadline=None, database=None, phases=[Phase.generate])
    @given(st.integers(0, 10**6), MOVES)
    def law(seed: int, moves: list[Any]) -> None:
        assert fewest_in_schedule(executor.execute, seed, moves) >= 1

    with pytest.raises(AssertionError):
        law()


def test_the_naive_executor_does_not_lose_updates() -> None:
    """What it writes, it checks: one of two who write to the same stream is decided again."""

    async def story() -> list[str]:
        disk = MemoryStore("hospital")
        store = SimulatedStore(disk)
        await asyncio.gather(*(executor.execute(store, GoOnCall(CY)) for _ in range(3)))
        return [stored.type for stored in await disk.read_all()]

    assert World(seed=1).run(story()) == ["tests.WentOnCall"]


def test_after_its_last_attempt_it_raises_the_conflict_as_the_sound_one_does() -> None:
    async def story() -> list[type]:
        store = SimulatedStore(MemoryStore("hospital"))
        tries = [executor.execute(store, GoOnCall(CY), retry=ConflictRetry(1)) for _ in range(2)]
        return [type(result) for result in await asyncio.gather(*tries, return_exceptions=True)]

    assert World(seed=1).run(story()).count(VersionConflict) == 1
