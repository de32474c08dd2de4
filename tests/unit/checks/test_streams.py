"""What a log owes: literal histories that keep it, and one planted fault for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.checks import CheckResult
from eventlab.checks.catalogue import Settings, named
from eventlab.checks.deliveries import nothing_missed
from eventlab.checks.operations import entries_of
from eventlab.checks.streams import no_gaps, nothing_lost, nothing_twice
from eventlab.history import Entry, Operation
from eventlab.hooks import EventsAppended, Observed, OperationEnded, OperationInvoked

Judge = Callable[[Sequence[Entry]], CheckResult]


def asked(number: int, event: Any, outcome: str = "ok") -> list[Entry]:
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


def final(*events: Any) -> Entry:
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


def test_an_event_that_was_acknowledged_twice_and_is_not_there_is_lost_twice() -> None:
    twins = [*asked(1, "twin"), *asked(2, "twin"), *asked(3, "e3")]
    result = nothing_lost([*twins, final("e3")])
    told = ("s: 'twin', acknowledged at 1.5 s", "s: 'twin', acknowledged at 2.5 s")
    assert (result.because, result.witnesses) == ("2 of 3 acknowledged events are missing", told)
    assert nothing_lost([*twins, final("e3", "twin")]).witnesses == told[1:]


def test_an_event_that_is_there_too_often_is_shown_as_it_is() -> None:
    event = {"kind": "sold", "seats": [1, 2]}
    result = nothing_twice([*asked(1, event), final(event, event)])
    assert result.witnesses == ("s: {'kind': 'sold', 'seats': [1, 2]} is there 2 times, asked for once",)


def test_an_event_that_was_asked_for_once_is_there_once() -> None:
    story = [*asked(1, "e1"), *asked(2, "e2", "unknown"), *asked(3, "twin"), *asked(4, "twin")]
    assert nothing_twice([*story, final("e1", "e2", "twin", "twin")]).valid is True
    assert nothing_twice([*story, final("e1", "e2", "e2")]).witnesses == ("s: 'e2' is there 2 times, asked for once",)


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


def test_what_nobody_asked_for_or_what_failed_is_there_too_often() -> None:
    assert nothing_twice([*asked(1, "e"), final("e", "z", "z")]).witnesses == (
        "s: 'z' is there 2 times, which no append asked for that may have happened",
    )
    assert nothing_twice([*asked(1, "e"), *asked(2, "f", "failed"), final("e", "f")]).valid is False
    assert nothing_twice([*asked(1, "e", "failed"), final("e")]).valid is False
    assert nothing_twice([*asked(1, "e", "failed"), *asked(2, "e", "unknown"), final("e")]).valid is True
    assert nothing_twice([final("e", "e")]).valid is None


def test_a_stream_that_is_not_read_at_last_may_be_lost_whole() -> None:
    elsewhere = [
        Entry(5, "a", OperationInvoked(5, "a", "append", "t", "e")),
        Entry(6, "a", OperationEnded(5, "ok")),
    ]
    result = nothing_lost([*asked(1, "e"), *elsewhere, final("e")])
    assert (result.valid, result.because) == (None, "no final read tells of acknowledged appends to t")
    assert nothing_lost([*asked(1, "e"), *elsewhere, final()]).valid is False


def test_a_read_before_the_append_was_acknowledged_is_not_final() -> None:
    early = Entry(0, "", Observed("s", []))
    begun, ended = asked(1, "e")
    assert nothing_lost([early, begun, ended]).valid is None
    assert nothing_lost([begun, early, ended]).valid is None
    assert nothing_lost([begun, ended, early]).valid is False


def test_nothing_is_taken_before_it_was_appended() -> None:
    log = [appended(1, "s", 1), appended(9, "s", 2)]
    assert nothing_missed([log[0], *took(2, "w", "s", 1), *took(3, "w", "s", 2), log[1]]).witnesses == (
        "w took ['s', 2] at 3 s, before it was appended",
    )
    waited = Entry(8, "w", OperationInvoked(8, "w", "receive", "log", ["s", 2]))
    assert nothing_missed([log[0], waited, log[1], Entry(9, "w", OperationEnded(8, "ok"))]).valid is True


def test_going_back_is_to_what_was_taken_before() -> None:
    log = [appended(number, "s", number) for number in (1, 2, 3)]
    told = [entry for at, version in enumerate((2, 1, 3), start=4) for entry in took(at, "w", "s", version)]
    assert nothing_missed([*log, *told]).witnesses == (
        "w took ['s', 1] at 5 s, after later ones and for the first time",
    )
    again = [entry for at, version in enumerate((1, 2, 1, 3, 2), start=4) for entry in took(at, "w", "s", version)]
    assert nothing_missed([*log, *again]).valid is True


@pytest.mark.parametrize("taken", ["s1", ["s", [1]], {"s": 1}, None])
def test_what_is_no_place_in_a_log_was_never_appended(taken: object) -> None:
    strange = [Entry(2, "w", OperationInvoked(1, "w", "receive", "log", taken)), Entry(2, "w", OperationEnded(1, "ok"))]
    assert nothing_missed([appended(1, "s", 1), *strange]).valid is False


ORPHAN = Entry(1, "a", OperationEnded(7, "ok"))


@pytest.mark.parametrize("judge", [nothing_lost, nothing_twice, nothing_missed])
def test_an_end_without_a_beginning_leaves_open_what_was_done(judge: Judge) -> None:
    told = [appended(1, "s", 1), *took(2, "w", "s", 1), *asked(3, "e"), final("e")]
    assert judge(told).valid is True
    result = judge([ORPHAN, *told])
    assert (result.valid, result.witnesses) == (None, ("entry 1: operation 7 ended at 1 s, ok",))


@pytest.mark.parametrize("name", ["linearizable", "monotonic-reads"])
def test_a_record_that_begins_late_is_not_judged_as_if_it_were_whole(name: str) -> None:
    reads = [Operation("c", "read", "x", at, None, "ok", at, 1) for at in (2, 3)]
    told = [*entries_of([Operation("c", "write", "x", 1, 1, "ok", 1), *reads])]
    assert named(name).judge(told, Settings()).valid is True
    assert named(name).judge(told[1:], Settings()).valid is None
