"""Appends that are committed together do what they would do one after the other, whoever else writes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import EventlabError, StoreFailed, VersionConflict
from eventlab.store import ANY, EXISTS, NONE, EventStore, Expectation, MemoryStore, StreamArchived, open_store
from eventlab.store.sqlite import rows
from eventlab.testing import run

from .notes import Jotted

NAMES = st.sampled_from(["a-1", "b-1", "c-1"])
EXPECTATIONS = st.one_of(st.integers(0, 4), st.sampled_from([ANY, EXISTS, NONE]))
EVENTS = st.lists(st.tuples(NAMES, st.integers(0, 9)), max_size=4)
APPENDS = st.tuples(
    EVENTS, st.dictionaries(NAMES, EXPECTATIONS, max_size=3), st.sampled_from([None, None, None, "one", "two"])
)
GROUPS = st.lists(st.tuples(st.integers(0, 1), st.lists(APPENDS, min_size=1, max_size=5)), max_size=8)


async def outcome(
    store: EventStore, events: list[tuple[str, int]], expect: Mapping[str, Expectation], command_id: str | None
) -> object:
    written = [(stream, StreamArchived() if number == 0 else Jotted(f"{number}")) for stream, number in events]
    try:
        return await store.append(written, expect=expect, command_id=command_id)
    except EventlabError as error:
        return type(error), error.args


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
def test_appends_of_two_stores_in_groups_answer_as_one_after_the_other_in_memory(synchronous: str) -> None:
    """Each store remembers versions that the other has passed meanwhile."""

    @settings(max_examples=40, deadline=None)
    @given(GROUPS)
    def holds(groups: list[tuple[int, list[tuple[list[tuple[str, int]], dict[str, Expectation], str | None]]]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run(main(Path(folder), groups))

    async def main(folder: Path, groups: list) -> None:  # type: ignore[type-arg]
        reference = MemoryStore()
        url = f"sqlite:///{folder}/a.db?synchronous={synchronous}"
        both = open_store(url), open_store(url)
        for which, appends in groups:
            found = await asyncio.gather(*(outcome(both[which], *append) for append in appends))
            assert found == [await outcome(reference, *append) for append in appends]
        for store in both:
            assert [(e.position, e.stream, e.version, e.event) for e in await store.read_all()] == [
                (e.position, e.stream, e.version, e.event) for e in await reference.read_all()
            ]
            await store.close()

    holds()


async def after_another_program(
    folder: Path, *appends: tuple[list[tuple[str, object]], dict[str, int]]
) -> list[object]:
    """What becomes of *appends* in one group, on a store that last saw ``a-1`` at version 1 when it is at 2."""
    url = f"sqlite:///{folder}/a.db?synchronous=NORMAL"
    here, elsewhere = open_store(url), open_store(url)
    await here.append([("a-1", Jotted("first"))])
    await elsewhere.append([("a-1", Jotted("second")), ("closed-1", StreamArchived())])
    alone = here.append([("d-1", Jotted("at once, so that the others wait for each other"))])
    answers = await asyncio.gather(
        alone, *(here.append(events, expect=expect) for events, expect in appends), return_exceptions=True
    )
    streams = [stored.stream for stored in await here.read_all()]
    assert streams[:4] == ["a-1", "a-1", "closed-1", "d-1"]
    await here.close()
    await elsewhere.close()
    return [*(type(answer).__name__ for answer in answers[1:]), *streams[4:]]


def test_a_stream_that_grew_is_found_out_by_writing_and_the_rest_of_the_group_goes_in(tmp_path: Path) -> None:
    stale = [("a-1", Jotted("third"))], {"a-1": 1}
    sound = [("b-1", Jotted("elsewhere"))], {"b-1": 0}
    found = run(after_another_program(tmp_path, stale, sound))
    assert found == ["VersionConflict", "Receipt", "b-1"]


def test_a_stream_that_grew_is_found_out_by_an_append_that_stands_alone(tmp_path: Path) -> None:
    """With a command id it is a transaction, and not a statement."""

    async def main() -> None:
        url = f"sqlite:///{tmp_path}/a.db?synchronous=NORMAL"
        here, elsewhere = open_store(url), open_store(url)
        await here.append([("a-1", Jotted("first"))])
        await elsewhere.append([("a-1", Jotted("second"))])
        with pytest.raises(VersionConflict):
            await here.append([("a-1", Jotted("third"))], expect={"a-1": 1}, command_id="one")
        await here.close()
        await elsewhere.close()

    run(main())


def test_a_stream_that_is_only_checked_is_looked_at(tmp_path: Path) -> None:
    """No version of it is written, so writing would not find out."""
    found = run(after_another_program(tmp_path, ([("b-1", Jotted("rests on a-1"))], {"a-1": 1})))
    assert found == ["VersionConflict"]


def test_what_a_failed_append_was_seen_to_rest_on_is_no_ground_for_the_next_one(tmp_path: Path) -> None:
    closed = [("a-1", Jotted("third")), ("closed-1", Jotted("late"))], {"a-1": 1}
    resting = [("b-1", Jotted("rests on a-1"))], {"a-1": 1}
    found = run(after_another_program(tmp_path, closed, resting))
    assert found == ["VersionConflict", "VersionConflict"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200))
def test_any_number_of_events_goes_in_as_they_are(count: int) -> None:
    async def main(folder: str) -> None:
        store = open_store(f"sqlite:///{folder}/a.db?synchronous=NORMAL")
        receipt = await store.append([("a-1", Jotted(str(number))) for number in range(count)])
        assert receipt.positions == tuple(range(1, count + 1))
        assert [stored.event.text for stored in await store.read("a-1")] == [str(number) for number in range(count)]
        await store.close()

    with tempfile.TemporaryDirectory() as folder:
        run(main(folder))


def test_the_largest_statement_fits_what_every_sqlite_binds() -> None:
    """Libraries before 3.32 bind 999 values at most."""
    assert rows.insert_statement(max(rows.EVENTS_PER_STATEMENT)).count("?") <= 999


def test_a_log_without_a_position_left_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    """SQLite would take any free number instead."""

    async def main() -> None:
        store = open_store(f"sqlite:///{tmp_path}/a.db?synchronous=NORMAL")
        await store.append([("a-1", Jotted("first"))])
        (first,) = await store.read("a-1")
        await store.restore([msgspec.structs.replace(first, position=2**63 - 2, version=2)])
        with pytest.raises(StoreFailed, match="no positions left"):
            await store.append([("a-1", Jotted("third")), ("a-1", Jotted("fourth"))])
        assert len(await store.read("a-1")) == 2
        await store.close()

    run(main())
