"""Modelled services: capacity, queue, failures, and calls onward."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import CallFailed, CallUnknown, InvalidValue, Unavailable
from eventlab.history import of_kind
from eventlab.services import Client
from eventlab.simulation import Constant, PartitionFault, SimulatedTransport, World, play_in
from eventlab.simulation.modelled import ModelledService, Work


def _world(**model: Any) -> tuple[World, Client, SimulatedTransport]:
    world = World(1)
    world.network.set_latency(Constant(0))
    transport = SimulatedTransport(world)
    world.node("front")
    _serve(world, transport, "shop", **model)
    return world, Client(transport, "front", timeout_s=60), transport


def _serve(world: World, transport: SimulatedTransport, name: str, **model: Any) -> ModelledService:
    world.node(name)
    service = ModelledService(name, Client(transport, name, timeout_s=60), **model)
    transport.serve(name, service.receive)
    return service


def test_capacity_is_how_many_are_served_at_once() -> None:
    world, client, _ = _world(latency=Constant(1), capacity=2)
    done: list[float] = []

    async def one(number: int) -> None:
        await client.call("shop", Work(str(number)))
        done.append(world.now_s)

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(5)))

    world.run(main)
    assert done == [1, 1, 2, 2, 3]


def test_a_full_queue_turns_away() -> None:
    world, client, _ = _world(latency=Constant(1), capacity=1, queue_limit=1)

    async def main() -> list[str]:
        calls = [client.call("shop", Work(str(number))) for number in range(4)]
        return [type(answer).__name__ for answer in await asyncio.gather(*calls, return_exceptions=True)]

    assert world.run(main) == ["Done", "Done", "Unavailable", "Unavailable"]


def test_it_fails_as_often_as_it_is_told() -> None:
    world, client, _ = _world(latency=Constant(0), failure_rate=0.3)

    async def main() -> int:
        failed = 0
        for number in range(1000):
            try:
                await client.call("shop", Work(str(number)))
            except CallFailed:
                failed += 1
        return failed

    assert 255 < world.run(main) < 345  # three standard deviations are 43


def test_it_calls_onward_one_after_another() -> None:
    world, client, transport = _world(latency=Constant(1), calls=["tax", "mail"])
    _serve(world, transport, "tax", latency=Constant(2))
    _serve(world, transport, "mail", latency=Constant(3))

    async def main() -> float:
        await client.call("shop", Work("1"))
        return world.now_s

    assert world.run(main) == 6


def test_an_unserved_name_below_makes_it_unavailable() -> None:
    world, client, _ = _world(latency=Constant(0), calls=["nobody"])

    async def main() -> None:
        with pytest.raises(Unavailable, match="nobody"):
            await client.call("shop", Work("1"))

    world.run(main)


def _copies(quorum: int, *latencies_s: float) -> tuple[World, Client]:
    """A shop that asks copies of itself, all at once, but for the last one, which nobody serves."""
    names = [f"copy-{number}" for number in range(1, len(latencies_s) + 1)]
    world, client, transport = _world(latency=Constant(1), calls=[*names, "nobody"], quorum=quorum)
    for name, latency_s in zip(names, latencies_s, strict=True):
        _serve(world, transport, name, latency=Constant(latency_s))
    world.node("nobody")
    return world, client


def test_with_a_quorum_it_asks_all_at_once_and_is_done_when_so_many_have_answered() -> None:
    world, client = _copies(2, 9, 3, 5)

    async def main() -> float:
        await client.call("shop", Work("1"))
        return world.now_s

    assert world.run(main) == 1 + 5


def test_those_whom_a_quorum_does_not_wait_for_come_to_their_own_end(caplog: pytest.LogCaptureFixture) -> None:
    world, client = _copies(2, 90, 3, 5)

    async def main() -> None:
        await client.call("shop", Work("1"))
        await asyncio.sleep(100)
        gc.collect()

    with world.recording() as run:
        world.run(main)
    calls = [(entry.at, what) for entry, what in of_kind(run.entries, hooks.CallEnded)]
    ended = [(at, what.target, what.outcome) for at, what in calls]
    assert ended == [
        *((1, "nobody", "unavailable"), (4, "copy-2", "ok"), (6, "copy-3", "ok")),
        *((6, "shop", "ok"), (60, "copy-1", "unknown")),
    ]
    assert caplog.records == []  # the error of the last one was nobody's to be told


def test_a_quorum_that_is_missed_leaves_the_caller_in_doubt() -> None:
    world, client = _copies(4, 9, 3, 5)

    async def main() -> float:
        with pytest.raises(CallUnknown, match="0 of 4 answered, and 4 had to"):
            await client.call("shop", Work("1"))
        return world.now_s

    assert world.run(main) == 1


@pytest.mark.parametrize("quorum", [0, 3])
def test_a_quorum_of_more_than_it_calls_is_refused(quorum: int) -> None:
    with pytest.raises(InvalidValue, match=r"shop\.quorum is [03]; expected from 1 to 2"):
        _world(latency=Constant(1), calls=["a", "b"], quorum=quorum)


def test_a_world_that_was_thrown_away_tells_nothing_to_whoever_listens_by_then() -> None:
    """It was never closed, and the collector comes to it while another one is recorded."""

    def throw_one_away() -> None:
        world, client, _ = _world(latency=Constant(9))
        world.node("nobody")
        world.around = [world]  # type: ignore[attr-defined]  # only the collector comes to it
        cut = PartitionFault(left=("shop",), right=("nobody",), at_s=0, for_s=9)
        world.spawn(client.call("shop", Work("1")), name="call")
        world.spawn(play_in(world, [cut]), name="faults")
        world.run(asyncio.sleep(1))

    gc.collect()
    throw_one_away()
    other = World(2)

    async def main() -> None:
        gc.unfreeze()  # what there was before a world is left alone by the collector, as far as that can be had
        gc.collect()

    with other.recording() as run:
        other.run(main)
    assert run.entries == []


def test_what_is_optional_is_asked_last_and_done_without() -> None:
    world, client, transport = _world(latency=Constant(1), calls=["tax"], optional=["mail", "ads"])
    _serve(world, transport, "tax", latency=Constant(1))
    _serve(world, transport, "mail", latency=Constant(1), failure_rate=1.0)
    _serve(world, transport, "ads", latency=Constant(1))

    async def main() -> float:
        await client.call("shop", Work("1"))
        return world.now_s

    assert world.run(main) == 4


def test_what_is_not_optional_is_not_done_without() -> None:
    world, client, transport = _world(latency=Constant(1), shards=["tax"], optional=["tax"])
    _serve(world, transport, "tax", latency=Constant(1), failure_rate=1.0)

    async def main() -> None:
        await client.call("shop", Work("1"))

    with pytest.raises(CallFailed):
        world.run(main)


def test_a_request_goes_to_one_shard_always_to_the_same_and_to_each_alike() -> None:
    shards = ["a", "b", "c"]
    world, client, transport = _world(latency=Constant(0), shards=shards)
    served = {name: _serve(world, transport, name, latency=Constant(0)) for name in shards}
    sent: dict[str, list[str]] = {name: [] for name in shards}
    for name, service in served.items():

        async def receive(call: Any, name: str = name, service: ModelledService = service) -> Any:
            sent[name].append(call.key)
            return await service.receive(call)

        transport.serve(name, receive)

    async def main() -> None:
        for number in range(300):
            for _ in range(2):
                await client.call("shop", Work(f"request-{number}"), key=f"request-{number}")

    world.run(main)
    assert sorted(key for keys in sent.values() for key in set(keys)) == sorted(f"request-{n}" for n in range(300))
    assert all(150 < len(keys) < 250 for keys in sent.values())


def test_replicas_may_each_have_a_client_of_their_own() -> None:
    world = World(seed=1)
    transport = SimulatedTransport(world)
    with pytest.raises(InvalidValue, match="one for each replica"):
        ModelledService("shop", [Client(transport, "shop")] * 2, latency=Constant(0), replicas=3)
