"""A store is one service's: whoever has events in it, or was the first to be started on it while it was empty."""

from __future__ import annotations

import asyncio
from typing import Any

from eventlab.shop.claiming import KEY, KIND, claim
from eventlab.shop.profiles import CustomerProfileRecorded
from eventlab.store import EventStore, MemoryStore, PassingStore
from eventlab.store.records import Record
from eventlab.testing import run

ADA = ("customer-ada", CustomerProfileRecorded("ada", "ada@example.org", "", 1))


def asked(store: EventStore, *names: str) -> list[str]:
    """Whose each is told that the store is, all asking at once."""

    async def main() -> list[str]:
        return await asyncio.gather(*[claim(store, name) for name in names])

    return run(main())


class Overtaken:
    """Right after one has looked for the mark in vain, another service makes it."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def get(self, kind: str, key: str) -> Record | None:
        found = await self._store.records.get(kind, key)
        await claim(self._store, "payments")
        return found

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        return await self._store.records.put(kind, key, value, version=version)


class Slow(PassingStore):
    @property
    def records(self) -> Any:
        return Overtaken(self.beneath)


def test_of_two_services_that_start_at_once_on_an_empty_store_one_gets_it() -> None:
    store = MemoryStore("shared")
    assert asked(Slow(store), "orders") == ["payments"]
    assert asked(store, "orders", "payments") == ["payments", "payments"]


def test_one_service_may_be_started_on_its_store_as_often_as_it_likes() -> None:
    store = MemoryStore("orders")
    assert asked(store, "orders", "orders") == ["orders", "orders"]
    run(store.append([ADA]))
    assert asked(store, "orders", "payments") == ["orders", "orders"]


def test_a_store_with_events_needs_no_mark_and_gets_none() -> None:
    store = MemoryStore("orders")
    run(store.append([ADA]))
    assert asked(store, "payments", "orders") == ["orders", "orders"]
    assert run(store.records.get(KIND, KEY)) is None


def test_what_is_in_a_store_counts_more_than_who_came_first() -> None:
    store = MemoryStore("orders")
    assert asked(store, "payments") == ["payments"]
    run(store.append([ADA]))
    assert asked(store, "orders", "payments") == ["orders", "orders"]
