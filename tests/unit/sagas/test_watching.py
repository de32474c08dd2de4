"""Words from elsewhere about what a worker drives: noticed at once, however long a step or a pause takes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.errors import CallTimeout, StoreUnavailable
from eventlab.resilience.backoff import Constant
from eventlab.runtime import monotonic, random_stream
from eventlab.sagas import Saga, SagaEngine, Status, step
from eventlab.sagas.watching import watch
from eventlab.simulation import World
from eventlab.store import EVERYTHING, Filter, MemoryStore, PassingStore, StoredEvent
from tests.unit.sagas.crew import Crew, Desk

WHO = {"by": "ada", "why": "changed her mind"}
HOUR_S = 3600.0
SOON_S = 1.0


class Long(Desk):
    """The first step is done at once, the second takes an hour, or fails and is tried again after one."""

    def __init__(self, *, pauses: bool = False) -> None:
        super().__init__()
        self.pauses = pauses

    def trip(self) -> Saga:
        return Saga("trip", [step("a", self._note, self._note), step("b", self._long, self._note, backoff=HOURLY)])

    async def _note(self, ctx: Any, result: Any = None) -> None:
        self.done[ctx.key] = None

    async def _long(self, ctx: Any) -> None:
        self.calls.append(("", ctx.key))
        if self.pauses:
            raise CallTimeout("desk", "b", 1.0)
        await asyncio.sleep(HOUR_S)


HOURLY = Constant(HOUR_S)


async def cancelled_from_elsewhere(crew: Crew) -> list[str]:
    """What one saga's log says soon after somebody cancelled it, from an engine that drives nothing."""
    await crew.join("w1")
    await asyncio.sleep(1)
    await crew.start(1)
    await asyncio.sleep(10)
    await SagaEngine(crew.store).cancel("0", **WHO)
    await asyncio.sleep(SOON_S)
    return [stored.type for stored in await crew.store.read("saga-0")]


def test_a_long_step_is_not_waited_for_when_its_saga_is_cancelled_elsewhere() -> None:
    with World(seed=1) as world:
        crew = Crew(world, Long())
        assert world.run(lambda: cancelled_from_elsewhere(crew))[-1] == "CompensationCompleted"
        assert list(crew.desk.done) == ["0/a/forward", "0/b/backward", "0/a/backward"]


@pytest.mark.parametrize(("watched", "noticed_at_s"), [(True, 10.0), (False, HOUR_S)])
def test_without_a_worker_whoever_watches_the_log_notices_as_soon(watched: bool, noticed_at_s: float) -> None:
    """And who does not, when the driver writes again."""
    store, desk = MemoryStore("trips"), Long()
    engine = SagaEngine(store, [desk.trip()])

    async def main() -> tuple[Status, float]:
        watching = [asyncio.ensure_future(watch(store, engine, random_stream("watch")))] if watched else []
        driving = asyncio.create_task(engine.run("trip", "0", None))
        await asyncio.sleep(10)
        await SagaEngine(store).cancel("0", **WHO)
        status = (await driving).status
        for task in watching:
            task.cancel()
        return status, monotonic()

    assert World(seed=1).run(main()) == (Status.COMPENSATED, noticed_at_s)


def test_nor_is_a_long_pause() -> None:
    with World(seed=1) as world:
        crew = Crew(world, Long(pauses=True))
        assert world.run(lambda: cancelled_from_elsewhere(crew))[-1] == "CompensationCompleted"
        assert crew.desk.calls == [("", "0/b/forward")]


class Away(PassingStore):
    """Not to be read, a while after the cancelling."""

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        if 10.5 < monotonic() < 15:
            raise StoreUnavailable(self.name, "away")
        return await super().read_all(after, where=where, limit=limit)


def test_what_was_written_while_the_store_could_not_be_read_is_noticed_afterwards() -> None:
    async def main() -> tuple[bool, str]:
        crew.store = Away(MemoryStore("sagas"))
        before = await cancelled_from_elsewhere(crew)
        await asyncio.sleep(10)
        return "CompensationCompleted" in before, (await crew.store.read("saga-0"))[-1].type

    with World(seed=1) as world:
        crew = Crew(world, Long())
        assert world.run(main) == (False, "CompensationCompleted")


def test_other_sagas_go_on_as_they_were() -> None:
    """Two are under way, and only one of them is cancelled; what is undone is interrupted by nobody."""

    async def main() -> tuple[int, list[str]]:
        await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(2)
        await asyncio.sleep(1.5)
        await SagaEngine(crew.store).cancel("0", **WHO)
        await asyncio.sleep(20)
        return await crew.ended(), [stored.stream for stored in await crew.log() if stored.type == "SagaTakenUp"]

    with World(seed=1) as world:
        crew = Crew(world)
        assert world.run(main) == (2, ["saga-0"])
        assert [key for _, key in crew.desk.left] == ["0/b/forward"]


def test_a_word_that_the_driver_has_read_already_interrupts_nothing() -> None:
    """A stuck saga is helped on, and driven at once; when the word is noticed, the step it led to is under way."""

    async def main() -> tuple[int, int]:
        engine = SagaEngine(crew.store)
        crew.desk.broken["0"] = None
        await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(1)
        await asyncio.sleep(20)
        crew.desk.broken.clear()
        await crew.start(1, begin=1)  # the log was just looked at, so the word is noticed a little later
        await asyncio.sleep(0.1)
        await engine.retry("0", **WHO)
        await asyncio.sleep(20)
        return await crew.ended(), len(crew.desk.calls)

    with World(seed=1) as world:
        crew = Crew(world, Desk(takes_s=3.0, stuck_after_s=5.0))
        assert world.run(main) == (2, 6)
        assert crew.desk.left == []
