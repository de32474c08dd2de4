"""One event in one statement does what a transaction would do, whoever else writes."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import ArchivedStreamError, EventlabError, VersionConflict
from eventlab.store import ANY, EXISTS, NONE, Expectation, MemoryStore, archive, open_store
from eventlab.store.sqlite import seen
from eventlab.testing import run
from tests.unit.store.turns import turns_of_others

from .notes import Jotted, store_at, texts

NAMES = st.sampled_from(["a-1", "b-1", "c-1"])
EXPECTATIONS = st.one_of(st.integers(0, 4), st.sampled_from([ANY, EXISTS, NONE]))
APPENDS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.lists(NAMES, min_size=1, max_size=3),
        st.dictionaries(NAMES, EXPECTATIONS, max_size=3),
        st.integers(0, 9),
    ),
    max_size=25,
)


async def outcome(
    store: MemoryStore, streams: list[str], expect: Mapping[str, Expectation], archives: bool, reads: bool
) -> object:
    try:
        if archives:
            return await archive(store, streams[0])
        if reads:
            expect = {name: len(events) for name, events in (await store.read_many(streams)).items()} | expect
        return await store.append([(stream, Jotted("x")) for stream in streams], expect=expect)
    except EventlabError as error:
        return type(error), error.args


@settings(max_examples=40, deadline=None)
@given(APPENDS)
def test_two_stores_on_one_file_answer_as_one_store_in_memory(appends: list[tuple[int, list[str], dict, int]]) -> None:
    """Each remembers versions that the other has passed meanwhile."""

    async def main(folder: Path) -> None:
        reference = MemoryStore()
        url = f"sqlite:///{folder}/a.db?synchronous=NORMAL"
        both = open_store(url), open_store(url)
        for which, streams, expect, dice in appends:
            found = await outcome(both[which], streams, expect, dice == 0, dice > 4)  # type: ignore[arg-type]
            assert found == await outcome(reference, streams, expect, dice == 0, dice > 4)
        for store in both:
            assert [(e.position, e.stream, e.version, e.type) for e in await store.read_all()] == [
                (e.position, e.stream, e.version, e.type) for e in await reference.read_all()
            ]
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        run(main(Path(folder)))


def statements(store_connection: sqlite3.Connection) -> list[str]:
    seen: list[str] = []
    store_connection.set_trace_callback(seen.append)
    return seen


def test_a_lone_event_takes_no_transaction_and_looks_at_nothing_twice(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            seen = statements(store._connection.driver)
            for version in range(3):
                await store.append([("a-1", Jotted("x"))], expect={"a-1": version})
            await store.append([("a-1", Jotted("x"))])
            assert [text.split(" ")[0] for text in seen] == ["INSERT"] * 4
            assert not [text for text in seen if "SELECT" in text]

    run(main())


def test_streams_that_are_only_checked_are_part_of_the_statement(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("b-1", Jotted("x"))])
            seen = statements(store._connection.driver)
            await store.append([("a-1", Jotted("x"))], expect={"a-1": 0, "b-1": 1, "c-1": NONE})
            assert [text.split(" ")[0] for text in seen] == ["INSERT"]
            with pytest.raises(VersionConflict) as caught:
                await store.append([("a-1", Jotted("x"))], expect={"a-1": 1, "b-1": 0, "c-1": 7})
            assert caught.value.conflicts == (("b-1", 0, 1), ("c-1", 7, 0))

    run(main())


def test_an_append_to_streams_that_were_just_read_is_one_statement_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store, store_at(tmp_path / "a.db") as other:
            await other.append([("a-1", Jotted("1")), ("b-1", Jotted("2"))])
            read = await store.read_many(["a-1", "b-1"])
            expect = {name: len(events) for name, events in read.items()}
            seen = statements(store._connection.driver)
            events = [("a-1", Jotted("3")), ("b-1", Jotted("4")), ("a-1", Jotted("5"))]
            receipt = await store.append(events, expect=expect)
            assert [text.split(" ")[0] for text in seen] == ["INSERT"]
            assert (receipt.positions, receipt.versions) == ((3, 4, 5), {"a-1": 3, "b-1": 2})
            assert await texts(other) == ["1", "2", "3", "4", "5"]
            await other.append([("b-1", Jotted("6"))])
            with pytest.raises(VersionConflict) as caught:
                await store.append(events, expect={"a-1": 3, "b-1": 2})
            assert caught.value.conflicts == (("b-1", 2, 3),)
            assert len(await texts(other)) == 6

    run(main())


def test_an_archived_stream_stays_closed_though_its_version_was_remembered(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as one, store_at(tmp_path / "a.db") as other:
            await one.append([("a-1", Jotted("1"))])
            await archive(other, "a-1")
            for expect in (None, {"a-1": 2}):
                with pytest.raises(ArchivedStreamError):
                    await one.append([("a-1", Jotted("late"))], expect=expect)
            with pytest.raises(VersionConflict):
                await one.append([("a-1", Jotted("late"))], expect={"a-1": 1})
            await archive(one, "b-1")
            with pytest.raises(ArchivedStreamError):
                await one.append([("b-1", Jotted("late"))])

    run(main())


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "SEEN_MAX", 3)

    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            for version in range(2):
                for number in range(10):
                    await store.append([(f"a-{number}", Jotted("x"))], expect={f"a-{number}": version})
            assert len(await texts(store)) == 20
            assert len(store._commit._seen) <= 3

    run(main())


def test_a_caller_that_never_waits_still_lets_others_have_their_turn(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:

            async def appending() -> None:
                for number in range(300):
                    await store.append([("a-1", Jotted(str(number)))])

            assert await turns_of_others(appending()) >= 3
            assert await texts(store) == [str(number) for number in range(300)]

    run(main())
