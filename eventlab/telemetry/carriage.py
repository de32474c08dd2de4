"""A call's message under way: when it was sent, when it arrived, and how long it lay before somebody worked on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import hooks
from .context import SpanContext
from .official import now_ns
from .work import Work, here

ARRIVALS_MAX = 10_000
"""How many messages may have arrived without being worked on: their nodes crashed, or are full."""


class Carriage:
    """Follows the messages of calls, where the network between both ends is at hand: in a world, or in one process."""

    def __init__(self) -> None:
        self._under_way: dict[int, tuple[Work, int]] = {}
        self._arrived: dict[str, tuple[int, int]] = {}
        self.hears: dict[type[hooks.Happening], Callable[[Any], None]] = {
            hooks.MessageSent: self._sent,
            hooks.MessageArrived: self._arrive,
            hooks.MessageDuplicated: self._duplicated,
            hooks.MessageHeldBack: self._held_back,
            hooks.MessageLost: self._lost,
        }

    def waited(self, brought: SpanContext | None, now_ns: int) -> dict[str, Any]:
        """How long the message of the call from *brought* travelled, and waited here; nothing where that is unknown."""
        found = None if brought is None else self._arrived.pop(brought.span_id, None)
        if found is None:
            return {}
        sent_ns, arrived_ns = found
        return {"message.travel_s": (arrived_ns - sent_ns) / 1e9, "queue.wait_s": (now_ns - arrived_ns) / 1e9}

    def _sent(self, what: hooks.MessageSent) -> None:
        work = here()
        if work is not None and work.key[:3] == ("call", what.source, what.target):
            self._under_way[what.id] = work, now_ns()
            work.span.add_event("message sent", {"message": what.what}, now_ns())

    def _arrive(self, what: hooks.MessageArrived) -> None:
        sent = self._under_way.pop(what.id, None)
        if sent is None:
            return
        work, sent_ns = sent
        arrived_ns = now_ns()
        if work.span.is_recording():
            work.span.add_event("message arrived", {}, arrived_ns)
        self._arrived[work.context.span_id] = sent_ns, arrived_ns
        if len(self._arrived) > ARRIVALS_MAX:
            del self._arrived[next(iter(self._arrived))]

    def _duplicated(self, what: hooks.MessageDuplicated) -> None:
        sent = self._under_way.get(what.id)
        if sent is not None:
            self._under_way[what.copy] = sent
            self._tell(what.id, "message duplicated", {})

    def _held_back(self, what: hooks.MessageHeldBack) -> None:
        self._tell(what.id, "message held back", {"held_s": what.held_s})

    def _lost(self, what: hooks.MessageLost) -> None:
        self._tell(what.id, "message lost", {"reason": what.reason})
        self._under_way.pop(what.id, None)

    def _tell(self, number: int, name: str, facts: dict[str, Any]) -> None:
        sent = self._under_way.get(number)
        if sent is not None and sent[0].span.is_recording():
            sent[0].span.add_event(name, facts, now_ns())
