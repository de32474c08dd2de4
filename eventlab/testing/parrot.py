"""The parrot: whom transports are held to their laws with, and what their checks are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import msgspec

from .. import runtime
from ..errors import Refused
from ..resilience.deadline import remaining_s
from ..services.client import Client
from ..services.fate import PASS, Fate, FateRule
from ..services.message import Call, Request
from ..services.service import Service, handles
from ..services.transport import Transport
from ..store.metadata import current as current_metadata

OpenTransport: TypeAlias = Callable[[FateRule], AbstractAsyncContextManager[Transport]]
Check: TypeAlias = Callable[[OpenTransport], Awaitable[None]]


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


def pair(transport: Transport) -> tuple[Parrot, Client]:
    """A parrot that is served, and a client to ask it."""
    parrot = Parrot()
    transport.serve("parrot", parrot.receive)
    return parrot, Client(transport, "caller")


def fate_of(what: str, fate: Fate) -> FateRule:
    """Each message called *what* meets that fate; the others pass."""
    return lambda envelope: fate if envelope.what == what else PASS
