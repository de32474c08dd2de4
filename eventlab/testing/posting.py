"""What every transport owes those who post: a message one way, of whose end nobody is told."""

from __future__ import annotations

import asyncio
from typing import Any

from .. import runtime
from ..resilience.deadline import deadline, remaining_s
from ..services.fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate, everything_passes
from ..services.message import Call, Reply, Request, encode
from ..services.transport import Transport
from ..store.metadata import carrying
from ..store.metadata import current as current_metadata
from .parrot import Check, Hush, OpenTransport, Parrot, Say, fate_of, pair


async def check_a_posted_message_is_handled_as_a_call_is(open_transport: OpenTransport) -> None:
    async with open_transport(everything_passes) as transport:
        parrot, client = pair(transport)
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
        parrot, _ = pair(transport)
        _post(transport, Hush())
        for text in ("broken off", "rude", "mirror"):
            _post(transport, Say(text))
        _post(transport, Say("nobody lives there"), target="cellar")
        await _until_heard(parrot, 2)
        assert sorted(parrot.heard) == ["mirror", "rude"]


async def check_a_posted_message_may_come_late_and_twice(open_transport: OpenTransport) -> None:
    async with open_transport(fate_of("Say", DeliverAfter(0.5, copy_after=0.2))) as transport:
        parrot, _ = pair(transport)
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
        parrot, _ = pair(transport)

        async def post_and_leave() -> None:
            _post(transport, Say("first", pause_s=0.2))
            _post(transport, Say("second"))
            await asyncio.Event().wait()

        leaving = asyncio.create_task(post_and_leave())
        await asyncio.sleep(0)
        leaving.cancel()
        await _until_heard(parrot, 2)
        assert sorted(parrot.heard) == ["first", "second"]


POSTING: tuple[Check, ...] = (
    check_a_posted_message_is_handled_as_a_call_is,
    check_what_becomes_of_a_posted_message_nobody_is_told,
    check_a_posted_message_may_come_late_and_twice,
    check_posted_work_begins_on_the_receivers_node_with_nothing_ambient,
    check_a_posted_message_goes_on_without_its_sender,
)


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
