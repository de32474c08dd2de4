"""Every transport against the one contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count

import pytest

from eventlab.errors import CallTimeout
from eventlab.scenarios.realclock import run_scaled
from eventlab.services import DROP, Call, Envelope, FateRule, InProcessTransport, Mail, Reply, Service, Transport
from eventlab.services.transport import Receive
from eventlab.simulation import Constant, SimulatedTransport, World
from eventlab.testing.transports import CHECKS, Check
from tests.contracts.over_http import in_a_world, on_the_loopback


@asynccontextmanager
async def in_process(fate: FateRule) -> AsyncIterator[Transport]:
    transport = InProcessTransport(fate)
    try:
        yield transport
    finally:
        await transport.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_in_process_transport_keeps_the_contract(check: Check) -> None:
    World().run(lambda: check(in_process))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_simulated_transport_keeps_the_contract(check: Check) -> None:
    world = World()
    world.network.set_latency(Constant(0.001))

    @asynccontextmanager
    async def simulated(fate: FateRule) -> AsyncIterator[Transport]:
        with world.network.links.rule(fate):
            yield SimulatedTransport(world)

    world.run(lambda: check(simulated))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_http_on_the_loopback_keeps_the_contract(check: Check) -> None:
    run_scaled(check(on_the_loopback), speed=1, seed=1)  # on a real socket, where a second is one


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_http_over_the_simulated_network_keeps_the_contract(check: Check) -> None:
    world = World()
    world.network.set_latency(Constant(0.001))
    world.run(lambda: check(partial(in_a_world, world)))


WHAT_ONLY_A_CONNECTION_TELLS = (
    "check_nobody_serving_is_told_at_once",
    "check_a_connection_found_broken_is_told_at_once_and_did_nothing",
    "check_a_connection_broken_before_the_reply_is_unknown",
    "check_metadata_and_deadline_travel",  # a message has no deadline
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_mail_keeps_the_contract_but_for_what_only_a_connection_tells(check: Check) -> None:
    @asynccontextmanager
    async def by_mail(fate: FateRule) -> AsyncIterator[Transport]:
        async with in_process(fate) as transport:
            mail = Mail(transport)
            mail.serve("caller", Service("caller").receive)
            yield mail

    if check.__name__ in WHAT_ONLY_A_CONNECTION_TELLS:
        with pytest.raises((AssertionError, CallTimeout)):
            World().run(lambda: check(by_mail))
    else:
        World().run(lambda: check(by_mail))


class Shortcut:
    """A transport that does the work in the caller's own task: short, and wrong."""

    def __init__(self, fate: FateRule) -> None:
        self._fate = fate
        self._servers: dict[str, Receive] = {}
        self._calls = count(1)
        self._posted: list[asyncio.Future[Reply]] = []

    def next_call_id(self) -> int:
        return next(self._calls)

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        self._servers[name] = receive
        return lambda: None  # it never stops serving

    async def send(self, call: Call) -> Reply:
        if self._fate(Envelope(call.source, call.target, call.operation)) is DROP:
            await asyncio.Event().wait()
        return await self._servers[call.target](call)  # the reply asks for no fate

    def post(self, call: Call) -> None:
        if call.target in self._servers:
            self._posted.append(asyncio.ensure_future(self.send(call)))  # a call whose answer is thrown away


def test_the_contract_catches_a_transport_that_takes_a_shortcut() -> None:
    @asynccontextmanager
    async def shortcut(fate: FateRule) -> AsyncIterator[Transport]:
        yield Shortcut(fate)

    def keeps(check: Check) -> bool:
        try:
            World().run(lambda: check(shortcut))
        except (AssertionError, KeyError):
            return False
        return True

    assert [check.__name__ for check in CHECKS if not keeps(check)] == [
        "check_work_is_done_on_the_callees_node",
        "check_nobody_serving_is_told_at_once",
        "check_a_lost_reply_is_unknown_though_the_work_was_done",
        "check_a_connection_found_broken_is_told_at_once_and_did_nothing",
        "check_a_connection_broken_before_the_reply_is_unknown",
        "check_a_doubled_request_is_carried_out_twice_and_answered_once",
        "check_a_late_reply_harms_nobody",
        "check_nothing_ambient_comes_along_unasked",
        "check_what_becomes_of_a_posted_message_nobody_is_told",
        "check_a_posted_message_may_come_late_and_twice",
        "check_posted_work_begins_on_the_receivers_node_with_nothing_ambient",
    ]
