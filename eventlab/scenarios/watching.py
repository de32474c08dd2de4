"""Real stores, watched: a disk that fails is trouble with this machine, and no outcome of the scenario."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import AppendUnknown, EventlabError, StoreFailed
from ..store import EventStore, Expectation, Metadata, PassingStore, Receipt, StoredEvent

T = TypeVar("T")


class Watch:
    """Ends the run at the first store that fails for good, before its sagas try the same again and again."""

    def __init__(self) -> None:
        self._failure: EventlabError | None = None
        self._main = asyncio.current_task()

    def tell(self, failure: EventlabError) -> None:
        if self._failure is None and self._main is not None:
            self._failure = failure
            self._main.cancel()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around the run: raises StoreFailed for the store that ended it."""
        try:
            yield
        except BaseException:
            if self._failure is None:
                raise
        if self._failure is not None:
            raise StoreFailed(*_told(self._failure)) from None


def _told(failure: EventlabError) -> tuple[str, str]:
    url, reason = failure.args
    return url, f"{reason}. The run was ended; mend what is wrong with the disk, then go on with --resume"


class WatchedStore(PassingStore):
    """Passes everything on to *store*, and tells the watch of what fails for good."""

    def __init__(self, store: EventStore, watch: Watch) -> None:
        super().__init__(store)
        self._watch = watch

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        return await self._told(self._store.append(events, expect=expect, command_id=command_id, metadata=metadata))

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        return await self._told(self._store.read(stream, **options))

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        return await self._told(self._store.read_many(streams, after=after))

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        return await self._told(self._store.read_all(after, **options))

    async def head(self) -> int:
        return await self._told(self._store.head())

    async def changed(self, after: int) -> None:
        await self._told(self._store.changed(after))

    async def receipt(self, command_id: str) -> Receipt | None:
        return await self._told(self._store.receipt(command_id))

    async def _told(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except (StoreFailed, AppendUnknown) as failure:
            self._watch.tell(failure)
            raise
