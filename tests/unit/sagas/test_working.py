"""What a worker drives and what it leaves to others: nobody waits for ever, and nobody is interrupted."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from eventlab.errors import StoreUnavailable
from eventlab.runtime import monotonic, random_stream
from eventlab.sagas import Saga, SagaEngine, Status, step, subsaga
from eventlab.sagas import events as e
from eventlab.simulation import World
from eventlab.store import MemoryStore, PassingStore, Receipt, StoredEvent
from tests.unit.sagas.crew import TTL_S, Crew, Desk, by


def test_sagas_that_wait_for_a_service_that_is_down_keep_no_other_waiting() -> None:
    async def main() -> tuple[int, int]:
        crew = Crew(world, settings={"driving_max": 2})
        crew.desk.broken = {f"{number}": None for number in range(10)}
        await crew.start(30)
        await crew.join("w1")
        await asyncio.sleep(60)
        before = await crew.ended()
        crew.desk.broken.clear()
        await asyncio.sleep(10)
        return before, await crew.ended()

    with World(seed=1) as world:
        assert world.run(main) == (20, 30)


def test_no_more_are_begun_at_a_time_than_was_said() -> None:
    async def main() -> int:
        crew = Crew(world, settings={"driving_max": 3, "slow_after_s": 60.0})
        await crew.start(30)
        await crew.join("w1")
        await asyncio.sleep(1)
        return len(crew.desk.calls)

    with World(seed=1) as world:
        assert world.run(main) == 3


def test_who_drives_a_saga_himself_is_not_interrupted() -> None:
    """By an engine on another node, and by the worker's own engine."""

    async def main() -> tuple[list[Status], int]:
        crew = Crew(world)
        await crew.join("w1")
        await asyncio.sleep(1)
        alone = [crew.engine.run("trip", f"{number}", None) for number in range(3)]
        own = [crew.engines["w1"].submit("trip", f"{number}", None) for number in range(3, 6)]
        states = await asyncio.gather(*alone, *own)
        return [state.status for state in states], max(Counter(key for _, key in crew.desk.calls).values())

    with World(seed=1) as world:
        assert world.run(main) == ([Status.COMPLETED] * 6, 1)


def test_what_the_workers_own_engine_drives_already_is_not_driven_twice_however_long_a_step_takes() -> None:
    async def main() -> int:
        crew = Crew(world, Desk(takes_s=5 * TTL_S))
        await crew.join("w1")
        await asyncio.sleep(1)
        engine = crew.engines["w1"]
        await asyncio.gather(engine.submit("trip", "0", None), engine.run("trip", "1", None))
        return max(Counter(key for _, key in crew.desk.calls).values())

    with World(seed=1) as world:
        assert world.run(main) == 1


class Nested(Desk):
    """A trip has one step, which is a saga itself."""

    def trip(self) -> Saga:
        return Saga("trip", [subsaga("leg", Saga("leg", [step("x", self.do, self.undo)]), lambda ctx: {})])


def test_a_saga_within_a_saga_is_left_to_whoever_drives_that_also_when_it_is_of_anothers_share() -> None:
    """Its only step takes long, and two workers that took it from each other would never let it end."""

    async def main() -> tuple[int, int, int, int]:
        crew = Crew(world, Nested(takes_s=5 * TTL_S))
        for name in ("w1", "w2"):
            await crew.join(name)
        await asyncio.sleep(2 * TTL_S)
        for number in range(8):
            await crew.engine.start("trip", f"{number}", None)
        await crew.engine.start("trip", "0.7", None)  # called like a step of an open one that has no such step
        await asyncio.sleep(7 * TTL_S)
        taken_up = len([stored for stored in await crew.log() if stored.type == "SagaTakenUp"])
        return len(crew.desk.calls), await crew.ended(), taken_up, len(crew.desk.done)

    with World(seed=1) as world:
        assert world.run(main) == (9, 18, 0, 9)


def test_so_is_one_of_a_later_round() -> None:
    """Its id has the number of the round behind the step; without its parent it is a saga like any other."""

    async def main() -> tuple[list[str], list[str]]:
        crew = Crew(world, Nested(takes_s=2 * TTL_S))
        await crew.engine.start("trip", "0", None)
        await crew.engine.start("leg", "0.leg.2", None)
        await crew.join("w1")
        await asyncio.sleep(1)
        before = by("w1", crew.desk.calls)
        await asyncio.sleep(4 * TTL_S)
        return before, by("w1", crew.desk.calls)

    with World(seed=1) as world:
        assert world.run(main) == (["0.leg/x/forward"], ["0.leg/x/forward", "0.leg.2/x/forward"])


