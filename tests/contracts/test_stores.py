"""Every store keeps every law; and a store that does not is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from eventlab.errors import EventlabError
from eventlab.simulation import World
from eventlab.store import (
    EVERYTHING,
    EventStore,
    Expectation,
    Filter,
    MemoryStore,
    Metadata,
    Receipt,
    StoredEvent,
)
from eventlab.testing import run
from eventlab.testing.stores import STORE_LAWS, Law, law_name
from eventlab.testing.stores.appending import a_reader_of_the_log_sees_an_append_whole_and_in_its_order_or_not_at_all
from tests.contracts.backends import BACKENDS, INLINE, Opening


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("law", STORE_LAWS, ids=law_name)
def test_every_store_keeps_every_law(law: Law, backend: str, tmp_path: Path) -> None:
    run(law(Opening(backend, tmp_path)))


@pytest.mark.parametrize("backend", INLINE)
@pytest.mark.parametrize("law", STORE_LAWS, ids=law_name)
def test_every_store_keeps_every_law_in_virtual_time(law: Law, backend: str, tmp_path: Path) -> None:
    World(seed=1).run(law(Opening(backend, tmp_path)))


class TrustsReaders(MemoryStore):
    """Planted: streams that are not written are not checked."""

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        written = [stream for stream, _ in events]
        kept = expect
        if isinstance(expect, Mapping):
            kept = {stream: value for stream, value in expect.items() if stream in written}
        return await super().append(events, expect=kept, command_id=command_id, metadata=metadata)


class OneByOne(MemoryStore):
    """Planted: an append over several events is several appends."""

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        if len(events) < 2:
            return await super().append(events, expect=expect, command_id=command_id, metadata=metadata)
        positions: list[int] = []
        versions: dict[str, int] = {}
        for index, (stream, event) in enumerate(events):
            first_of_stream = stream not in [name for name, _ in events[:index]]
            kept = {stream: (expect or {})[stream]} if first_of_stream and stream in (expect or {}) else {}
            part = await super().append([(stream, event)], expect=kept, metadata=metadata)
            await self.pause()
            positions += part.positions
            versions |= part.versions
        return Receipt(tuple(positions), versions)

    async def pause(self) -> None:
        """Nobody comes in between."""


class HalfWay(OneByOne):
    """Planted: an append over several events is several appends, and others come in between."""

    async def pause(self) -> None:
        await asyncio.sleep(0)


class Forgetful(MemoryStore):
    """Planted: a command id is not remembered."""

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        return await super().append(events, expect=expect, metadata=metadata)


class FiltersLate(MemoryStore):
    """Planted: the limit is applied before the filters."""

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        page = await super().read_all(after, limit=limit)
        kept = await super().read_all(after, where=where)
        return [stored for stored in page if stored in kept]


def laws_broken_by(kind: type[MemoryStore]) -> list[str]:
    async def open_it(*, owns: Sequence[str] = ()) -> EventStore:
        return kind(owns=owns)

    broken = []
    for law in STORE_LAWS:
        try:
            run(law(open_it))
        except (AssertionError, EventlabError):
            broken.append(law_name(law))
    return broken


def test_the_contract_finds_a_store_that_does_not_check_what_is_only_read() -> None:
    assert {
        "a_store_writes_only_what_it_owns",
        "a_conflict_names_every_stale_stream_and_no_other",
        "a_stream_that_is_only_read_is_checked_too",
        "an_append_of_nothing_is_checked_too",
        "two_that_read_each_others_stream_cannot_both_write",
    } <= set(laws_broken_by(TrustsReaders))


def test_the_contract_finds_a_store_that_writes_in_part() -> None:
    broken = laws_broken_by(OneByOne)
    assert "one_stale_stream_stops_the_events_of_all" in broken
    assert "an_event_that_cannot_be_stored_stops_the_whole_append" in broken


def test_the_contract_finds_a_store_that_shows_half_an_append() -> None:
    async def open_it(*, owns: Sequence[str] = ()) -> EventStore:
        return HalfWay(owns=owns)

    with pytest.raises(AssertionError):
        run(a_reader_of_the_log_sees_an_append_whole_and_in_its_order_or_not_at_all(open_it))


def test_the_contract_finds_a_store_that_writes_a_command_twice() -> None:
    assert "the_same_command_id_writes_once" in laws_broken_by(Forgetful)


def test_the_contract_finds_a_store_that_filters_after_the_limit() -> None:
    assert {
        "categories_filter_before_the_limit",
        "types_filter_before_the_limit",
        "a_subscription_moves_past_what_its_filter_leaves_out",
    } <= set(laws_broken_by(FiltersLate))


def test_the_contract_finds_nothing_wrong_with_the_reference() -> None:
    assert laws_broken_by(MemoryStore) == []
