"""How late a consumer is, out of what is told alone: which events were appended when, and how far it came.

True also when the consumer has stopped, since it is a difference to now and not the last thing that the consumer said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from .. import hooks

KEPT_MAX: Final = 4096
"""Of fewer events that wait for a consumer each has its own moment. Of more, neighbours share that of the oldest: two,
then four, and so on; a lag may then be told as too long by the time in which they came, and never as too short."""


class Consumer(msgspec.Struct, frozen=True):
    """Whoever handles the events of *store*: those of *types*, or of all types if there are none.

    It belongs to *service*; left out, to the one that the metrics are of, or else to the one called as its store is.
    """

    name: str
    store: str
    types: tuple[str, ...] = ()
    service: str = ""


class Lag:
    """The events that wait for *consumer*, by position and the moment at which they were appended."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self._waiting: deque[tuple[int, float]] = deque()
        self._share = self._sharing = 1
        self._reached = 0

    def appended(self, what: hooks.EventsAppended, at_s: float) -> None:
        """Events came."""
        if what.store != self.consumer.store:
            return
        types, first = self.consumer.types, what.position - len(what.events) + 1
        for position, (_, _, type_name) in enumerate(what.events, start=first):
            if position > self._reached and (not types or type_name in types):
                self._add(position, at_s)

    def reached(self, position: int) -> None:
        """Everything up to *position* is handled, or set aside."""
        self._reached = max(self._reached, position)
        while self._waiting and self._waiting[0][0] <= position:
            self._waiting.popleft()
        if not self._waiting:
            self._share = self._sharing = 1

    def age_s(self, at_s: float) -> float:
        """How long the oldest of them has waited; 0 if none does."""
        return at_s - self._waiting[0][1] if self._waiting else 0.0

    def _add(self, position: int, at_s: float) -> None:
        if self._sharing < self._share:
            self._waiting[-1] = position, self._waiting[-1][1]
            self._sharing += 1
            return
        self._waiting.append((position, at_s))
        self._sharing = 1
        if len(self._waiting) == KEPT_MAX:
            every = list(self._waiting)
            pairs = zip(every[::2], every[1::2], strict=True)
            self._waiting = deque((later[0], earlier[1]) for earlier, later in pairs)
            self._share, self._sharing = 2 * self._share, self._share + 1


class Lags:
    """The lags of several consumers."""

    def __init__(self, consumers: Iterable[Consumer]) -> None:
        self.by_name = {consumer.name: Lag(consumer) for consumer in consumers}

    def appended(self, what: hooks.EventsAppended, at_s: float) -> None:
        for lag in self.by_name.values():
            lag.appended(what, at_s)

    def reached(self, consumer: str, position: int) -> None:
        if consumer in self.by_name:
            self.by_name[consumer].reached(position)

    def ages_s(self, service: str | None, at_s: float) -> dict[tuple[str, ...], float]:
        """Each one's lag, by service and consumer."""
        told: dict[tuple[str, ...], float] = {}
        for name, lag in self.by_name.items():
            told[service or lag.consumer.service or lag.consumer.store, name] = lag.age_s(at_s)
        return told
