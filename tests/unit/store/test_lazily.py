"""An event that is still a row is the event that another store makes, in all that can be asked of it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from eventlab.errors import UndecodableEvent
from eventlab.store import NO_METADATA, Metadata, StoredEvent
from eventlab.store.lazily import StoredRow
from eventlab.store.sealing import Unopened
from eventlab.store.sqlite.rows import row_of

whole = st.builds(
    StoredEvent,
    st.integers(1, 99),
    st.just("order-1"),
    st.integers(1, 99),
    st.uuids(),
    st.just("Paid"),
    st.just(1),
    st.binary(max_size=8),
    st.just(NO_METADATA) | st.builds(Metadata, actor=st.text(max_size=4), headers=st.just({"a": "b"})),
    st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=st.just(UTC)),
)
ONE = StoredEvent(
    4, "order-1", 2, UUID(int=1), "Paid", 1, b"{}", Metadata(actor="ann"), datetime(2026, 1, 1, tzinfo=UTC)
)
OTHERS = {
    "position": 5,
    "stream": "order-2",
    "version": 3,
    "id": UUID(int=2),
    "type": "Sent",
    "schema_version": 2,
    "data": b"[]",
    "metadata": NO_METADATA,
    "occurred_at": ONE.occurred_at + timedelta(microseconds=1),
}


@given(whole)
def test_a_row_is_the_event_that_was_written(stored: StoredEvent) -> None:
    row = StoredRow(*row_of(stored))
    assert row == stored
    assert stored == row
    assert row == StoredRow(*row_of(stored))
    assert not (row != stored or stored != row or row != StoredRow(*row_of(stored)))
    assert repr(row) == repr(replace(stored, occurred_at=stored.occurred_at.replace(fold=0)))
    assert list(row.__rich_repr__()) == list(replace(stored).__rich_repr__())
    assert copy.copy(row) == copy.deepcopy(row) == pickle.loads(pickle.dumps(row)) == stored


@pytest.mark.parametrize("field", StoredEvent.__struct_fields__)
def test_a_row_differs_from_an_event_that_differs_in_anything(field: str) -> None:
    row = StoredRow(*row_of(ONE))
    other = replace(ONE, **{field: OTHERS[field]})
    assert row != other
    assert other != row
    assert replace(row, **{field: OTHERS[field]}) == other
    assert row != "a row"


def test_what_is_made_is_made_once() -> None:
    row = StoredRow(*row_of(ONE))
    assert row.id is row.id
    assert row.occurred_at is row.occurred_at


@pytest.mark.parametrize(
    ("field", "damaged"),
    [
        ("id", b"\0"),
        ("id", None),
        ("metadata", b"\0"),
        ("metadata", b'{"headers": 5}'),
        ("occurred_at", "noon"),
        ("occurred_at", "2026-01-01T00:00:00"),
    ],
)
def test_a_damaged_row_says_what_and_where(field: str, damaged: Any) -> None:
    row = replace(StoredRow(*row_of(ONE)), **{field: damaged})
    with pytest.raises(UndecodableEvent, match=f"'Paid' at position 4, stream 'order-1' version 2 .* its {field}: "):
        getattr(row, field)


def test_a_damaged_row_is_compared_and_shown_as_it_is() -> None:
    row, again = (replace(StoredRow(*row_of(ONE)), id=b"\0") for _ in range(2))  # type: ignore[type-var]
    assert row == again == pickle.loads(pickle.dumps(row)) == copy.deepcopy(row)
    assert row != ONE and row != ONE
    assert "id=b'\\x00'" in repr(row)


def test_a_row_is_not_an_event_of_another_class() -> None:
    other = Unopened(*(getattr(ONE, name) for name in StoredEvent.__struct_fields__), reason="no key")
    row = StoredRow(*row_of(ONE))
    assert not (row == other or other in (row, ONE))
