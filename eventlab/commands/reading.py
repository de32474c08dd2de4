"""Reading what a command needs, and folding it: one attempt's view of the streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from ..errors import DiscoveryLimit
from ..store import EventStore, StoredEvent, StreamId
from .command import Command

S = TypeVar("S")

DISCOVERED_STREAMS_MAX = 100
_CHAIN_SHOWN = 5


class Reading(Generic[S]):
    """The folded state, and the version of every stream that it rests on."""

    def __init__(self, command: Command[S], declared: Sequence[StreamId]) -> None:
        self._command = command
        self._known = dict.fromkeys(declared)
        self._discovered: list[StreamId] = []
        self.state = command.initial()
        self.versions: dict[str, int] = {}

    async def read(self, store: EventStore) -> None:
        """Read the declared streams at one moment, then in waves those that they lead to. Each is read once."""
        discovers = type(self._command).related_streams is not Command.related_streams
        wave: Sequence[StreamId] = tuple(self._known)
        while wave:
            found = await store.read_many(wave)
            known_before = len(self._discovered)
            for stream in wave:
                self._fold(stream, found[stream])
                if discovers:
                    self._discover()
            wave = self._discovered[known_before:]

    def _fold(self, stream: StreamId, events: Sequence[StoredEvent]) -> None:
        state, apply = self.state, self._command.apply
        for stored in events:
            state = apply(state, stored)
        self.state = state
        self.versions[str(stream)] = len(events)

    def _discover(self) -> None:
        for named in self._command.related_streams(self.state):
            stream = StreamId(named)
            if stream in self._known:
                continue
            self._known[stream] = None
            self._discovered.append(stream)
            if len(self._discovered) > DISCOVERED_STREAMS_MAX:
                chain = self._discovered[-_CHAIN_SHOWN:]
                raise DiscoveryLimit(type(self._command).__qualname__, DISCOVERED_STREAMS_MAX, chain)
