"""Sagas that an engine cannot take up: told in its log once, with what to do, and left as they are."""

from __future__ import annotations

import asyncio
import json
import logging
from io import StringIO
from typing import Any

import pytest

from eventlab.codec import Encoded
from eventlab.errors import StoreFailed
from eventlab.sagas import Saga, SagaEngine, Status, step
from eventlab.sagas.events import SagaTakenUp
from eventlab.sagas.workers import SagaWorker
from eventlab.store import MemoryStore, PassingStore, Receipt, archive
from eventlab.telemetry.logs import JsonLines, logging_happenings
from tests.unit.sagas.toys import in_world


async def fine(ctx: Any) -> None:
    pass


TRIP = Saga("trip", [step("flight", fine), step("hotel", fine)])
CHANGED = Saga("trip", [step("hotel", fine)])
NEXT = Saga("trip", [step("hotel", fine)], version=2)


async def half_way() -> MemoryStore:
    """Saga ada, killed while its first step was under way."""

    async def hangs(ctx: Any) -> None:
        await asyncio.sleep(100)

    store = MemoryStore("trips")
    task = asyncio.create_task(SagaEngine(store, [Saga("trip", [step("flight", hangs)])]).run("trip", "ada", {}))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return store


def logged(story: Any) -> list[dict[str, Any]]:
    """What the log says of parked sagas while *story* goes on, line by line."""
    out, log = StringIO(), logging.Logger("test", logging.DEBUG)
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    with logging_happenings(log):
        in_world(story)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return [line for line in lines if line["kind"] == "saga_parked"]


@pytest.mark.parametrize(
    ("definition", "reason", "remedy"),
    [
        (NEXT, "no definition 'trip' version 1", "give the engine this version of the definition"),
        (CHANGED, "the log has step 'flight'", "give the engine the definition as it was when the saga began"),
    ],
    ids=["its version is not there", "the code was changed"],
)
def test_a_saga_that_cannot_be_taken_up_is_one_warning_with_what_to_do(
    definition: Saga, reason: str, remedy: str
) -> None:
    async def story() -> None:
        engine = SagaEngine(await half_way(), [definition])
        for _ in range(3):
            await engine.recover()

    (line,) = logged(story)
    told = line["fields"]
    assert (line["level"], told["saga"], told["definition"], told["version"]) == ("WARNING", "ada", "trip", 1)
    assert reason in told["reason"] and told["remedy"].startswith(remedy)
    assert reason in line["message"] and remedy in line["message"]


def test_each_engine_tells_once_however_often_its_worker_looks_again() -> None:
    async def story() -> None:
        store = await half_way()
        for name in ("w1", "w2"):
            running = asyncio.create_task(SagaWorker(SagaEngine(store, [NEXT]), worker=name, quiet_s=2.0).run())
            await asyncio.sleep(60)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    assert [line["fields"]["saga"] for line in logged(story)] == ["ada", "ada"]


def test_a_saga_that_is_taken_up_is_not_told() -> None:
    async def story() -> None:
        await SagaEngine(await half_way(), [NEXT, TRIP]).recover()

    assert logged(story) == []


async def ends_it(engine: SagaEngine) -> None:
    await engine.drive("ada")


async def gets_it_stuck(engine: SagaEngine) -> None:
    stuck = SagaEngine(engine.store, [TRIP], recoveries_max=1)
    for _ in range(2):
        await engine.store.append([("saga-ada", SagaTakenUp(("flight",), 0.0))])
    assert (await stuck.drive("ada")).status is Status.STUCK


