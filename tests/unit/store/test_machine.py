"""Every backend stays the same as the store in memory, whatever is done to it; and a bug is found by the walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from eventlab.errors import CommandIdReused
from eventlab.store import EVERYTHING, Expectation, Filter, MemoryKeys, MemoryStore, Metadata, Receipt, SealedStore
from eventlab.store.model import StoredEvent
from eventlab.testing.postgres import available

from .machine import Home, InFiles, InMemory, OnServer, StoreMachine


def homes(backend: str, folder: Path) -> Home:
    match backend:
        case "postgres":
            return OnServer()
        case "sealed":
            return InMemory(lambda: SealedStore(MemoryStore(), MemoryKeys()))
    return InFiles(folder, backend)


def walk(home: Any, examples: int, steps: int = 30, **others: Any) -> None:
    class Walk(StoreMachine):
        pass

    Walk.home = staticmethod(home)
    given = settings(
        max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), **others
    )
    run_state_machine_as_test(Walk, settings=given)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("backend", "examples"), [("NORMAL", 40), ("FULL", 25), ("sealed", 15)])
def test_a_store_stays_the_same_as_the_one_in_memory(backend: str, examples: int) -> None:
    walk(lambda folder: homes(backend, folder), examples)


@pytest.mark.skipif(bool(available()), reason=available())
def test_a_store_on_a_server_stays_the_same_as_the_one_in_memory() -> None:
    walk(lambda folder: homes("postgres", folder), 6, 25)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("backend", "examples"), [("NORMAL", 1500), ("FULL", 1000), ("sealed", 1000), ("postgres", 200)]
)
def test_a_long_walk(backend: str, examples: int) -> None:
    walk(lambda folder: homes(backend, folder), examples, 60)


class OffByOne(MemoryStore):
    """Planted: a version that is one too low is let through."""

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        raised = {
            name: each + 1 if isinstance(each, int) and each + 1 == self._version(name) else each
            for name, each in (expect or {}).items()
        }
        return await super().append(events, expect=raised, command_id=command_id, metadata=metadata)


class ForgetsReceipts(MemoryStore):
    """Planted: of two receipts, the older is forgotten."""

    async def append(self, *args: Any, **named: Any) -> Receipt:
        receipt = await super().append(*args, **named)
        while len(self._receipts) > 2:
            del self._receipts[next(iter(self._receipts))]
        return receipt


class ForgetsReuse(MemoryStore):
    """Planted: a command id is answered whatever is written under it."""

    async def append(self, *args: Any, **named: Any) -> Receipt:
        try:
            return await super().append(*args, **named)
        except CommandIdReused:
            found = await self.receipt(named["command_id"])
            assert found is not None
            return found


class FiltersLate(MemoryStore):
    """Planted: the limit counts what the filter leaves out."""

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        return [stored for stored in await super().read_all(after, limit=limit) if where.lets_through(stored)]


class Reopens(MemoryStore):
    """Planted: a copy does not know which streams were archived."""

    async def restore(self, *args: Any) -> None:
        await super().restore(*args)
        self._archived.clear()


@pytest.mark.parametrize("kind", [OffByOne, ForgetsReceipts, ForgetsReuse, FiltersLate, Reopens])
def test_the_walk_finds_a_planted_bug(kind: type[MemoryStore]) -> None:
    with pytest.raises(AssertionError):
        walk(lambda folder: InMemory(kind), 4_000, phases=[Phase.generate])
