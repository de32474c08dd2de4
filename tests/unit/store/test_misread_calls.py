"""What is easily said wrongly to a store is answered with what to say instead, and nothing is written."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from eventlab.commands import ConflictRetry, execute
from eventlab.errors import EventlabError, InvalidValue, RecordConflict, UnknownEventType
from eventlab.store import (
    ConsumerGroup,
    EventStore,
    Filter,
    MemoryKeys,
    MemoryStore,
    Park,
    Retrying,
    SealedStore,
    carrying,
    open_store,
    subscribe,
)
from eventlab.store.portable import import_
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.contracts.backends import BACKENDS, url_of
from tests.unit.commands.bank import ALICE, BOB, Transfer


async def refused(store: EventStore, events: Any, **options: Any) -> EventlabError:
    with pytest.raises(EventlabError) as caught:
        await store.append(events, **options)
    assert await store.head() == 0
    return caught.value


@pytest.mark.parametrize("backend", BACKENDS)
def test_appends_in_another_shape_are_refused(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        event = Noted("1")
        shapes: list[Any] = [
            ("a-1", event), ("ab", event), [event], event, None, {"a-1": event}, [("a-1", event, 1)], [([], event)],
        ]  # fmt: skip
        for events in shapes:
            error = await refused(store, events)
            assert isinstance(error, InvalidValue), events
            assert "expected a sequence of pairs of stream and event, as [(stream, event)]" in str(error)
        error = await refused(store, [("a-1", Noted)])
        assert str(error).endswith("expected an event, as Noted(…), not its class")
        error = await refused(store, [("a-1", {"text": "1"})])
        assert isinstance(error, UnknownEventType)
        assert str(error) == "'dict' is no registered event; put @event(name) above its class"
        error = await refused(store, [("a-1", event)], metadata={"actor": "me"})
        assert str(error) == "metadata is {'actor': 'me'}; expected Metadata, as Metadata(actor=…)"
        await store.close()

    run(main())


def test_a_sealed_store_refuses_them_in_the_same_words() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        for events in (("a-1", Noted("1")), None, [Noted("1")]):
            error = await refused(store, events)
            assert "expected a sequence of pairs of stream and event, as [(stream, event)]" in str(error)

    run(main())


def test_metadata_that_is_none_is_refused_wherever_it_is_said() -> None:
    async def main() -> None:
        wrong: Any = {"actor": "me"}
        for carried in ({}, {"correlation_id": "c-1"}):
            with carrying(**carried), pytest.raises(InvalidValue, match="expected Metadata"):
                await execute(open_store("memory:"), Transfer(ALICE, BOB, 1), metadata=wrong)

    run(main())


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pattern_in_the_place_of_a_filter_is_refused(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        wrong: Any = "a-*"
        with pytest.raises(InvalidValue, match=r"expected a Filter, as Filter\(streams="):
            await store.read_all(where=wrong)
        with pytest.raises(InvalidValue, match=r"expected a Filter, as Filter\(streams="):
            subscribe(store, where=wrong)
        await store.close()

    run(main())


WRONG_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"types": (Noted,)}, r"expected texts, as \('OrderPlaced',\); <class '.*Noted'> is none"),
    ({"types": "Noted"}, r"expected a sequence of texts, as \('Noted',\)"),
    ({"types": (name for name in ("Noted",))}, "expected a sequence of texts"),
    ({"categories": (7,)}, "7 is none"),
    ({"categories": ("order-17",)}, "filter category is 'order-17'; expected a category, so without '-'"),
    ({"streams": ["order-*"]}, "expected a pattern of characters"),
    ({"streams": 7}, "expected a pattern of characters"),
    ({"streams": "order-[17]"}, "expected a pattern of characters"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG_FILTERS)
def test_a_filter_that_could_let_nothing_through_is_refused(fields: dict[str, Any], said: str) -> None:
    """Its reader would wait for ever, and never know."""
    with pytest.raises(InvalidValue, match=said):
        Filter(**fields)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_moment_that_is_none_is_refused(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        beyond = datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))
        moments: list[Any] = ["2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1), beyond]
        for moment in moments:
            with pytest.raises(InvalidValue, match="expected an aware moment"):
                await store.read("a-1", at=moment)
        await store.close()

    run(main())


def test_numbers_that_are_none_are_refused_where_they_are_given() -> None:
    store = open_store("memory:")
    settings: list[dict[str, Any]] = [
        {"ttl_s": "10"}, {"ttl_s": None}, {"ttl_s": float("inf")}, {"ttl_s": 0},
        {"shares": "8"}, {"shares": 2.5}, {"page": None}, {"after": "0"},
    ]  # fmt: skip
    for setting in settings:
        with pytest.raises(InvalidValue, match=f"{next(iter(setting))} of group 'mailer'"):
            ConsumerGroup(store, "mailer", **setting)
    for setting in ({"until": "9"}, {"until": -1}, {"after": None}):
        with pytest.raises(InvalidValue, match=f"^{next(iter(setting))} is"):
            subscribe(store, **setting)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"^limit is None"):
        subscribe(store, page=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_conflict_of_a_record_speaks_of_a_record(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        with pytest.raises(RecordConflict) as caught:
            await store.records.put("k", "x", b"1", version=3)
        assert str(caught.value) == "record 'k/x' is at version 0, expected 3"
        await store.close()

    run(main())


@pytest.mark.parametrize("wrong", (3, None, "Reserve", Transfer))
def test_what_is_no_command_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValue, match=r"expected a command that was built, as Reserve\(show, 2\)"):
        run(execute(open_store("memory:"), wrong))


def test_a_retry_that_is_none_is_seen_before_there_is_a_conflict() -> None:
    for wrong in (3, None, ConflictRetry):
        with pytest.raises(InvalidValue, match=r"expected a ConflictRetry, as ConflictRetry\(attempts_max=3\)"):
            run(execute(open_store("memory:"), Transfer(ALICE, BOB, 1), retry=wrong))
    settings: list[dict[str, Any]] = [{"attempts_max": 0}, {"attempts_max": "3"}, {"attempts_max": 2.5}, {"backoff": 3}]
    for setting in settings:
        with pytest.raises(InvalidValue, match=next(iter(setting))):
            ConflictRetry(**setting)


def test_a_policy_that_is_none_is_not_taken_for_stopping() -> None:
    store, wrong = open_store("memory:"), "expected Stop(), Park() or Retrying(…)"
    for failing in (Park, "park", None):
        with pytest.raises(InvalidValue, match=re.escape(wrong)):
            ConsumerGroup(store, "mailer", failing=failing)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=re.escape("expected Stop() or Park()")):
        Retrying(then=Park)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="expected a Backoff, such as"):
        Retrying(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=re.escape('expected a place, as parking(store, "mailer")')):
        subscribe(store, undecodable=Park())  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="expected a place"):
        ConsumerGroup(store, "mailer", undecodable=Park())  # type: ignore[arg-type]


@pytest.mark.parametrize("url", [None, 5, Path("shop.db"), b"memory:"])
def test_what_is_no_url_says_what_would_be_one(url: Any) -> None:
    with pytest.raises(InvalidValue, match=r"store URL is .* expected memory: or sqlite:///PATH"):
        open_store(url)


@pytest.mark.parametrize("owns", ["order", None, 5])
def test_a_lone_category_is_not_taken_for_its_letters(owns: Any) -> None:
    with pytest.raises(InvalidValue, match=r"owned categories is .* expected one category or more"):
        open_store("memory:", owns=owns)


def test_an_export_as_a_whole_is_not_taken_for_its_lines() -> None:
    for whole in (b'{"line":"export"', "shop.jsonl"):
        with pytest.raises(InvalidValue, match="expected its lines, as open"):
            run(import_(MemoryStore(), whole))  # type: ignore[arg-type]
