"""A connection that is seen to be broken: what the caller may conclude, and when it learns."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from eventlab.errors import CallTimeout, ConnectionBroken, EventlabError, InvalidValue, Unavailable
from eventlab.services import Call, Client, Request, Service, handles
from eventlab.simulation import Constant, Isolation, Link, PartitionFault, SimulatedTransport, World, play
from eventlab.simulation.http import SimulatedHttpTransport


class Done(msgspec.Struct, frozen=True):
    number: int


class Do(Request[Done], frozen=True):
    number: int


class Worker(Service):
    def __init__(self) -> None:
        super().__init__("worker")
        self.done: list[int] = []

    @handles(Do)
    async def do(self, request: Do, call: Call) -> Done:
        await asyncio.sleep(1)
        self.done.append(request.number)
        return Done(request.number)


def setting(seen_as: str) -> tuple[World, Worker, Client]:
    world = World(1)
    world.network.set_latency(Constant(1))
    world.network.cuts_seen_as = seen_as  # type: ignore[assignment]
    world.node("front"), world.node("worker")
    transport, worker = SimulatedTransport(world), Worker()
    transport.serve("worker", worker.receive)
    return world, worker, Client(transport, "front", timeout_s=60)


def learnt(usually: str, called_s: float, **how: object) -> tuple[type[BaseException], float, list[int]]:
    """How a call ends that is made then, and when, and what the worker did; the cut holds from 2 s to 200 s."""
    world, worker, client = setting(usually)

    async def call() -> tuple[type[BaseException], float]:
        await asyncio.sleep(called_s)
        try:
            await client.call("worker", Do(1))
        except EventlabError as error:
            return type(error), world.now_s
        raise AssertionError("the call was answered")

    async def main() -> tuple[type[BaseException], float]:
        calling = world.spawn(call(), name="call")
        await asyncio.sleep(2)
        with world.network.partition(["front"], ["worker"], **how):  # type: ignore[arg-type]
            await asyncio.sleep(198)
        return await calling

    kind, at_s = world.run(main)
    return kind, at_s, worker.done


def test_a_request_that_finds_the_connection_broken_did_nothing_and_is_told_at_once() -> None:
    assert learnt("broken", 5) == (Unavailable, 5, [])


def test_a_call_under_way_when_the_connection_breaks_is_unknown_at_that_moment_and_its_work_goes_on() -> None:
    assert learnt("broken", 1.5) == (ConnectionBroken, 2, [1])


def test_the_caller_does_not_know_either_where_the_request_was_lost_on_its_way() -> None:
    assert learnt("broken", 1.5, in_flight="lost") == (ConnectionBroken, 2, [])


def test_a_reply_that_finds_the_connection_broken_leaves_the_outcome_unknown() -> None:
    cut_back = {"one_way": True, "seen_as": "broken"}
    world, worker, client = setting("silence")

    async def main() -> float:
        with world.network.partition(["worker"], ["front"], **cut_back):  # type: ignore[arg-type]
            with pytest.raises(ConnectionBroken, match="worker → front"):
                await client.call("worker", Do(1))
            return world.now_s

    assert (world.run(main), worker.done) == (2, [1])


def test_silence_is_learnt_from_the_clock_alone() -> None:
    assert learnt("silence", 5) == (CallTimeout, 65, [])
    assert learnt("broken", 5, seen_as="silence") == (CallTimeout, 65, [])


def test_a_one_way_message_over_a_broken_connection_is_refused_to_its_sender() -> None:
    world, _, _ = setting("broken")

    async def main() -> None:
        with world.network.isolate("worker"):
            with pytest.raises(Unavailable, match="worker was not reached: the connection is broken, worker ↔ all"):
                world.network.send("front", "worker", "hello")

    world.run(main)


def test_a_crashed_caller_and_one_who_left_are_not_told() -> None:
    world, worker, client = setting("broken")

    async def main() -> None:
        world.node("front").spawn(client.call("worker", Do(1)))
        leaving = world.spawn(client.call("worker", Do(2)), name="leaving")
        await asyncio.sleep(0.5)
        world.node("front").crash()
        leaving.cancel()
        await asyncio.sleep(1.5)
        with world.network.isolate("worker"):
            await asyncio.sleep(10)

    world.run(main)
    assert worker.done == [1, 2]


async def _answer(scope: object, receive: object, send: object) -> None:
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"done"})  # type: ignore[operator]


def test_http_learns_of_a_broken_connection_in_its_own_words() -> None:
    world, _, _ = setting("broken")
    transport = SimulatedHttpTransport(world, "front", {"worker": _answer})

    async def main() -> list[str]:
        told = []

        async def get() -> None:
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://worker", timeout=60) as client:
                    await client.get("/")
            except httpx.HTTPError as error:
                told.append(f"{world.now_s:g} s: {type(error).__name__}")

        under_way = world.spawn(get(), name="get")
        await asyncio.sleep(2)
        with world.network.isolate("worker"):
            await get()
        await under_way
        return sorted(told)

    assert world.run(main) == ["2 s: ConnectError", "2 s: ReadError"]


def test_a_cut_that_is_installed_on_the_links_themselves_is_seen_as_the_network_says() -> None:
    world, worker, client = setting("broken")

    async def main() -> None:
        await play([PartitionFault(left=("front",), right=("worker",), at_s=0, for_s=10)], world.network.links)

    async def call() -> float:
        await asyncio.sleep(1)
        with pytest.raises(Unavailable):
            await client.call("worker", Do(1))
        return world.now_s

    async def both() -> float:
        world.spawn(main(), name="faults")
        return await world.node("front").start(call())

    assert (world.run(both), worker.done) == (1, [])


def test_a_network_is_told_one_of_two_ways_to_see_a_cut() -> None:
    with pytest.raises(InvalidValue, match="cuts_seen_as is 'loud'; expected 'silence' or 'broken'"):
        setting("loud")


def test_what_names_a_node_that_there_is_not_is_refused_on_the_links_themselves() -> None:
    world, _, _ = setting("silence")
    links = world.network.links
    with pytest.raises(InvalidValue, match="node to isolate is 'nobody'; expected one of the nodes front, worker"):
        links.install(Isolation("nobody"))
    with pytest.raises(InvalidValue, match="link is 'nobody'; expected one of the nodes front, worker"):
        links.set_link("front", "nobody", Link())
    assert links.rules == []
