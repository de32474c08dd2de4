"""What every transport owes its clients and services, as checks that run against anybody's.

Each check is a coroutine function that takes a way to open a transport under
a fate rule. Some wait for timeouts of a second: run them in a world::

    @pytest.mark.parametrize("check", CHECKS)
    def test_transport(check: Check) -> None:
        World().run(lambda: check(open_my_transport))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar

import msgspec

from .. import runtime
from ..errors import CallFailed, CallTimeout, ConnectionBroken, Refused, Unavailable, UnknownOperation
from ..resilience.deadline import deadline, remaining_s
from ..services.client import Client
from ..services.fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate, FateRule, everything_passes
from ..services.message import Call, Reply, Request, encode
from ..services.service import Service, handles
from ..services.transport import Transport
from ..store.metadata import carrying
from ..store.metadata import current as current_metadata

OpenTransport: TypeAlias = Callable[[FateRule], AbstractAsyncContextManager[Transport]]
Check: TypeAlias = Callable[[OpenTransport], Awaitable[None]]

E = TypeVar("E", bound=BaseException)


class Said(msgspec.Struct, frozen=True):
    """What the parrot heard, and what it could see of the call."""

    text: str
    key: str
    node: str
    correlation_id: str | None
    remaining_s: float | None


class Say(Request[Said], frozen=True):
    text: str
    pause_s: float = 0.0


class Hush(Request[None], frozen=True):
    """Nobody handles this one."""


class Parrot(Service):
    """Repeats what it hears, refuses what is rude, breaks at a mirror, and remembers what it did."""

    def __init__(self, name: str = "parrot") -> None:
        super().__init__(name)
        self.heard: list[str] = []

    @handles(Say)
    async def say(self, request: Say, call: Call) -> Said:
        self.heard.append(request.text)
        if request.pause_s:
            await asyncio.sleep(request.pause_s)
        if request.text == "rude":
            raise Refused("rude", "a parrot has manners", {"words": [request.text]})
        if request.text == "mirror":
            raise RuntimeError("two parrots")
        correlation_id = current_metadata().correlation_id
        return Said(request.text, call.key, runtime.current_node(), correlation_id, remaining_s())


async def check_an_answer_comes_back(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = _pair(transport)
        said = await client.call("parrot", Say("hello"), key="k-1")
        assert (said.text, said.key, parrot.heard) == ("hello", "k-1", ["hello"])


async def check_work_is_done_on_the_callees_node(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        with runtime.on_node("caller"):
            assert (await client.call("parrot", Say("hello"))).node == "parrot"


async def check_a_refusal_keeps_its_code_and_facts(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        error = await _raised(Refused, client.call("parrot", Say("rude")))
        assert (error.code, error.message, error.facts) == ("rude", "a parrot has manners", {"words": ["rude"]})


async def check_a_broken_handler_says_why(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        error = await _raised(CallFailed, client.call("parrot", Say("mirror")))
        assert (error.target, error.operation) == ("parrot", "Say")
        assert "two parrots" in error.reason


async def check_an_unknown_operation_names_the_known_ones(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        error = await _raised(UnknownOperation, client.call("parrot", Hush()))
        assert (error.operation, error.known) == ("Hush", ("Say",))


async def check_nobody_serving_is_told_at_once(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot = Parrot()
        client = Client(transport, "caller")
        assert (await _raised(Unavailable, client.call("parrot", Say("hello")))).target == "parrot"
        unserve = transport.serve("parrot", parrot.receive)
        await client.call("parrot", Say("hello"))
        unserve()
        await _raised(Unavailable, client.call("parrot", Say("too late")))
        assert parrot.heard == ["hello"]


async def check_a_lost_request_is_unknown_and_did_nothing(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say", DROP)) as transport:
        parrot, client = _pair(transport)
        began_s = runtime.monotonic()
        await _raised(CallTimeout, client.call("parrot", Say("hello")))
        assert runtime.monotonic() - began_s >= client.timeout_s
        assert parrot.heard == []


async def check_a_lost_reply_is_unknown_though_the_work_was_done(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say reply", DROP)) as transport:
        parrot, client = _pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("hello")))
        assert parrot.heard == ["hello"]


async def check_a_connection_found_broken_is_told_at_once_and_did_nothing(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say", BREAK)) as transport:
        parrot, client = _pair(transport)
        began_s = runtime.monotonic()
        await _raised(Unavailable, client.call("parrot", Say("hello")))
        assert runtime.monotonic() - began_s < client.timeout_s
        assert parrot.heard == []


async def check_a_connection_broken_before_the_reply_is_unknown(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say reply", BREAK)) as transport:
        parrot, client = _pair(transport)
        error = await _raised(ConnectionBroken, client.call("parrot", Say("hello")))
        assert (error.target, error.operation) == ("parrot", "Say")
        assert parrot.heard == ["hello"]


async def check_a_doubled_request_is_carried_out_twice_and_answered_once(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say", DeliverAfter(0.0, copy_after=0.2))) as transport:
        parrot, client = _pair(transport)
        assert (await client.call("parrot", Say("hello"))).text == "hello"
        await asyncio.sleep(0.5)
        assert parrot.heard == ["hello", "hello"]


async def check_a_late_reply_harms_nobody(open_transport: OpenTransport) -> None:
    def late(envelope: Envelope) -> Fate:
        return DeliverAfter(1.5) if envelope.what == "Say reply" else PASS

    async with open_transport(late) as transport:
        parrot, client = _pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("slow")))
        patient = await client.call("parrot", Say("patient"), timeout_s=5)  # the first reply arrives during this call
        assert (patient.text, parrot.heard) == ("patient", ["slow", "patient"])


async def check_work_goes_on_when_the_caller_leaves(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = _pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("slow", pause_s=2)))
        assert parrot.heard == ["slow"]
        assert (await client.call("parrot", Say("next"))).text == "next"
        await asyncio.sleep(2)


async def check_concurrent_calls_do_not_mix(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        texts = [f"word {number}" for number in range(20)]
        pauses = [(number * 7 % 20) / 100 for number in range(20)]  # so that they end in another order
        calls = [client.call("parrot", Say(t, p), key=t, timeout_s=30) for t, p in zip(texts, pauses, strict=True)]
        said = await asyncio.gather(*calls)
        assert [(each.text, each.key) for each in said] == [(text, text) for text in texts]


async def check_metadata_and_deadline_travel(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = _pair(transport)
        with carrying(correlation_id="conversation-7"), deadline(0.75):
            said = await client.call("parrot", Say("hello"))
        assert said.correlation_id == "conversation-7"
        assert said.remaining_s is not None and 0 < said.remaining_s <= 0.75
        plain = await client.call("parrot", Say("hello"))
        assert plain.correlation_id is None


async def check_nothing_ambient_comes_along_unasked(open_transport: OpenTransport) -> None:
    seen: list[tuple[str | None, float | None]] = []

    async def look_around(call: Call) -> Reply:
        seen.append((current_metadata().correlation_id, remaining_s()))
        return Reply("failed", reason="seen enough")

    async with open_transport(everything_passes) as transport:
        transport.serve("parrot", look_around)
        with carrying(correlation_id="conversation-7"), deadline(0.5):
            await _raised(CallFailed, Client(transport, "caller").call("parrot", Say("hello")))
        assert seen == [(None, None)]


async def check_a_posted_message_is_handled_as_a_call_is(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = _pair(transport)
        _post(transport, Say("posted"), key="k-1")
        await _until_heard(parrot, 1)
        await client.call("parrot", Say("called"))
        assert parrot.heard == ["posted", "called"]


async def check_what_becomes_of_a_posted_message_nobody_is_told(open_transport: OpenTransport) -> None:
    asked: list[str] = []

    def lose_two(envelope: Envelope) -> Fate:
        if envelope.target != "parrot":
            return BREAK  # what comes back, if anything does
        asked.append(envelope.what)
        return {1: DROP, 2: BREAK}.get(len(asked), PASS)

    async with open_transport(lose_two) as transport:
        parrot, _ = _pair(transport)
        _post(transport, Hush())
        for text in ("broken off", "rude", "mirror"):
            _post(transport, Say(text))
        _post(transport, Say("nobody lives there"), target="cellar")
        await _until_heard(parrot, 2)
        assert sorted(parrot.heard) == ["mirror", "rude"]


async def check_a_posted_message_may_come_late_and_twice(open_transport: OpenTransport) -> None:
    async with open_transport(_for("Say", DeliverAfter(0.5, copy_after=0.2))) as transport:
        parrot, _ = _pair(transport)
        _post(transport, Say("hello"))
        assert parrot.heard == []
        await _until_heard(parrot, 2)
        assert parrot.heard == ["hello", "hello"]


async def check_posted_work_begins_on_the_receivers_node_with_nothing_ambient(open_transport: OpenTransport) -> None:
    seen: list[tuple[str, str | None, float | None]] = []

    async def look_around(call: Call) -> Reply:
        seen.append((runtime.current_node(), current_metadata().correlation_id, remaining_s()))
        return Reply("ok", b"null")

    async with open_transport(everything_passes) as transport:
        transport.serve("parrot", look_around)
        with runtime.on_node("caller"), carrying(correlation_id="conversation-7"), deadline(0.25):
            _post(transport, Say("hello"))
        await asyncio.sleep(1)
        assert seen == [("parrot", None, None)]


async def check_a_posted_message_goes_on_without_its_sender(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, _ = _pair(transport)

        async def post_and_leave() -> None:
            _post(transport, Say("first", pause_s=0.2))
            _post(transport, Say("second"))
            await asyncio.Event().wait()

        leaving = asyncio.create_task(post_and_leave())
        await asyncio.sleep(0)
        leaving.cancel()
        await _until_heard(parrot, 2)
        assert sorted(parrot.heard) == ["first", "second"]


CHECKS: tuple[Check, ...] = (
    check_an_answer_comes_back,
    check_work_is_done_on_the_callees_node,
    check_a_refusal_keeps_its_code_and_facts,
    check_a_broken_handler_says_why,
    check_an_unknown_operation_names_the_known_ones,
    check_nobody_serving_is_told_at_once,
    check_a_lost_request_is_unknown_and_did_nothing,
    check_a_lost_reply_is_unknown_though_the_work_was_done,
    check_a_connection_found_broken_is_told_at_once_and_did_nothing,
    check_a_connection_broken_before_the_reply_is_unknown,
    check_a_doubled_request_is_carried_out_twice_and_answered_once,
    check_a_late_reply_harms_nobody,
    check_work_goes_on_when_the_caller_leaves,
    check_concurrent_calls_do_not_mix,
    check_metadata_and_deadline_travel,
    check_nothing_ambient_comes_along_unasked,
    check_a_posted_message_is_handled_as_a_call_is,
    check_what_becomes_of_a_posted_message_nobody_is_told,
    check_a_posted_message_may_come_late_and_twice,
    check_posted_work_begins_on_the_receivers_node_with_nothing_ambient,
    check_a_posted_message_goes_on_without_its_sender,
)


def _pair(transport: Transport) -> tuple[Parrot, Client]:
    parrot = Parrot()
    transport.serve("parrot", parrot.receive)
    return parrot, Client(transport, "caller")


async def _until_heard(parrot: Parrot, times: int) -> None:
    """Until it has heard so much, and then a while, in which it may hear too much."""
    for _ in range(50):
        if len(parrot.heard) >= times:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)


def _post(transport: Transport, request: Request[Any], *, target: str = "parrot", key: str = "") -> None:
    operation = type(request).__name__
    transport.post(Call(transport.next_call_id(), "caller", target, operation, encode(request), key))


def _for(what: str, fate: Fate) -> FateRule:
    return lambda envelope: fate if envelope.what == what else PASS


async def _raised(kind: type[E], call: Awaitable[object]) -> E:
    try:
        answer = await call
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the answer {answer!r}")
