"""Session guarantees: a story that keeps each, one that breaks it, and what cannot be told."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.checks import linearizable
from eventlab.checks.sessions import GUARANTEES, session_guarantee
from eventlab.errors import InvalidValue
from eventlab.history import Operation

RYW, MR, MW, WFR = GUARANTEES


def op(process: str, what: str, value: Any, at: float, result: Any = None, lasts_s: float = 0.5) -> Operation:
    return Operation(process, what, "x", at, value, "ok", at + lasts_s, result)


def versioned(value: Any, version: int) -> dict[str, Any]:
    return {"value": value, "version": version}


BROKEN = {
    RYW: [op("a", "write", 1, 0), op("a", "write", 2, 1), op("a", "read", None, 2, 1)],
    MR: [
        op("a", "write", 1, 0),
        op("a", "write", 2, 1),
        op("b", "read", None, 2, 2),
        op("b", "read", None, 3, 1),
    ],
    MW: [op("a", "write", 1, 0, versioned(1, 5)), op("a", "write", 2, 1, versioned(2, 4))],
    WFR: [op("a", "read", None, 0, versioned(1, 5)), op("a", "write", 2, 1, versioned(2, 5))],
}


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_a_broken_guarantee_is_shown_with_its_two_operations(guarantee: str) -> None:
    result = session_guarantee(BROKEN[guarantee], guarantee)
    assert result.valid is False
    last = BROKEN[guarantee][-1]
    assert any(str(witness).startswith(f"{last.process} [{last.invoked:g} s") for witness in result.witnesses)


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_one_session_may_miss_what_another_did(guarantee: str) -> None:
    story = [
        op("a", "write", 1, 0, versioned(1, 1)),
        op("b", "read", None, 1, versioned(None, 0)),
        op("a", "read", None, 2, versioned(1, 1)),
        op("a", "write", 2, 3, versioned(2, 2)),
        op("b", "read", None, 4, versioned(1, 1)),
        op("b", "write", 3, 5, versioned(3, 3)),
        op("b", "read", None, 6, versioned(3, 3)),
        op("b", "write", 4, 7, versioned(4, 4)),
    ]
    assert session_guarantee(story, guarantee).valid is True


def test_the_initial_value_after_ones_own_write_is_too_old() -> None:
    story = [op("a", "write", 1, 0), op("a", "read", None, 1, 0)]
    assert session_guarantee(story, RYW, initial=0).valid is False


def test_writes_that_overlapped_are_in_no_order_without_versions() -> None:
    story = [
        op("a", "write", 1, 0, lasts_s=5),
        op("b", "write", 2, 1, lasts_s=5),
        op("c", "read", None, 7, 2),
        op("c", "read", None, 8, 1),
    ]
    result = session_guarantee(story, MR)
    assert (result.valid, result.because) == (None, "the versions of 1 of 1 pairs cannot be told")


@pytest.mark.parametrize("guarantee", [MW, WFR])
def test_without_versions_nobody_knows_in_which_order_writes_stand(guarantee: str) -> None:
    story = [op("a", "write", 1, 0), op("a", "read", None, 1, 1), op("a", "write", 2, 2)]
    assert session_guarantee(story, guarantee).valid is None


LATE = [
    Operation("bob", "write", "x", 1.0, 2, "unknown", 1.5),
    Operation("bob", "write", "x", 5.0, 3, "ok", 5.5),
    Operation("bob", "read", "x", 6.0, None, "ok", 6.5, 3),
    Operation("bob", "read", "x", 7.0, None, "ok", 7.5, 2),
]


@pytest.mark.parametrize("guarantee", [RYW, MR])
def test_a_write_that_nobody_heard_the_end_of_is_older_than_nothing(guarantee: str) -> None:
    assert linearizable(LATE).valid is True
    assert session_guarantee(LATE, guarantee).valid is None
    on_time = msgspec.structs.replace(LATE[0], outcome="ok")
    assert session_guarantee([on_time, *LATE[1:]], guarantee).valid is False


def test_a_value_written_twice_stands_for_neither_write() -> None:
    story = [op("a", "write", 1, 0), op("a", "write", 2, 1), op("b", "write", 1, 2), op("a", "read", None, 3, 1)]
    assert session_guarantee(story, RYW).valid is None
    swapped = [
        op("a", "write", 1, 0),
        op("a", "write", 2, 1),
        op("b", "cas", [2, 1], 2, True),
        op("a", "read", None, 3, 1),
    ]
    assert session_guarantee(swapped, RYW).valid is None


def test_the_versions_of_a_stream_are_its_results() -> None:
    story = [op("a", "append", "e", 0, 3), op("a", "read", None, 1, ["c", "d"])]
    assert session_guarantee(story, RYW, model="stream").valid is False


def test_a_failed_write_need_not_be_read() -> None:
    failed = Operation("a", "write", "x", 1, 2, "failed", 2)
    assert session_guarantee([op("a", "write", 1, 0), failed, op("a", "read", None, 3, 1)], RYW).valid is True


def test_another_guarantee_is_refused() -> None:
    with pytest.raises(InvalidValue, match="monotonic dreams"):
        session_guarantee([], "monotonic dreams")


def lived(seed: int) -> list[Operation]:
    """What three clients ask one copy, each one thing at a time; what a client gives up on may land long after.

    Everything is in whole moments, so that many of them are the same; of those, the order of the list is each client's.
    """
    chance = random.Random(seed)
    free, asked = [0, 0, 0], []
    for number in range(chance.randint(3, 9)):
        client = chance.randrange(3)
        begun = free[client] + chance.choice((0, 0, 1))
        ended = free[client] = begun + chance.choice((0, 1, 2))
        what = chance.choice(("read", "read", "write", "write", "lost"))
        effect = chance.randint(begun, begun + 6 if what == "lost" else ended)
        asked.append((effect, number, Operation(f"p{client}", what, "x", begun, number, "ok", ended)))
    held, story = None, {}
    for _, number, each in sorted(asked, key=lambda one: one[:2]):
        if each.operation == "read":
            story[number] = msgspec.structs.replace(each, value=None, result=held)
        else:
            held = number
            outcome = "unknown" if each.operation == "lost" else "ok"
            story[number] = msgspec.structs.replace(each, operation="write", outcome=outcome)
    return [story[number] for number in sorted(story)]


@given(st.integers(0, 1 << 32))
@settings(max_examples=200, deadline=None)
def test_no_session_is_broken_in_what_one_copy_did(seed: int) -> None:
    story = lived(seed)
    assert linearizable(story).valid is True
    assert [session_guarantee(story, each).valid for each in GUARANTEES].count(False) == 0


def test_of_two_operations_that_took_no_time_at_one_moment_nobody_knows_which_is_older() -> None:
    story = [
        Operation("a", "write", "x", 0, 1, "unknown", 0),
        Operation("a", "read", "x", 0, None, "ok", 0, 1),
        Operation("a", "write", "x", 0, 2, "ok", 0),
        Operation("a", "read", "x", 0, None, "ok", 1, 2),
    ]
    assert linearizable(story).valid is True
    assert session_guarantee(story, MR).valid is None
