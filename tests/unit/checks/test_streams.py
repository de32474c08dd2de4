"""What a log owes: literal histories that keep it, and one planted fault for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.checks import CheckResult
from eventlab.checks.streams import no_gaps, nothing_lost, nothing_missed, nothing_twice
from eventlab.history import Entry
from eventlab.hooks import EventsAppended, Observed, OperationEnded, OperationInvoked

Judge = Callable[[Sequence[Entry]], CheckResult]


def asked(number: int, event: str, outcome: str = "ok") -> list[Entry]:
    return [
        Entry(number, "a", OperationInvoked(number, "a", "append", "s", event)),
        Entry(number + 0.5, "a", OperationEnded(number, outcome)),
    ]


def appended(position: int, stream: str, version: int) -> Entry:
    return Entry(position, "store", EventsAppended("log", position, ((stream, version, "Noted"),)))


def took(number: int, who: str, stream: str, version: int) -> list[Entry]:
    return [
        Entry(number, who, OperationInvoked(number, who, "receive", "log", [stream, version])),
        Entry(number, who, OperationEnded(number, "ok")),
    ]


def final(*events: str) -> Entry:
    return Entry(99, "", Observed("s", list(events)))


def test_an_acknowledged_event_that_is_not_there_is_lost() -> None:
    story = [*asked(1, "e1"), *asked(2, "e2"), *asked(3, "e3", "unknown"), *asked(4, "e4", "failed")]
    assert nothing_lost([*story, final("e1", "e2")]).valid is True
    result = nothing_lost([*story, final("e2")])
    assert (result.valid, result.because, result.witnesses) == (
        False,
        "1 of 2 acknowledged events are missing",
        ("s: 'e1', acknowledged at 1.5 s",),
    )


def test_an_event_that_was_asked_for_once_is_there_once() -> None:
    story = [*asked(1, "e1"), *asked(2, "e2", "unknown"), *asked(3, "twin"), *asked(4, "twin")]
    assert nothing_twice([*story, final("e1", "e2", "twin", "twin")]).valid is True
    assert nothing_twice([*story, final("e1", "e2", "e2")]).witnesses == (
        "s: 'e2' is there 2 times, asked for 1 times",
    )


def test_a_version_that_was_written_twice_is_told() -> None:
    assert nothing_twice([appended(1, "s", 1), appended(2, "s", 1)]).witnesses == ("log: s v1 was written 2 times",)


def test_a_version_that_was_left_out_is_told() -> None:
    assert no_gaps([appended(4, "s", 3), appended(5, "t", 1), appended(6, "s", 4)]).valid is True
    assert no_gaps([appended(1, "s", 1), appended(2, "s", 3)]).witnesses == ("log: s goes from v1 to v3 at 2 s",)


def test_positions_rise() -> None:
    assert no_gaps([appended(2, "s", 1), appended(1, "t", 1)]).valid is False


def test_a_subscriber_may_take_again_but_not_leave_out() -> None:
    log = [appended(1, "s", 1), appended(2, "t", 1), appended(3, "s", 2)]
    again = [*took(4, "w", "s", 1), *took(5, "w", "t", 1), *took(6, "w", "s", 1), *took(7, "w", "t", 1)]
    assert nothing_missed([*log, *again, *took(8, "w", "s", 2)]).valid is True
    assert nothing_missed([*log, *took(4, "w", "s", 1), *took(5, "w", "s", 2)]).witnesses == (
        "w took ['s', 2] at 5 s and left out 1 before it",
    )
    assert nothing_missed([*log, *took(4, "w", "u", 1)]).valid is False


@pytest.mark.parametrize("judge", [nothing_lost, nothing_twice, no_gaps, nothing_missed])
def test_a_history_that_says_nothing_of_it_is_unknown(judge: Judge) -> None:
    assert judge([]).valid is None


@given(st.integers(2, 30), st.data())
def test_one_delivery_left_out_of_the_middle_is_found(count: int, data: st.DataObject) -> None:
    log = [appended(number, "s", number) for number in range(1, count + 2)]
    missing = data.draw(st.integers(2, count))
    deliveries = [entry for n in range(1, count + 2) if n != missing for entry in took(100 + n, "w", "s", n)]
    result = nothing_missed([*log, *deliveries])
    assert result.witnesses == (f"w took ['s', {missing + 1}] at {101 + missing} s and left out 1 before it",)
