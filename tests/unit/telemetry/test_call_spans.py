"""A call is a span of its client, and the work on it one of its server, below it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from eventlab import hooks
from eventlab.errors import CallTimeout, Refused
from eventlab.figures.trace_spans import bars_of
from eventlab.history import operation
from eventlab.metadata import carrying
from eventlab.services import Call, Client, InProcessTransport, Request, Service, handles
from eventlab.simulation import Capacity, Constant, Link, Recorder, SimulatedTransport, World
from eventlab.simulation.recording import Recording
from eventlab.telemetry import SpanContext, TraceLog, context_of, current_context, flaws, tracing

from .spans import events, named, tree


class Done(msgspec.Struct, frozen=True):
    traceparent: str | None


class Greet(Request[Done], frozen=True):
    name: str = "ada"


class Host(Service):
    @handles(Greet)
    async def greet(self, request: Greet, call: Call) -> Done:
        if request.name == "nobody":
            raise Refused("unknown", "who is that?")
        if request.name == "crash":
            raise RuntimeError("the host fell")
        await asyncio.sleep(0.2)
        here = current_context()
        return Done(None if here is None else here.traceparent)


def traced(story: Callable[[World, Client], Awaitable[object]], *, flawless: bool = True) -> TraceLog:
    """The spans of *story*: a client on one node calls ``host`` on another, a tenth of a second away."""

    async def main() -> None:
        transport = SimulatedTransport(world)

        async def boot(_: object) -> None:
            transport.serve("host", Host("host").receive)

        world.node("guest")
        await world.node("host", boot).begin()
        await story(world, Client(transport, "guest"))

    with tracing() as log, World(1) as world:
        world.network.links.default = Link(Constant(0.1))
        world.run(main)
    assert not flawless or flaws(log) == []
    return log


def test_the_work_is_below_the_call_and_travelling_is_seen() -> None:
    async def story(world: World, client: Client) -> None:
        await client.call("host", Greet(), key="k-1")

    log = traced(story)
    call, work = named(log, "host/Greet", "client"), named(log, "host/Greet", "server")
    assert tree(log) == [["host/Greet", ["host/Greet"]]]
    assert (call.service, call.duration_s, work.service, work.duration_s) == ("guest", 0.4, "host", 0.2)
    assert (work.began_ns - call.began_ns) / 1e9 == 0.1
    assert [name for name, _ in events(call)] == ["message sent", "message arrived"]
    assert (work.attributes["message.travel_s"], work.attributes["queue.wait_s"]) == (0.1, 0.0)
    assert {name: call.attributes[name] for name in call.attributes if name.startswith("call.")} == {
        "call.target": "host",
        "call.operation": "Greet",
        "call.key": "k-1",
        "call.attempt": 1,
        "call.outcome": "ok",
    }


def test_what_lay_before_the_work_began_is_seen_as_waiting() -> None:
    async def story(world: World, client: Client) -> None:
        host = world.node("host")
        world.loop.call_later(0.05, host.pause)
        world.loop.call_later(0.45, host.resume)
        await client.call("host", Greet())

    work = named(traced(story), "host/Greet", "server")
    assert work.attributes["message.travel_s"] == 0.1
    assert round(work.attributes["queue.wait_s"], 6) == 0.35


def test_a_message_that_is_lost_is_an_event_and_the_call_an_error() -> None:
    async def story(world: World, client: Client) -> None:
        with world.network.partition(["guest"], ["host"]), pytest.raises(CallTimeout):
            await client.call("host", Greet(), timeout_s=0.5)

    (call,) = traced(story)
    assert [name for name, _ in events(call)] == ["message sent", "message lost"]
    assert (call.status, call.attributes["call.outcome"]) == ("error", "unknown")
    assert "did not answer" in call.attributes["error.message"]


def test_a_refusal_is_an_answer_and_what_breaks_is_an_error_on_both_sides() -> None:
    async def story(world: World, client: Client) -> None:
        for name in ("nobody", "crash"):
            with pytest.raises(Exception, match=r"who|fell"):
                await client.call("host", Greet(name))

    found = [(span.role, span.status, span.attributes["call.outcome"]) for span in traced(story)]
    assert found == [
        ("server", "unset", "refused"),
        ("client", "unset", "refused"),
        ("server", "error", "failed"),
        ("client", "error", "failed"),
    ]


def test_the_work_of_a_node_that_crashed_ends_with_it() -> None:
    async def story(world: World, client: Client) -> None:
        world.loop.call_later(0.25, world.node("host").crash)
        with pytest.raises(CallTimeout):
            await client.call("host", Greet(), timeout_s=1.0)

    log = traced(story)
    work = named(log, "host/Greet", "server")
    assert (round(work.duration_s, 6), work.status, work.reason) == (0.15, "error", "node 'host' crashed")


def test_what_a_client_does_for_one_wish_is_one_trace() -> None:
    async def story(world: World, client: Client) -> None:
        with operation("client-1", "visit", "host"):
            for _ in range(2):
                await client.call("host", Greet())

    assert tree(traced(story)) == [["visit", ["host/Greet", ["host/Greet"]], ["host/Greet", ["host/Greet"]]]]


PARENT = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 0x01, "vendor=1,other=2")


def in_one_process(context: SpanContext | None) -> tuple[TraceLog, SpanContext | None]:
    """A call in a trace from outside, and where its handler finds itself."""

    async def main() -> Done:
        transport = InProcessTransport()
        transport.serve("host", Host("host").receive)
        headers = {} if context is None else context.headers
        with carrying(**headers):
            return await Client(transport, "guest").call("host", Greet())

    with tracing() as log, World(1) as world:
        done = world.run(main)
    return log, context_of(done.traceparent)


def test_a_trace_from_outside_goes_on_and_its_flags_and_state_with_it() -> None:
    log, here = in_one_process(PARENT)
    work = named(log, "host/Greet", "server")
    assert here == SpanContext(PARENT.trace_id, work.span_id, 0x01)
    assert {span.trace_id for span in log} == {PARENT.trace_id}
    assert named(log, "host/Greet", "client").parent_id == PARENT.span_id


def test_what_was_not_to_be_recorded_is_not_and_says_so_to_the_next() -> None:
    log, here = in_one_process(SpanContext(PARENT.trace_id, PARENT.span_id, 0x00))
    assert (log.spans, here and (here.trace_id, here.flags)) == ([], (PARENT.trace_id, 0x00))


def test_without_tracing_what_came_is_handed_on_as_it_came() -> None:
    async def main() -> Done:
        transport = InProcessTransport()
        transport.serve("host", Host("host").receive)
        with carrying(**PARENT.headers):
            return await Client(transport, "guest").call("host", Greet())

    with World(1) as world:
        assert world.run(main).traceparent == PARENT.traceparent


def test_what_is_under_way_when_the_block_ends_is_told_as_unfinished() -> None:
    async def story(world: World, client: Client) -> None:
        world.spawn(client.call("host", Greet()), name="forgotten")
        await asyncio.sleep(0.25)

    told = [(span.role, span.attributes["unfinished"], span.status) for span in traced(story)]
    assert told == [("client", True, "unset"), ("server", True, "unset")]


def test_what_a_policy_decides_is_an_event_of_the_work_in_which_it_does() -> None:
    async def story(world: World, client: Client) -> None:
        with operation("client-1", "visit", "host"):
            hooks.emit(hooks.BreakerChanged("host", "closed", "open", "half of the calls failed"))

    (span,) = traced(story)
    facts = {"breaker": "host", "before": "closed", "after": "open", "reason": "half of the calls failed"}
    assert events(span) == [("breaker", facts)]


def test_a_wrong_clock_is_seen_in_the_spans_and_not_in_how_long_anything_took() -> None:
    async def story(world: World, client: Client) -> None:
        world.node("host").clock.offset_s = -600.0
        await client.call("host", Greet())

    with Recorder().recording() as recorder:
        log = traced(story, flawless=False)
    work = named(log, "host/Greet", "server")
    (said,) = flaws(log)
    assert "begins 599.9 s before host/Greet" in said
    assert (work.duration_s, work.attributes["message.travel_s"], work.attributes["queue.wait_s"]) == (0.2, 0.1, 0.0)
    _, _, bars = bars_of(Recording(recorder), None)
    assert [(bar.kind, round(bar.began_s, 6), round(bar.ended_s, 6)) for bar in bars] == [
        ("call", 0.0, 0.4),
        ("work", 0.1, 0.3),
    ]


def test_a_queue_within_the_work_is_an_event_of_it() -> None:
    async def story(world: World, client: Client) -> None:
        clerk = Capacity(1, name="clerk")

        async def visit() -> None:
            with operation("client-1", "visit", "clerk"):
                await clerk.serve(2.0)

        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(visit())

    told = [events(span) for span in traced(story)]
    assert told == [[], [("waited", {"queue": "clerk", "waited_s": 2.0})]]
