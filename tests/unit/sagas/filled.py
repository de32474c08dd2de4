"""Logs of many sagas, written without driving any, and a store that counts what is read of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventlab.sagas import events as e
from eventlab.store import EVERYTHING, EventStore, Filter, PassingStore, Record, Records, StoredEvent

RUNNING: Sequence[object] = ()
COMPLETED = (e.SagaCompleted(),)
UNDONE = (e.CompensationCompleted(),)
STUCK = (e.SagaStuck("pay", "nobody answers"),)


async def write(
    store: EventStore, numbers: Sequence[int], then: Sequence[object] = RUNNING, *, at_once: int = 100
) -> None:
    """Start a saga of each number, with one step requested, and go on as *then* says."""
    for begin in range(0, len(numbers), at_once):
        await store.append(
            [
                (f"saga-{number:06}", event)
                for number in numbers[begin : begin + at_once]
                for event in (e.SagaStarted(f"{number:06}", "trip", 1, None), e.StepRequested("pay", 1, 0.0), *then)
            ]
        )


def named(*numbers: int) -> list[str]:
    return [f"{number:06}" for number in numbers]


class Counting(PassingStore):
    """Counts what it gives: events of the log, logs of single sagas, and pieces of what was kept."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.events = self.streams = 0
        self.counted = CountingRecords(store.records)

    @property
    def records(self) -> Records:
        return self.counted

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        self.streams += 1
        return await super().read(stream, **options)

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        events = await super().read_all(after, where=where, limit=limit)
        self.events += len(events)
        return events


class CountingRecords:
    """Counts the changes; at the one of number *cut* the process is gone, and the change is made or not by *made*."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.got = self.changes = self.cut = 0
        self.made = False

    async def get(self, kind: str, key: str) -> Record | None:
        self.got += 1
        return await self._records.get(kind, key)

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        self._point(before=True)
        record = await self._records.put(kind, key, value, version=version)
        self._point(before=False)
        return record

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        self._point(before=True)
        await self._records.delete(kind, key, version=version)
        self._point(before=False)

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        return await self._records.list(kind, prefix=prefix)

    def _point(self, *, before: bool) -> None:
        self.changes += before
        if self.changes == self.cut and self.made is not before:
            self.cut = 0
            raise Gone


class Gone(BaseException):
    """The process ends here."""
