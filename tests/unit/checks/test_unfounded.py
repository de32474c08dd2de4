"""What was found and never put there: one operation is evidence enough, and no order is looked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.checks import linearizable
from eventlab.checks.linearizable_search import Problem, search
from eventlab.checks.linearizable_witness import weakened
from eventlab.checks.models import model_named
from eventlab.checks.unfounded import unfounded
from eventlab.history import Operation


def op(number: int, what: str, value: Any, result: Any = None, outcome: str = "ok") -> Operation:
    return Operation(f"p{number}", what, "x", number, value, outcome, number + 0.5, result)


STRANGE = {
    "register": (op(1, "write", 1), op(2, "read", None, 2)),
    "set": (op(1, "add", 1), op(2, "read", None, [1, 2])),
    "queue": (op(1, "enqueue", 1), op(2, "dequeue", None, 2)),
    "stream": (op(1, "append", 1), op(2, "read", None, [2])),
}


@pytest.mark.parametrize("model", STRANGE)
def test_what_nobody_put_there_is_told_by_one_operation_however_little_is_looked_through(model: str) -> None:
    put, found = STRANGE[model]
    result = linearizable([put, found, op(3, *_last(model))], model, states_max=1)
    assert (result.valid, len(result.witnesses)) == (False, 1)
    assert str(result.witnesses[0]).startswith("p2 [2 s, 2.5 s] x: ")


def _last(model: str) -> tuple[str, Any]:
    return STRANGE[model][0].operation, 3


@pytest.mark.parametrize("model", STRANGE)
def test_what_may_have_been_put_there_or_was_there_at_first_is_not_strange(model: str) -> None:
    _, found = STRANGE[model]
    perhaps = op(0, STRANGE[model][0].operation, 2, outcome="unknown")
    initial = 2 if model == "register" else [2]
    assert unfounded(model, None, [STRANGE[model][0], perhaps, found]) is None
    assert unfounded(model, initial, [STRANGE[model][0], found]) is None


def test_a_swap_puts_its_new_value_there_and_one_that_found_another_puts_nothing() -> None:
    read = op(2, "read", None, 2)
    assert unfounded("register", 1, [op(1, "cas", [1, 2], True), read]) is None
    assert linearizable([op(1, "cas", [1, 2], False), read], initial=3).valid is False


@given(st.lists(st.tuples(st.sampled_from(["write", "read"]), st.integers(0, 3), st.booleans()), max_size=6))
def test_what_is_strange_has_no_order_either(story: list[tuple[str, int, bool]]) -> None:
    operations = [
        op(n, what, value if what == "write" else None, value, "ok" if known else "unknown")
        for n, (what, value, known) in enumerate(story)
    ]
    if unfounded("register", 0, operations) is not None:
        problem = Problem([each if each.outcome == "ok" else weakened(each) for each in operations])
        assert search(model_named("register", 0), problem, 10_000).found is False
