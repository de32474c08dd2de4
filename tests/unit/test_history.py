"""Histories: JSON Lines in and out, and operations with their outcome."""

from __future__ import annotations

import math
import re
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import history, hooks
from eventlab.errors import InvalidValue
from eventlab.history import Entry, Operation

HAPPENINGS = typing.get_args(history.AnyHappening)
text = st.text(max_size=8)
entries = st.lists(
    st.builds(
        Entry,
        st.floats(0, 1e6).map(lambda at: round(at, 6)),
        text,
        st.one_of(
            st.builds(hooks.OperationInvoked, st.integers(0, 99), text, text, text, st.none() | st.integers()),
            st.builds(hooks.OperationLate, st.integers(0, 99), st.floats(0, 1e6)),
            st.builds(hooks.CallEnded, st.integers(0, 9), text, text, text, text, st.floats(0, 1e6), text),
            st.builds(hooks.EventsAppended, text, st.integers(0, 9), st.tuples(st.tuples(text, st.integers(), text))),
            st.builds(hooks.BreakerCounted, text, st.integers(0, 9), st.none() | st.floats(0, 1)),
        ),
    ),
    max_size=10,
)


def test_every_happening_can_stand_in_a_history() -> None:
    assert set(HAPPENINGS) == set(hooks.Happening.__subclasses__())


@given(entries)
def test_a_history_survives_its_file(before: list[Entry]) -> None:
    assert history.from_lines(history.to_lines(before)) == before


def test_a_line_that_is_none_is_named() -> None:
    good = history.to_lines([Entry(1, "a", hooks.MessageArrived(1))])
    with pytest.raises(InvalidValue, match=r"run.jsonl, line 2.*nonsense"):
        history.from_lines(good + b"nonsense\n", "run.jsonl")
    deep = history.to_lines([Entry(1, "a", hooks.OperationInvoked(1, "ada", "checkout", "o-1", "it"))])
    with pytest.raises(InvalidValue, match=r"run.jsonl, line 2"):
        history.from_lines(good + deep.replace(b'"it"', b"[" * 100_000 + b"]" * 100_000), "run.jsonl")


def test_operations_pair_invocation_and_end() -> None:
    told = [
        Entry(1, "front", hooks.OperationInvoked(1, "ada", "checkout", "o-1", 5)),
        Entry(2, "front", hooks.OperationInvoked(2, "bob", "checkout", "o-2")),
        Entry(3, "front", hooks.OperationEnded(1, "ok", "completed")),
        Entry(4, "front", hooks.OperationEnded(9, "ok", "of another run")),
    ]
    assert history.operations(told) == [
        Operation("ada", "checkout", "o-1", 1, 5, "ok", 3, "completed", places=(1, 3)),
        Operation("bob", "checkout", "o-2", 2, None, "unknown", places=(2, 0)),
    ]


def test_a_file_is_read_by_its_name_as_well_as_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_bytes(history.to_lines([Entry(0.0, "a", hooks.NodeChanged("a", "crashed", 1))]))
    assert history.read(str(file)) == history.read(file)


@pytest.mark.parametrize(
    ("outcome", "invoked", "ended", "names"),
    [
        ("okay", 1.0, 2.0, "outcome of write on 'x' by p is 'okay'; expected one of ok, failed, unknown"),
        ("ok", 1.0, None, "ended of write on 'x' by p is None"),
        ("ok", 2.0, 1.0, "ended of write on 'x' by p is 1.0; expected a moment not before 2"),
        ("unknown", 2.0, 1.0, "ended"),
        ("ok", math.nan, 1.0, "invoked"),
        ("ok", 0.0, math.nan, "ended"),
        ("unknown", 0.0, math.inf, "ended"),
        ("ok", "0", 1.0, "invoked"),
        ("ok", 0.0, True, "ended"),
    ],
)
def test_an_operation_that_cannot_have_been_is_refused(outcome: str, invoked: Any, ended: Any, names: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(names)):
        Operation("p", "write", "x", invoked, 1, outcome, ended)


@pytest.mark.parametrize("places", [(2, 1), (1, 1), (0, 0), (0, 2), (-1, 2)])
def test_an_operation_that_ends_in_its_record_before_it_begins_is_refused(places: tuple[int, int]) -> None:
    with pytest.raises(InvalidValue, match="two from 1 that rise, or 0 without an end"):
        Operation("p", "write", "x", 1.0, 1, "ok", 1.0, places=places)


def begun(at: float, number: int = 1) -> Entry:
    return Entry(at, "p", hooks.OperationInvoked(number, "p", "write", "x", at))


def over(at: float, outcome: str = "ok", number: int = 1) -> Entry:
    return Entry(at, "p", hooks.OperationEnded(number, outcome))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([begun(1), begun(2), over(3)], "entry 2: id of an invoked operation is 1"),
        ([begun(1), over(2), over(3, "failed")], "entry 3: id of an ended operation is 1"),
        ([begun(5), over(3)], "entry 2: ended of write on 'x' by p is 3"),
        ([begun(1), over(2, "fine")], "entry 2: outcome of write on 'x' by p is 'fine'"),
        ([begun(math.nan)], "entry 1: invoked of write on 'x' by p is nan"),
    ],
)
def test_a_damaged_record_is_refused_with_its_place(told: list[Entry], says: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(says)):
        history.operations(told)


def test_an_end_without_its_beginning_is_left_out() -> None:
    assert [each.value for each in history.operations([over(0), begun(1, 2), over(2, number=2)])] == [1]
