"""Operations that a check does not know: it says so, and does not judge as if they had not been there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventlab.checks import linearizable
from eventlab.checks.deliveries import nothing_missed
from eventlab.checks.operations import entries_of
from eventlab.checks.result import CheckResult
from eventlab.checks.sessions import session_guarantee
from eventlab.checks.streams import nothing_lost, nothing_twice
from eventlab.history import Entry, Operation
from eventlab.hooks import EventsAppended, Observed

WRITE = Operation("a", "write", "x", 0, 1, "ok", 1)
TYPO = Operation("a", "wrtie", "x", 2, 2, "ok", 3)
STALE = Operation("b", "read", "x", 4, None, "ok", 5, 1)
DELETE = Operation("a", "delete", "x", 2, None, "ok", 3)
GONE = Operation("a", "read", "x", 4, None, "ok", 5)


def test_what_the_model_does_not_know_is_named_and_not_left_out() -> None:
    result = linearizable([WRITE, TYPO, DELETE, DELETE, STALE])
    assert (result.valid, result.because) == (
        None,
        "3 operations on 'x' (delete, wrtie) are none of a register: read, write, cas",
    )
    assert result.witnesses[0] == "a [2 s, 3 s] x: wrtie 2"


def test_a_deletion_does_not_make_a_read_of_nothing_a_violation() -> None:
    assert linearizable([WRITE, DELETE, GONE]).valid is None
    assert session_guarantee([WRITE, DELETE, GONE], "read your writes").valid is None


def test_one_that_failed_did_nothing_whatever_it_is_called() -> None:
    failed = Operation("a", "delete", "x", 2, None, "failed", 3)
    assert linearizable([WRITE, failed, STALE]).valid is True


def test_a_subject_with_no_known_operation_is_left_out_and_a_violation_elsewhere_counts() -> None:
    elsewhere = Operation("a", "delete", "y", 2, None, "ok", 3)
    assert linearizable([WRITE, STALE, elsewhere]).valid is True
    nonsense = Operation("b", "read", "z", 0, None, "ok", 1, 7)
    assert linearizable([WRITE, TYPO, STALE, nonsense]).valid is False


def append(name: str, event: str, at: float) -> Operation:
    return Operation("a", name, "s", at, event, "ok", at + 0.5)


def took(name: str, version: int, at: float) -> Operation:
    return Operation("b", name, "db", at, ["s", version], "ok", at)


FINAL = Entry(9, "", Observed("s", ["e", "e"]))
LOG = [Entry(0, "", EventsAppended("db", n, (("s", n, "E"),))) for n in (1, 2, 3)]

LOGS: dict[Callable[..., CheckResult], list[Entry]] = {
    nothing_lost: [*entries_of([append("append", "e", 0), append("apend", "f", 1)]), FINAL],
    nothing_twice: [*entries_of([append("append", "e", 0), append("apend", "e", 1)]), FINAL],
    nothing_missed: [*LOG, *entries_of([took("receive", 1, 1), took("recieve", 2, 2), took("receive", 3, 3)])],
}


@pytest.mark.parametrize("check", LOGS)
def test_neither_do_the_checks_of_logs_judge_beside_what_they_do_not_know(check: Callable[..., CheckResult]) -> None:
    result = check(LOGS[check])
    assert result.valid is None and "1 operation on " in result.because


def test_a_process_that_asks_two_things_at_once_is_no_process() -> None:
    first, second = Operation("a", "write", "x", 0, 1, "ok", 5), Operation("a", "read", "x", 1, None, "ok", 2, 1)
    for result in (linearizable([first, second]), session_guarantee([first, second], "read-your-writes")):
        assert (result.valid, result.because) == (
            None,
            "a process asks one thing at a time, but a asked two of 'x' at once",
        )
        assert result.witnesses == ("a [0 s, 5 s] x: write 1", "a [1 s, 2 s] x: read → 1")


def test_a_guarantee_is_known_by_both_spellings() -> None:
    assert session_guarantee([WRITE], "monotonic-reads") == session_guarantee([WRITE], "monotonic reads")
