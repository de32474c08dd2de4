"""A trace goes on over HTTP, between services of ours and to services that are not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from eventlab.services import Client
from eventlab.services.external import ExternalServiceClient
from eventlab.services.web import application
from eventlab.simulation import Constant, Link, World
from eventlab.simulation.http import SimulatedHttpTransport, http_between
from eventlab.telemetry import TraceLog, flaws, tracing
from eventlab.testing.transports import Parrot, Say

from .spans import named, tree

Story = Callable[[World], Awaitable[object]]


def traced(story: Story) -> TraceLog:
    """The spans of *story*, in a world with two nodes that are a tenth of a second apart."""

    async def main() -> None:
        for name in ("guest", "parrot"):
            world.node(name)
        await story(world)

    with tracing() as log, World(1) as world:
        world.network.links.default = Link(Constant(0.1))
        world.run(main)
    assert flaws(log) == []
    return log


def check_the_work_is_below_the_call(log: TraceLog) -> None:
    call, work = named(log, "parrot/Say", "client"), named(log, "parrot/Say", "server")
    assert tree(log) == [["parrot/Say", ["parrot/Say"]]]
    assert (work.service, work.parent_id, call.duration_s) == ("parrot", call.span_id, 0.7)
    assert call.attributes["call.key"] == "k-1"


def test_the_work_of_a_service_is_below_the_call_that_came_over_http() -> None:
    async def story(world: World) -> None:
        transport = http_between(world, ["parrot"])
        transport.serve("parrot", Parrot().receive)
        await Client(transport, "guest").call("parrot", Say("hello", pause_s=0.5), key="k-1")

    check_the_work_is_below_the_call(traced(story))


def test_and_so_is_the_work_of_one_that_is_asked_as_a_stranger() -> None:
    async def ask(transport: SimulatedHttpTransport) -> None:
        async with ExternalServiceClient("http://parrot", target="parrot", transport=transport) as client:
            await client.call(Say("hello", pause_s=0.5), key="k-1")

    async def story(world: World) -> None:
        await world.node("guest").start(ask(SimulatedHttpTransport(world, "guest", {"parrot": application(Parrot())})))

    check_the_work_is_below_the_call(traced(story))