@pytest.mark.parametrize("elsewhere", [ends_it, gets_it_stuck])
@pytest.mark.parametrize("looks", ["recover", "drive", "worker"])
def test_a_parked_saga_that_is_settled_elsewhere_is_forgotten_at_the_next_look(looks: str, elsewhere: Any) -> None:
    async def story() -> list[list[str]]:
        engine = SagaEngine(await half_way(), [NEXT])
        worker = SagaWorker(engine, worker="w1", quiet_s=3600.0)
        running = asyncio.create_task(worker.run() if looks == "worker" else engine.recover())
        await asyncio.sleep(3700)
        told = [list(engine.parked)]
        await elsewhere(SagaEngine(engine.store, [TRIP]))
        if looks == "recover":
            await engine.recover()
        elif looks == "drive":
            await engine.drive("ada")
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [*told, list(engine.parked)]

    assert in_world(story) == [["ada"], []]


def test_what_is_parked_and_still_unfinished_stays_told() -> None:
    async def story() -> list[str]:
        store = await half_way()
        await store.append([("saga-bob", Encoded("SagaStarted", 1, b"torn"))])
        engine = SagaEngine(store, [NEXT])
        for _ in range(2):
            await engine.recover()
        await engine.forget_settled(engine.parked)
        return list(engine.parked)

    assert in_world(story) == ["ada", "bob"]


def test_a_saga_whose_log_was_closed_is_put_aside_and_keeps_no_other_waiting() -> None:
    found: list[Any] = []

    async def story() -> None:
        engine = SagaEngine(await half_way(), [TRIP])
        await archive(engine.store, "saga-ada", reason="by mistake")
        await engine.start("trip", "zoe", {})
        found.append([state.saga_id for state in await engine.recover()])
        found.append(dict(engine.parked))

    (line,) = logged(story)
    assert found == [["zoe"], {"ada": line["fields"]["reason"]}]
    assert line["fields"]["saga"] == "ada" and "archived" in line["fields"]["reason"]


@pytest.mark.parametrize("way", ["recover", "worker"])
def test_a_log_that_cannot_be_read_keeps_no_other_waiting(way: str) -> None:
    found: list[Any] = []

    async def story() -> None:
        store = await half_way()
        await store.append([("saga-ada", Encoded("shop.Unheard", 1, b"{}"))])
        await store.append([("saga-bob", Encoded("SagaStarted", 1, b"torn"))])
        engine = SagaEngine(store, [TRIP])
        for saga_id in ("bob.hotel", "zoe"):  # the first may be a step of who knows what
            await engine.start("trip", saga_id, {})
        if way == "recover":
            await engine.recover()
        else:
            running = asyncio.create_task(SagaWorker(engine, worker="w1", quiet_s=5.0).run())
            await asyncio.sleep(60)
            assert not running.done()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        found.extend([set(engine.parked), *[(await engine.state(each)).status for each in ("zoe", "bob.hotel")]])

    lines = {line["fields"]["saga"]: line["message"] for line in logged(story)}
    # A worker leaves what may be a step to whoever can read the log of the whole.
    assert found == [{"ada", "bob"}, Status.COMPLETED, Status.COMPLETED if way == "recover" else Status.RUNNING]
    assert set(lines) == {"ada", "bob"}
    assert "shop.Unheard" in lines["ada"] and "import the modules that register the saga's events" in lines["ada"]
    assert "SagaStarted" in lines["bob"]


class Full(PassingStore):
    """Has no room for what a saga would write."""

    async def append(self, events: Any, **options: Any) -> Receipt:
        if any(stream == "saga-ada" for stream, _ in events):
            raise StoreFailed("trips", "the disk is full")
        return await super().append(events, **options)


def test_a_saga_that_cannot_be_written_on_is_told_by_its_id_alone() -> None:
    async def story() -> None:
        worker = SagaWorker(SagaEngine(Full(await half_way()), [TRIP]), worker="w1", quiet_s=20.0)
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(30)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    (line,) = logged(story)
    told = line["fields"]
    assert (line["level"], told["saga"], told["definition"], told["version"]) == ("WARNING", "ada", "", 0)
    assert "the disk is full" in told["reason"] and "eventlab saga show" in told["remedy"]
