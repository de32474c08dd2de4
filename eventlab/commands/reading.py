"""Reading what a command needs, and folding it: one attempt's view of the streams, and what is decided on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from .. import hooks
from ..errors import CommandMisdeclared, DiscoveryLimit, GiveUp, UndeclaredStream
from ..store import EventStore, StoredEvent, StreamId
from ..store.archive import ARCHIVED
from .command import Command
from .telling import tell_discovery

S = TypeVar("S")

DISCOVERED_STREAMS_MAX = 100


class Reading(Generic[S]):
    """The folded state, and the version of every stream that it rests on."""

    def __init__(self, command: Command[S], declared: Sequence[StreamId], folding: Command[S] | None = None) -> None:
        self._command = command
        self._folding = command if folding is None else folding
        self._led_from: dict[StreamId, StreamId | None] = dict.fromkeys(declared)
        self._discovered: list[StreamId] = []
        self.state = self._folding.initial()
        self.versions: dict[str, int] = {}

    async def read(self, store: EventStore) -> None:
        """Read the declared streams at one moment, then in waves those that they lead to. Each is read once."""
        discovers = type(self._command).related_streams is not Command.related_streams
        wave: Sequence[StreamId] = tuple(self._led_from)
        rounds = 0
        while wave:
            if rounds and hooks.tracing:
                tell_discovery(self._command, rounds, wave)
            rounds += 1
            found = await store.read_many(wave)
            known_before = len(self._discovered)
            for stream in wave:
                self._fold(stream, found[stream])
                if discovers:
                    self._discover(stream)
            wave = self._discovered[known_before:]

    def decide(self) -> tuple[tuple[str, object], ...]:
        """What the command writes. Raises Refused as it did, UndeclaredStream, and CommandMisdeclared for no pairs."""
        decided = self._command.handle(self.state)
        if not isinstance(decided, Iterable):
            raise _no_pairs(self._command, decided)
        events = tuple(decided)
        try:
            for stream, _ in events:
                if stream not in self.versions:
                    raise _astray(self._command, events, stream, self.versions)
        except (TypeError, ValueError):  # of the unpacking: nothing is looked at before it is needed
            raise _no_pairs(self._command, events) from None
        return events

    def _fold(self, stream: StreamId, events: Sequence[StoredEvent]) -> None:
        state, apply = self.state, self._folding.apply
        self.versions[str(stream)] = len(events)
        if events and events[-1].type == ARCHIVED:  # the store's own, which no `apply` knows: who writes there is told
            events = events[:-1]
        for stored in events:
            state = apply(state, stored)
        self.state = state

    def _discover(self, origin: StreamId) -> None:
        owner = self._command.owner
        related = self._command.related_streams(self.state)
        if isinstance(related, str) or not isinstance(related, Iterable):  # the letters of a name are streams as well
            raise CommandMisdeclared(
                type(self._command).__qualname__,
                f"its `related_streams` returned {related!r}; it is to return a sequence of streams, as [stream], "
                "and [] for none",
            )
        for named in related:
            stream = StreamId(named)
            if stream in self._led_from:
                continue
            if owner is not None:
                owner.check(stream)
            self._led_from[stream] = origin
            self._discovered.append(stream)
            if len(self._discovered) > DISCOVERED_STREAMS_MAX:
                chain = self._chain(stream)
                raise DiscoveryLimit(type(self._command).__qualname__, DISCOVERED_STREAMS_MAX, chain)

    def _chain(self, stream: StreamId) -> list[str]:
        """From a declared stream to this one: which led to which."""
        chain = [stream]
        while (origin := self._led_from[chain[-1]]) is not None:
            chain.append(origin)
        return [str(each) for each in reversed(chain)]


def versions_of(events: Iterable[tuple[str, object]], read: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The stream and version that each of *events* has once appended to the streams as they were *read*."""
    versions = dict(read)
    found = []
    for stream, _ in events:
        version = versions[stream] = versions[stream] + 1
        found.append((str(stream), version))
    return tuple(found)


def _astray(command: Command[Any], events: Sequence[object], stream: str, versions: Mapping[str, int]) -> GiveUp:
    """What is wrong with a stream that was not declared; it may be two letters of one, where a pair was expected."""
    if any(isinstance(each, str) for each in events):
        return _no_pairs(command, events)
    return UndeclaredStream(type(command).__qualname__, stream, versions)


def _no_pairs(command: Command[Any], decided: object) -> CommandMisdeclared:
    return CommandMisdeclared(
        type(command).__qualname__,
        f"its `handle` returned {decided!r}; it is to return a sequence of pairs of stream and event, as "
        f"[(stream, event)], and [] to write nothing",
    )
