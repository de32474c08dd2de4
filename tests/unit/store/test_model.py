"""Streams and their names, and events that are decoded when they are asked for."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.codec import event
from eventlab.errors import ForeignStreamError, InvalidStreamId, InvalidValue, UndecodableEvent, UnknownEventType
from eventlab.runtime import new_id, now
from eventlab.store import NO_METADATA, MemoryStore, StoredEvent, StreamId
from eventlab.store.naming import StreamNames


@event("tests.Tagged")
@dataclass(frozen=True, slots=True)
class Tagged:
    tag: str


def stored(type_name: str, data: bytes) -> StoredEvent:
    return StoredEvent(7, "a-1", 3, new_id(), type_name, 1, data, NO_METADATA, now())


@pytest.mark.parametrize(
    ("text", "name", "category"),
    [
        ("order-17", "order-17", "order"),
        ("order-17-b", "order-17-b", "order"),
        ("orders", "orders", "orders"),
        ("  order-1\n", "order-1", "order"),
        ("-x", "-x", ""),
        ("x" * 255, "x" * 255, "x" * 255),
        ("naïve 雪-1", "naïve 雪-1", "naïve 雪"),
    ],
)
def test_a_stream_id_is_trimmed_and_has_a_category(text: str, name: str, category: str) -> None:
    stream = StreamId(text)
    assert (stream, stream.category) == (name, category)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \t", "it is empty"),
        ("x" * 256, "it has 256 characters, at most 255 are allowed"),
        ("order-*", "'*' is reserved for patterns"),
        ("order-?", "'?' is reserved for patterns"),
        ("[order]", "'[' is reserved for patterns"),
        ("order\x00", "it has a character that cannot be printed"),
        ("order\ud800", "it has a character that cannot be printed"),
        (17, "a name is text"),
        (None, "a name is text"),
    ],
)
def test_what_cannot_name_a_stream_is_refused_with_the_reason(text: Any, reason: str) -> None:
    with pytest.raises(InvalidStreamId) as caught:
        StreamId(text)
    assert caught.value.reason == reason


@given(st.text())
def test_a_stream_id_is_refused_or_stays_as_it_is(text: str) -> None:
    try:
        stream = StreamId(text)
    except InvalidStreamId:
        return
    assert StreamId(stream) is stream
    assert StreamId(str(stream)) == stream == text.strip()
    assert pickle.loads(pickle.dumps(stream)) == stream
    assert stream.encode()


def test_a_stream_id_is_found_by_its_plain_text() -> None:
    assert {StreamId("a-1"): 1}["a-1"] == 1


def test_an_event_is_decoded_once_and_when_asked_for() -> None:
    one = stored("tests.Tagged", b'{"tag":"x"}')
    assert one.event == Tagged("x")
    assert one.event is one.event


def test_an_event_that_cannot_be_decoded_says_where_it_is() -> None:
    with pytest.raises(UndecodableEvent, match="position 7, stream 'a-1' version 3"):
        _ = stored("tests.Tagged", b"{}").event
    with pytest.raises(UnknownEventType, match="position 7, stream 'a-1' version 3"):
        _ = stored("tests.Missing", b"{}").event


def test_a_name_is_owned_by_its_whole_category() -> None:
    names = StreamNames("orders", ["order"])
    assert names.plain(" order-1 ") == "order-1"
    for foreign in ("orders-1", "orde-1", "Order-1"):
        with pytest.raises(ForeignStreamError):
            names.plain(foreign)


def test_an_owned_category_has_no_dash() -> None:
    with pytest.raises(InvalidValue, match="without '-'"):
        MemoryStore(owns=["order-1"])
