"""A call's message under way: when it was sent, when it arrived, and how long it lay before somebody worked on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import hooks, runtime
from .context import SpanContext
from .official import now_ns
from .work import Work, here

ARRIVALS_MAX = 10_000
"""How many messages may have arrived without being worked on: their nodes crashed, or are full."""


class Carriage:
    """Follows the messages of calls, where the network between both ends is at hand: in a world, or in one process."""

    def __init__(self) -> None:
        self._under_way: dict[int, tuple[Work, float]] = {}
        self._arrived: dict[str, tuple[float, float]] = {}
        self.hears: dict[type[hooks.Happening], Callable[[Any], None]] = {
            hooks.MessageSent: self._sent,
            hooks.MessageArrived: self._arrive,
            hooks.MessageDuplicated: self._duplicated,
            hooks.MessageHeldBack: self._held_back,
            hooks.MessageLost: self._lost,
        }

    def waited(self, brought: SpanContext | None) -> dict[str, Any]:
        """How long the message of the call from *brought* travelled, and waited here; nothing where that is unknown.

        By a clock that both ends share, whatever those on their walls say.
        """
        found = None if brought is None else self._arrived.pop(brought.span_id, None)
        if found is None:
            return {}
        sent_s, arrived_s = found
        return {
            "message.travel_s": round(arrived_s - sent_s, 6),
            "queue.wait_s": round(runtime.monotonic() - arrived_s, 6),
        }

    def _sent(self, what: hooks.MessageSent) -> None:
        work = here()
        if work is not None and work.key[:3] == ("call", what.source, what.target):
            self._under_way[what.id] = work, runtime.monotonic()
            work.span.add_event("message sent", {"message": what.what}, now_ns())

    def _arrive(self, what: hooks.MessageArrived) -> None:
        sent = self._under_way.pop(what.id, None)
        if sent is None:
            return
        work, sent_s = sent
        if work.span.is_recording():
            work.span.add_event("message arrived", {}, now_ns())
        self._arrived[work.context.span_id] = sent_s, runtime.monotonic()
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
