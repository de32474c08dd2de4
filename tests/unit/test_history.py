"""Histories: JSON Lines in and out, and operations with their outcome."""

from __future__ import annotations

import typing

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
