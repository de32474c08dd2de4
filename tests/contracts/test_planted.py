"""Every law can be broken: one fault at a time is planted in the store in memory, and there is a law that finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from eventlab.errors import EventlabError
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.testing.stores import Law, law_name
from eventlab.testing.stores.archiving import ARCHIVING
from eventlab.testing.stores.evolving import EVOLVING
from eventlab.testing.stores.filtering import FILTERING
from eventlab.testing.stores.following import FOLLOWING
from eventlab.testing.stores.receipts import RECEIPTS
from eventlab.testing.stores.records import RECORDS
from eventlab.testing.stores.restoring import RESTORING
from eventlab.testing.stores.windows import WINDOWS

from .faults import copying, reading, writing
from .faults.planting import Faults

LAWS = (*RECEIPTS, *ARCHIVING, *WINDOWS, *FILTERING, *FOLLOWING, *EVOLVING, *RECORDS, *RESTORING)

FAULTS: Faults = {**reading.FAULTS, **writing.FAULTS, **copying.FAULTS}


def with_fault(name: str, owns: Sequence[str] = ()) -> MemoryStore:
    """A store in memory with one fault."""
    method, fault = FAULTS[name]
    store: Any = MemoryStore(owns=owns)
    holder = store.records if method.startswith("records.") else store
    original = getattr(holder, method.rpartition(".")[2])

    def faulty(*given: Any, **named: Any) -> Awaitable[Any]:
        return fault(store, original, *given, **named)

    setattr(holder, method.rpartition(".")[2], faulty)
    return store


def laws_broken_by(name: str) -> set[str]:
    async def open_it(*, owns: Sequence[str] = ()) -> MemoryStore:
        return with_fault(name, owns)

    return {law_name(law) for law in LAWS if not _holds(law, open_it)}


def _holds(law: Law, open_it: Any) -> bool:
    try:
        World(seed=1).run(law(open_it))
    except (AssertionError, EventlabError, ValueError, LookupError, AttributeError, TypeError, asyncio.CancelledError):
        return False
    return True


BROKEN: dict[str, set[str]] = {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    BROKEN[name] = laws_broken_by(name)
    assert BROKEN[name]


def test_every_law_finds_a_planted_fault() -> None:
    found = set().union(*(BROKEN.get(name) or laws_broken_by(name) for name in FAULTS))
    assert {law_name(law) for law in LAWS} - found == set()


def test_a_store_without_a_fault_keeps_the_laws() -> None:
    FAULTS["none"] = "head", lambda store, head: head()
    try:
        assert laws_broken_by("none") == set()
    finally:
        del FAULTS["none"]
