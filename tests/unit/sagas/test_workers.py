"""Many workers share the sagas of a store: nothing is left behind, and nothing is done by two."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import InvalidValue, LeaseLost
from eventlab.runtime import random_stream
from eventlab.sagas import SagaEngine, SagaWorker
from eventlab.simulation import Node, World
from eventlab.store import MemoryStore, open_store
from eventlab.testing import run
from tests.contracts.backends import POSTGRES, url_of
from tests.unit.sagas.crew import TTL_S, Crew, Desk, by, keys


def test_what_was_started_before_and_what_is_started_later_is_driven_to_its_end() -> None:
    async def main() -> tuple[list[str], int]:
        crew = Crew(world)
        await crew.start(5)
        await crew.join("w1")
        await asyncio.sleep(4)
        await crew.start(5, begin=5)
        await asyncio.sleep(4)
        return sorted(crew.desk.done), await crew.ended()

    with World(seed=1) as world:
        assert world.run(main) == (keys(*range(10)), 10)


def test_shares_are_spread_fairly_and_again_when_a_worker_joins_or_dies() -> None:
    async def main() -> list[list[int]]:
        crew, spread = Crew(world), []
        nodes = []
        for name in ("w1", "w2", "w3"):
            nodes.append(await crew.join(name))
            await asyncio.sleep(2 * TTL_S)
            spread.append(await crew.shares())
        nodes[0].crash()
        await asyncio.sleep(3 * TTL_S)
        return [*spread, await crew.shares()]

    with World(seed=1) as world:
        assert world.run(main) == [[16], [8, 8], [5, 5, 6], [8, 8]]


def test_a_worker_that_joins_gets_sagas_to_drive_and_nothing_is_asked_for_twice() -> None:
    """Whoever gives a share back finishes what it drives there before."""

    async def main() -> None:
        crew = Crew(world)
        await crew.join("w1")
        for number in range(100):
            if number == 20:
                await crew.join("w2")
            await crew.start(1, begin=number)
            await asyncio.sleep(0.2)
        await asyncio.sleep(5)
        assert await crew.ended() == 100
        assert max(Counter(key for _, key in crew.desk.calls).values()) == 1
        assert len(by("w2", crew.desk.calls)) > 75

    with World(seed=1) as world:
        world.run(main)


def test_the_sagas_of_a_worker_that_was_killed_move_once_its_lease_is_over() -> None:
    async def main() -> tuple[int, int, list[str]]:
        crew = Crew(world)
        first = await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(20)
        await asyncio.sleep(1.5)
        first.crash()
        await crew.join("w2")
        await asyncio.sleep(TTL_S - 3)
        before = await crew.ended()
        await asyncio.sleep(TTL_S + 5)
        return before, await crew.ended(), sorted(crew.desk.done)

    with World(seed=1) as world:
        assert world.run(main) == (0, 20, sorted(keys(*range(20))))


def test_a_worker_that_slept_beyond_its_lease_does_nothing_more_once_another_took_over() -> None:
    """It waits for an answer when it falls asleep. It wakes after the other has finished: one set of effects."""

    async def main() -> None:
        crew = Crew(world)
        asleep = await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(3)
        await asyncio.sleep(1.5)
        asleep.pause()
        await crew.join("w2")
        await asyncio.sleep(4 * TTL_S)
        assert await crew.ended() == 3
        calls = len(by("w1", crew.desk.calls))
        asleep.resume()
        await asyncio.sleep(TTL_S)
        assert len(by("w1", crew.desk.calls)) == calls
        assert list(crew.desk.done) == [f"{saga}/{name}/forward" for name in "abc" for saga in range(3)]
        assert await crew.ended() == 3
        assert await crew.shares() == [8, 8]

    with World(seed=1) as world:
        world.run(main)


def test_a_worker_that_wakes_while_another_is_at_it_stops_without_an_effect() -> None:
    """Both believe for a moment that the saga is theirs; it is the version of the stream that decides."""

    async def main() -> None:
        crew = Crew(world, Desk(takes_s=1.5))
        asleep = await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(3)
        await asyncio.sleep(1)
        asleep.pause()
        await crew.join("w2")
        while not by("w2", crew.desk.calls):  # noqa: ASYNC110 - its calls are counted in a list
            await asyncio.sleep(0.1)
        asleep.resume()
        await asyncio.sleep(15)
        assert by("w1", crew.desk.calls) == [f"{saga}/a/forward" for saga in range(3)]
        assert await crew.ended() == 3
        assert await crew.calls_without_intent() == []

    with World(seed=1) as world:
        world.run(main)


def test_what_is_driven_in_a_share_that_was_lost_is_cancelled() -> None:
    async def main() -> tuple[list[tuple[str, str]], set[str]]:
        crew = Crew(world, Desk(takes_s=300.0), settings={"shares": 1})
        asleep = await crew.join("w1")
        await asyncio.sleep(1)
        await crew.start(1)
        await asyncio.sleep(1)
        asleep.pause()
        await crew.join("w2")
        await asyncio.sleep(3 * TTL_S)
        asleep.resume()
        await asyncio.sleep(TTL_S)
        return crew.desk.left, {who for who, _ in crew.desk.calls}

    with World(seed=1) as world:
        assert world.run(main) == ([("w1", "0/a/forward")], {"w1", "w2"})


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whoever_crashes_or_sleeps_every_saga_ends_once_and_nothing_is_done_without_an_intent(seed: int) -> None:
    async def main() -> None:
        crew, chance = Crew(world, Desk(takes_s=0.7)), random_stream("story")
        nodes = [await crew.join(f"w{number}") for number in range(4)]

        async def disturb() -> None:
            for _ in range(12):
                await asyncio.sleep(chance.expovariate(1 / 1.5))
                node = nodes[chance.randrange(4)]
                if not node.is_up:
                    continue
                if chance.random() < 0.5:
                    await nap(node)
                else:
                    node.crash()
                    await asyncio.sleep(chance.uniform(0, TTL_S))
                    await node.restart()

        async def nap(node: Node) -> None:
            node.pause()
            await asyncio.sleep(chance.uniform(0.5, 3 * TTL_S))
            node.resume()

        async def write() -> None:
            for number in range(40):
                await crew.start(1, begin=number)
                await asyncio.sleep(chance.expovariate(1 / 0.5))

        await asyncio.gather(write(), disturb(), disturb_alone(crew))
        await asyncio.sleep(8 * TTL_S)
        assert Counter(stored.stream for stored in await crew.log() if stored.type == "SagaCompleted") == Counter(
            f"saga-{number}" for number in range(40)
        )
        assert sorted(crew.desk.done) == sorted(keys(*range(40)))
        assert await crew.calls_without_intent() == []

    async def disturb_alone(crew: Crew) -> None:
        """Somebody who is no worker joins in and drives a few as well."""
        for number in range(0, 40, 9):
            await asyncio.sleep(2)
            if await crew.store.read(f"saga-{number}"):
                await crew.engine.drive(f"{number}")

    with World(seed=seed) as world:
        world.run(main)


def test_a_worker_that_is_cancelled_at_any_moment_keeps_nothing() -> None:
    async def main() -> None:
        for turn in range(40):
            crew = Crew(world)
            await crew.start(3)
            worker = SagaWorker(crew.engine, worker="w", ttl_s=TTL_S)
            task = asyncio.ensure_future(worker.run())
            await asyncio.sleep(turn * 0.05)
            task.cancel()
            await asyncio.wait([task])
            assert await crew.shares() == []
            assert asyncio.all_tasks() == {asyncio.current_task()}

    with World(seed=1) as world:
        world.run(main)


def test_of_two_workers_of_one_name_the_newer_stays() -> None:
    async def main() -> int:
        crew = Crew(world)
        older = asyncio.ensure_future(SagaWorker(crew.engine, worker="w", ttl_s=TTL_S).run())
        await asyncio.sleep(1)
        newer = asyncio.ensure_future(SagaWorker(crew.engine, worker="w", ttl_s=TTL_S).run())
        await crew.start(20)
        with pytest.raises(LeaseLost):
            await older
        await asyncio.sleep(2 * TTL_S)
        newer.cancel()
        await asyncio.wait([newer])
        return await crew.ended()

    with World(seed=1) as world:
        assert world.run(main) == 20


@pytest.mark.parametrize("wrong", [{"worker": ""}, {"shares": 0}, {"ttl_s": 0}, {"driving_max": 0}, {"quiet_s": -1.0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        SagaWorker(SagaEngine(MemoryStore()), **{"worker": "w", **wrong})


def test_workers_agree_on_the_number_of_shares() -> None:
    async def main() -> None:
        engine = SagaEngine(MemoryStore())
        task = asyncio.ensure_future(SagaWorker(engine, worker="w1", shares=4).run())
        await asyncio.sleep(1)
        with pytest.raises(InvalidValue, match="4, as the store began with"):
            await SagaWorker(engine, worker="w2", shares=5).run()
        task.cancel()
        await asyncio.wait([task])

    World(seed=1).run(main())


@pytest.mark.parametrize("backend", ["NORMAL", POSTGRES])
def test_in_a_database_two_workers_on_asyncios_own_loop_drive_every_saga_once(backend: str, tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        desk, url = Desk(takes_s=0.0), url_of(backend, tmp_path)
        stores = [open_store(url, name="sagas") for _ in range(2)]
        engines = [SagaEngine(store, [desk.trip()]) for store in stores]
        for number in range(30):
            await engines[0].start("trip", f"{number}", None)
        workers = [SagaWorker(engine, worker=f"w{number}") for number, engine in enumerate(engines)]
        tasks = [asyncio.ensure_future(worker.run()) for worker in workers]
        position = 0
        while await engines[0].unfinished():
            await stores[0].changed(position)
            position = await stores[0].head()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for store in stores:
            await store.close()
        return len(desk.done), len(desk.calls)

    assert run(main()) == (90, 90)