def test_whoever_drove_it_himself_and_is_gone_is_replaced_whatever_his_clock_said() -> None:
    """His clock is an hour ahead, so all that he wrote seems to come from the future."""

    async def main() -> tuple[int, int]:
        crew = Crew(world)
        await crew.join("w1")
        ahead = world.node("ahead")
        ahead.clock.offset_s = 3600
        ahead.spawn(crew.engine.run("trip", "0", None))
        await asyncio.sleep(1.5)
        ahead.crash()
        await asyncio.sleep(TTL_S / 2)
        before = await crew.ended()
        await asyncio.sleep(2 * TTL_S)
        return before, await crew.ended()

    with World(seed=1) as world:
        assert world.run(main) == (0, 1)


def test_a_stuck_saga_is_left_alone_until_somebody_lets_it_try_again() -> None:
    async def main() -> list[Status]:
        crew = Crew(world)
        engine = SagaEngine(crew.store)
        await crew.join("w1")
        await crew.start(1)
        crew.desk.broken["0"] = None
        await asyncio.sleep(3)
        version = len(await crew.store.read("saga-0"))
        await crew.store.append([("saga-0", e.SagaStuck("a", "enough"))], expect={"saga-0": version})
        crew.desk.broken.clear()
        await asyncio.sleep(30)
        before = (await engine.state("0")).status
        await engine.retry("0", by="ada", why="it is up again")
        await asyncio.sleep(5)
        return [before, (await engine.state("0")).status]

    with World(seed=1) as world:
        assert world.run(main) == [Status.STUCK, Status.COMPLETED]


class Late(PassingStore):
    """What is written to it is answered later."""

    async def append(self, *args: Any, **options: Any) -> Receipt:
        receipt = await super().append(*args, **options)
        await asyncio.sleep(0.5)
        return receipt


def test_who_is_let_try_again_before_his_driver_knew_that_he_is_stuck_is_not_forgotten() -> None:
    async def main() -> int:
        crew = Crew(world, store=Late(MemoryStore("sagas")), settings={"ttl_s": 600.0})
        crew.desk.broken["0"], crew.desk.stuck_after_s = None, 2.0
        await crew.join("w1")
        await crew.start(1)
        engine = SagaEngine(crew.store.beneath)  # type: ignore[attr-defined]
        while (await engine.state("0")).status is not Status.STUCK:  # noqa: ASYNC110 - told by the log alone
            await asyncio.sleep(0.05)
        crew.desk.broken.clear()
        await engine.retry("0", by="ada", why="it is up again")
        await asyncio.sleep(20)
        return await crew.ended()

    with World(seed=1) as world:
        assert world.run(main) == 1


class Flaky(PassingStore):
    """Does not answer every time, half a minute long."""

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        self._fail()
        return await super().read(stream, **options)

    async def read_all(self, *args: Any, **options: Any) -> list[StoredEvent]:
        self._fail()
        return await super().read_all(*args, **options)

    async def append(self, *args: Any, **options: Any) -> Receipt:
        self._fail()
        return await super().append(*args, **options)

    def _fail(self) -> None:
        if monotonic() < 30 and random_stream("flaky").random() < 0.3:
            raise StoreUnavailable(self.name, "away")


def test_a_store_that_is_away_now_and_then_leaves_no_saga_behind() -> None:
    async def main() -> tuple[int, list[str]]:
        crew = Crew(world, store=MemoryStore("sagas"))
        await crew.start(30)
        solid, crew.store = crew.store, Flaky(crew.store)
        await crew.join("w1")
        await asyncio.sleep(10 * TTL_S)
        crew.store = solid
        return await crew.ended(), await crew.calls_without_intent()

    with World(seed=1) as world:
        assert world.run(main) == (30, [])


def test_a_saga_that_nobody_knows_is_parked_and_keeps_no_other_waiting() -> None:
    async def main() -> tuple[int, dict[str, str]]:
        crew = Crew(world, settings={"driving_max": 1})
        other = SagaEngine(crew.store, [Saga("other", crew.desk.trip().steps)])
        for number in range(100, 105):
            await other.start("other", f"{number}", None)
        await crew.start(3)
        await crew.join("w1")
        await asyncio.sleep(20)
        return await crew.ended(), crew.engines["w1"].parked

    with World(seed=1) as world:
        ended, parked = world.run(main)
    assert ended == 3
    assert parked == {f"{number}": "unknown saga: no definition 'other' version 1" for number in range(100, 105)}
