"""What every transport owes its clients and services, as checks that run against anybody's.

Each check is a coroutine function that takes a way to open a transport under
a fate rule. Some wait for timeouts of a second: run them in a world::

    @pytest.mark.parametrize("check", CHECKS)
    def test_transport(check: Check) -> None:
        World().run(lambda: check(open_my_transport))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from .. import runtime
from ..errors import CallFailed, CallTimeout, ConnectionBroken, Refused, Unavailable, UnknownOperation
from ..resilience.deadline import deadline, remaining_s
from ..services.client import Client
from ..services.fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate, everything_passes
from ..services.message import Call, Reply
from ..store.metadata import carrying
from ..store.metadata import current as current_metadata
from .parrot import Check, Hush, OpenTransport, Parrot, Said, Say, fate_of, pair
from .posting import POSTING

__all__ = ["CHECKS", "Check", "OpenTransport", "Parrot", "Said", "Say"]

E = TypeVar("E", bound=BaseException)


async def check_an_answer_comes_back(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = pair(transport)
        said = await client.call("parrot", Say("hello"), key="k-1")
        assert (said.text, said.key, parrot.heard) == ("hello", "k-1", ["hello"])


async def check_work_is_done_on_the_callees_node(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
        with runtime.on_node("caller"):
            assert (await client.call("parrot", Say("hello"))).node == "parrot"


async def check_a_refusal_keeps_its_code_and_facts(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
        error = await _raised(Refused, client.call("parrot", Say("rude")))
        assert (error.code, error.message, error.facts) == ("rude", "a parrot has manners", {"words": ["rude"]})


async def check_a_broken_handler_says_why(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
        error = await _raised(CallFailed, client.call("parrot", Say("mirror")))
        assert (error.target, error.operation) == ("parrot", "Say")
        assert "two parrots" in error.reason


async def check_an_unknown_operation_names_the_known_ones(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
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
    async with open_transport(fate_of("Say", DROP)) as transport:
        parrot, client = pair(transport)
        began_s = runtime.monotonic()
        await _raised(CallTimeout, client.call("parrot", Say("hello")))
        assert runtime.monotonic() - began_s >= client.timeout_s
        assert parrot.heard == []


async def check_a_lost_reply_is_unknown_though_the_work_was_done(open_transport: OpenTransport) -> None:
    async with open_transport(fate_of("Say reply", DROP)) as transport:
        parrot, client = pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("hello")))
        assert parrot.heard == ["hello"]


async def check_a_connection_found_broken_is_told_at_once_and_did_nothing(open_transport: OpenTransport) -> None:
    async with open_transport(fate_of("Say", BREAK)) as transport:
        parrot, client = pair(transport)
        began_s = runtime.monotonic()
        await _raised(Unavailable, client.call("parrot", Say("hello")))
        assert runtime.monotonic() - began_s < client.timeout_s
        assert parrot.heard == []


async def check_a_connection_broken_before_the_reply_is_unknown(open_transport: OpenTransport) -> None:
    async with open_transport(fate_of("Say reply", BREAK)) as transport:
        parrot, client = pair(transport)
        error = await _raised(ConnectionBroken, client.call("parrot", Say("hello")))
        assert (error.target, error.operation) == ("parrot", "Say")
        assert parrot.heard == ["hello"]


async def check_a_doubled_request_is_carried_out_twice_and_answered_once(open_transport: OpenTransport) -> None:
    async with open_transport(fate_of("Say", DeliverAfter(0.0, copy_after=0.2))) as transport:
        parrot, client = pair(transport)
        assert (await client.call("parrot", Say("hello"))).text == "hello"
        await asyncio.sleep(0.5)
        assert parrot.heard == ["hello", "hello"]


async def check_a_late_reply_harms_nobody(open_transport: OpenTransport) -> None:
    def late(envelope: Envelope) -> Fate:
        return DeliverAfter(1.5) if envelope.what == "Say reply" else PASS

    async with open_transport(late) as transport:
        parrot, client = pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("slow")))
        patient = await client.call("parrot", Say("patient"), timeout_s=5)  # the first reply arrives during this call
        assert (patient.text, parrot.heard) == ("patient", ["slow", "patient"])


async def check_work_goes_on_when_the_caller_leaves(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = pair(transport)
        await _raised(CallTimeout, client.call("parrot", Say("slow", pause_s=2)))
        assert parrot.heard == ["slow"]
        assert (await client.call("parrot", Say("next"))).text == "next"
        await asyncio.sleep(2)


async def check_concurrent_calls_do_not_mix(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
        texts = [f"word {number}" for number in range(20)]
        pauses = [(number * 7 % 20) / 100 for number in range(20)]  # so that they end in another order
        calls = [client.call("parrot", Say(t, p), key=t, timeout_s=30) for t, p in zip(texts, pauses, strict=True)]
        said = await asyncio.gather(*calls)
        assert [(each.text, each.key) for each in said] == [(text, text) for text in texts]


async def check_metadata_and_deadline_travel(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        _, client = pair(transport)
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
    *POSTING,
)


async def _raised(kind: type[E], call: Awaitable[object]) -> E:
    try:
        answer = await call
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the answer {answer!r}")
