"""With kept states and without, the same is decided; and an older state never replaces a newer one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.commands import ConflictRetry, execute, remembering
from eventlab.errors import Refused
from eventlab.runtime import random_stream
from eventlab.simulation import Exponential, SimulatedStore, World
from eventlab.store import EventStore, MemoryStore, Record, StoredEvent, StreamId
from eventlab.store.records import MemoryRecords
from eventlab.store.snapshots import KIND, Found, KeptState, Snapshots
from eventlab.testing import run

from .tally import STREAM, Add, Kind, keeping, kept_version

STEPS = st.one_of(
    st.tuples(st.just("execute"), st.integers(0, 3)),
    st.tuples(st.just("rival"), st.integers(1, 3)),
    st.tuples(st.just("reform"), st.just(0)),
    st.tuples(st.just("restore"), st.integers(0, 12)),
)
HISTORIES = st.lists(STEPS, max_size=30)


class Tallies(MemoryStore):
    """A store that decodes each event anew, as one on disk does, and so by the upcasters of that moment."""

    async def read_many(self, streams: Sequence[str], **options: Any) -> dict[str, list[StoredEvent]]:
        found = await super().read_many(streams, **options)
        return {stream: [msgspec.structs.replace(stored) for stored in events] for stream, events in found.items()}


class Trusting(Snapshots[Any]):
    """The planted bug: believes what is kept whatever became of the schemas."""

    async def find(self, stream: StreamId) -> Found[Any]:
        record = await self._records.get(KIND, self._key(stream))
        if record is None:
            return Found()
        kept = msgspec.json.decode(record.value, type=KeptState)
        state = self._shape.decode(bytes(kept.state))
        return Found(record.version, kept.version, kept.last, state, tuple(kept.lineages), believed=True)


class Overwriting(Snapshots[Any]):
    """The planted bug: writes over whatever is there by now."""

    async def keep(self, stream: StreamId, state: Any, last: StoredEvent, lineages: dict[str, str], over: Any) -> None:
        record = await self._records.get(KIND, self._key(stream))
        now = Found[Any](0 if record is None else record.version)
        await super().keep(stream, state, last, lineages, now)


async def decision(store: MemoryStore, command: Add) -> Any:
    try:
        done = await execute(store, command)
    except Refused as refusal:
        return refusal.code, refusal.facts
    return done.versions, [(stream, vars(event)) for stream, event in done.events]


async def cut(store: MemoryStore, version: int) -> MemoryStore:
    """The store as a backup of it was, when its tally had that many events; what is kept beside the log is newer."""
    events = [stored for stored in await store.read_all() if stored.version <= version]
    restored = Tallies(store.name)
    await restored.restore(events)
    restored.records = store.records
    return restored


async def decide_alike(every: int, steps: list[tuple[str, int]]) -> None:
    keeps, plain = Tallies("tallies"), Tallies("tallies")
    kind, keeping_add = Kind(), keeping(every)
    for step, number in steps:
        if step == "execute":
            fields: Any = {"most": 60, "made": kind.first}
            decided = await decision(plain, Add(STREAM, number, **fields))
            assert await decision(keeps, keeping_add(STREAM, number, **fields)) == decided
        elif step == "rival":
            for store in (keeps, plain):
                await store.append([(STREAM, kind.first(number, 0))] * number)
        elif step == "reform":
            kind.reform()
        else:
            keeps, plain = await cut(keeps, number), await cut(plain, number)


@settings(max_examples=60)
@given(st.integers(1, 5), HISTORIES)
def test_with_kept_states_and_without_the_same_is_decided(every: int, steps: list[tuple[str, int]]) -> None:
    run(decide_alike(every, steps))


def test_a_store_that_believes_what_is_kept_in_spite_of_new_schemas_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "Snapshots", Trusting)
    with pytest.raises(AssertionError):
        run(decide_alike(2, [("execute", 1), ("execute", 1), ("execute", 1), ("reform", 0), ("execute", 1)]))

    @settings(max_examples=500, database=None, phases=[Phase.generate])
    @given(st.integers(1, 5), HISTORIES)
    def law(every: int, steps: list[tuple[str, int]]) -> None:
        run(decide_alike(every, steps))

    with pytest.raises(AssertionError):
        law()


async def among_rivals(store: EventStore, add: type[Add], kind: Kind, writers: int) -> tuple[list[Any], list[int]]:
    """Several writers, and halfway a reform of all events: what was written in the end, and what was kept meanwhile."""
    versions: list[int] = []

    async def writer(name: str) -> None:
        chance = random_stream(name)
        for number in range(6):
            await asyncio.sleep(chance.random() * 0.05)
            if name == "writer-0" and number == 3:
                kind.reform()
            command = add(STREAM, chance.choice([0, 0, 1, 2]), made=kind.first)
            await execute(store, command, retry=ConflictRetry(200))
            versions.append(await kept_version(store))

    await asyncio.gather(*(writer(f"writer-{number}") for number in range(writers)))
    return [vars(stored.event) for stored in await store.read(STREAM)], versions


def tally_among_rivals(seed: int, *, writers: int = 4) -> list[int]:
    """Which versions were kept, one after the other, once every event was found to rest on those before it."""
    kind = Kind()
    store = SimulatedStore(Tallies("tallies"), append=Exponential(0.01))
    events, versions = World(seed).run(among_rivals(store, keeping(every=2), kind, writers))
    state, reformed = 0, False
    for event in events:
        worth = event["tenths"] // 10
        # Until the reform what was written counted once, from then on tenfold: one of the two it has to be.
        totals = {state + worth} if not reformed else set()
        if event["total"] not in totals:
            reformed = True
            assert event["total"] == 10 * state + worth
        state += worth
    return versions


@pytest.mark.parametrize("seed", range(12))
def test_among_concurrent_writers_every_decision_rests_on_all_events_before_it(seed: int) -> None:
    versions = tally_among_rivals(seed)
    assert max(versions) > 4
    assert versions == sorted(versions)


def test_an_executor_that_lets_an_older_state_replace_a_newer_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "Snapshots", Overwriting)
    assert any(versions != sorted(versions) for versions in map(tally_among_rivals, range(12)))


def test_a_late_keeper_gives_way() -> None:
    """Its state is older than the one that was kept while it wrote down its own."""
    kind, told = Kind(), []

    class Slow(MemoryRecords):
        """While the first state is on its way, a second command goes all the way."""

        meanwhile = True

        async def put(self, *args: Any, version: int) -> Record:
            if self.meanwhile:
                self.meanwhile = False
                await store.append([(STREAM, kind.first(1, 0))] * 5)
                await execute(store, keeping(every=2)(STREAM, 0, made=kind.first))
            return await super().put(*args, version=version)

    async def main() -> int:
        await store.append([(STREAM, kind.first(1, 0))] * 3)
        await execute(store, keeping(every=2)(STREAM, 0, made=kind.first))
        return await kept_version(store)

    store = Tallies("tallies")
    store.records = Slow()
    with hooks.listen(told.append):
        assert run(main()) == 8
    late = [what for what in told if isinstance(what, hooks.SnapshotNotTaken)]
    assert [(what.version, what.reason.partition(":")[0]) for what in late] == [(3, "RecordConflict")]
