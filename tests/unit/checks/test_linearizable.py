"""Linearizability: literal histories with known answers, random ones beside all permutations, planted anomalies."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.checks.linearizable import linearizable
from eventlab.checks.models import model_named
from eventlab.checks.operations import told
from eventlab.errors import InvalidValue
from eventlab.history import Operation


def op(process: str, what: str, value: Any, begun: float, ended: float | None, result: Any = None) -> Operation:
    outcome = "unknown" if ended is None else "ok"
    return Operation(process, what, "x", begun, value, outcome, ended, result)


def answer(operations: Sequence[Operation], model: str = "register", **options: Any) -> bool | None:
    return linearizable(operations, model, **options).valid


HERLIHY_AND_WING = {
    # Figure 1 of the paper of 1990, queues with one reader or two: a, c, linearizable; b, d, not.
    "a": (
        True,
        [
            op("A", "enqueue", "x", 0, 4),
            op("B", "enqueue", "y", 1, 2),
            op("B", "dequeue", None, 3, 5, "x"),
            op("A", "dequeue", None, 6, 8, "y"),
            op("A", "enqueue", "z", 9, 10),
        ],
    ),
    "b": (
        False,
        [op("A", "enqueue", "x", 0, 1), op("B", "enqueue", "y", 2, 4), op("A", "dequeue", None, 5, 6, "y")],
    ),
    "c": (
        True,
        [op("A", "enqueue", "x", 0, 9), op("B", "dequeue", None, 3, 4, "x")],
    ),
    "d": (
        False,
        [
            op("A", "enqueue", "x", 0, 4),
            op("B", "enqueue", "y", 1, 2),
            op("A", "dequeue", None, 5, 7, "y"),
            op("C", "dequeue", None, 6, 8, "y"),
        ],
    ),
}


@pytest.mark.parametrize("figure", HERLIHY_AND_WING)
def test_the_queues_of_herlihy_and_wing(figure: str) -> None:
    expected, operations = HERLIHY_AND_WING[figure]
    assert answer(operations, "queue") is expected


def test_a_stale_read_is_shown_with_the_write_it_missed_and_nothing_else() -> None:
    stale = [op("a", "write", 1, 1, 2), op("a", "write", 2, 3, 4), op("b", "read", None, 5, 6, 1)]
    noise = [op("c", "read", None, 0.1, 0.2, None), op("d", "read", None, 3.5, 7, 2), op("d", "write", 3, 8, 9)]
    result = linearizable([*noise, *stale])
    assert (result.valid, result.because, result.witnesses) == (
        False,
        "'x' has no order: 3 operations of 6 contradict one another",
        ("a [1 s, 2 s] x: write 1", "a [3 s, 4 s] x: write 2", "b [5 s, 6 s] x: read → 1"),
    )


def test_a_value_from_nowhere_needs_no_second_witness() -> None:
    result = linearizable([op("a", "write", 1, 0, 1), op("b", "read", None, 2, 3, 7)])
    assert result.because == "'x' has no order: one operation of 2 cannot have given that result"
    assert result.witnesses == ("b [2 s, 3 s] x: read → 7",)


def test_an_unknown_write_may_come_much_later_or_never_but_not_before_it_was_asked_for() -> None:
    write, late = op("a", "write", 1, 5, None), op("b", "read", None, 90, 91, 1)
    never = op("b", "read", None, 90, 91, None)
    early = op("b", "read", None, 3, 4, 1)
    assert [answer([write, each]) for each in (late, never, early)] == [True, True, False]


def test_an_unknown_write_happens_once() -> None:
    story = [
        op("a", "write", 1, 0, None),
        op("b", "read", None, 1, 2, 1),
        op("b", "write", 2, 3, 4),
        op("b", "read", None, 5, 6, 1),
    ]
    assert (answer(story[:3]), answer(story)) == (True, False)


def test_a_failed_write_did_nothing() -> None:
    failed = Operation("a", "write", "x", 0, 1, "failed", 1)
    assert answer([failed, op("b", "read", None, 2, 3, None)]) is True
    assert answer([failed, op("b", "read", None, 2, 3, 1)]) is False


def test_a_swap_swaps_what_it_expects_and_says_so_if_it_finds_another() -> None:
    swapped, refused = op("a", "cas", [None, 1], 0, 1, True), op("b", "cas", [None, 2], 2, 3, False)
    both = op("b", "cas", [None, 2], 2, 3, True)
    assert [answer([swapped, refused]), answer([swapped, both]), answer([refused])] == [True, False, False]


def test_a_refused_swap_may_have_met_a_write_that_nobody_read() -> None:
    assert answer([op("a", "write", 5, 0, None), op("b", "cas", [None, 1], 2, 3, False)]) is True


def test_true_is_not_one() -> None:
    assert answer([op("a", "write", 1, 0, 1), op("b", "read", None, 2, 3, True)]) is False


def test_a_queue_that_holds_something_does_not_say_it_is_empty() -> None:
    assert answer([op("a", "enqueue", 1, 0, 1), op("b", "dequeue", None, 2, 3, None)], "queue") is False


def test_at_one_moment_one_process_is_in_order_and_two_are_not() -> None:
    write = op("a", "write", 1, 0, 1)
    assert answer([write, op("a", "read", None, 1, 1, None)]) is False
    assert answer([write, op("b", "read", None, 1, 1, None)]) is True


def test_subjects_are_judged_one_by_one() -> None:
    good = [msgspec.structs.replace(op("a", "write", 1, 0, 1), subject="y")]
    result = linearizable([*good, op("b", "read", None, 0, 1, 7)])
    assert result.because.endswith("; 1 of 2 subjects have none")


def test_a_search_that_is_given_up_is_unknown_and_says_where() -> None:
    adds = [op(f"p{number}", "add", 2**number, 0, 100) for number in range(30)]
    result = linearizable([*adds, op("q", "read", None, 50, 60, -1)], "counter", states_max=200)
    assert (result.valid, result.witnesses) == (None, ("x: 31 operations",))
    assert result.because == "1 of 1 subjects have more than 200 states to look through"


def test_nothing_to_judge_is_unknown() -> None:
    assert answer([op("a", "checkout", None, 0, 1)]) is None


@pytest.mark.parametrize(
    ("model", "operations"),
    [
        ("regster", []),
        ("counter", [op("a", "add", "one", 0, 1)]),
        ("register", [op("a", "cas", 1, 0, 1, True)]),
        ("register", [op("a", "cas", [None, 1], 0, 1)]),
        ("register", [op("a", "cas", [None, 1], 0, 1, "yes")]),
        ("register", [1, 2]),
        ("stream", [op("a", "read", None, 0, 1, "all")]),
        ("set", [op("a", "read", None, 0, 1, 5)]),
        ("set", [op("a", "contains", 1, 0, 1, "false")]),
        ("queue", [op("a", "enqueue", None, 0, 1), op("a", "dequeue", None, 2, 3)]),
    ],
)
def test_what_a_model_cannot_mean_is_refused(model: str, operations: list[Operation]) -> None:
    with pytest.raises(InvalidValue):
        linearizable(operations, model)


@pytest.mark.parametrize("model", ["set", "queue", "stream"])
@pytest.mark.parametrize("initial", [5, "abc", {"a": 1}, 0, False, ""])
def test_what_holds_several_values_holds_a_list_at_first(model: str, initial: Any) -> None:
    with pytest.raises(InvalidValue, match=f"the initial value of a {model} is .*; expected a list of what it holds"):
        linearizable(
            [op("a", "add", 1, 0, 1), op("a", "append", 1, 2, 3), op("a", "enqueue", 1, 4, 5)], model, initial=initial
        )


def test_a_long_history_needs_no_deep_stack() -> None:
    story = [op("a", "write", number, number, number + 0.5) for number in range(5000)]
    assert answer(story) is True


# Random histories, by really doing the operations at some moment between their two ends.

VALUES = st.integers(0, 2)
ASKED = {
    "register": st.one_of(
        st.just(("read", None)),
        st.tuples(st.just("write"), VALUES),
        st.tuples(st.just("cas"), st.lists(VALUES, min_size=2, max_size=2)),
    ),
    "counter": st.one_of(st.just(("read", None)), st.tuples(st.just("add"), st.integers(1, 3))),
    "stream": st.one_of(st.just(("read", None)), st.tuples(st.just("append"), VALUES)),
    "set": st.one_of(st.just(("read", None)), st.tuples(st.sampled_from(["add", "remove", "contains"]), VALUES)),
    "queue": st.one_of(st.just(("dequeue", None)), st.tuples(st.just("enqueue"), VALUES)),
}


class Copy:
    """One copy that does one thing at a time."""

    def __init__(self) -> None:
        self.value: Any = None
        self.sum = 0
        self.events: list[Any] = []

    def do(self, what: str, value: Any, model: str) -> Any:
        match model, what:
            case "register", "write":
                self.value = value
            case "register", "cas":
                if self.value != value[0]:
                    return False
                self.value = value[1]
                return True
            case "register", _:
                return self.value
            case "counter", "add":
                self.sum += value
                return self.sum
            case "counter", _:
                return self.sum
            case "set", "contains":
                return value in self.events
            case "queue", "dequeue":
                return self.events.pop(0) if self.events else None
            case "set", "remove":
                was_there, self.events = value in self.events, [each for each in self.events if each != value]
                return was_there
            case "set", "add":
                is_new, self.events = (
                    value not in self.events,
                    [each for each in self.events if each != value] + [value],
                )
                return is_new
            case _, "append" | "enqueue":
                self.events.append(value)
                return len(self.events) if what == "append" else None
            case _:
                return list(self.events)
        return None


def lived(
    model: str, asked: Sequence[tuple[str, Any]], chance: random.Random, unknowns: bool = True
) -> list[Operation]:
    """Each takes effect at a moment of its own; of some nobody hears the end, and some of those never do."""
    copy, found = Copy(), []
    for number, (what, value) in enumerate(asked):
        effect = number * 10.0
        begun = max(0.0, effect - chance.uniform(0, 25))
        ended: float | None = effect + chance.uniform(0, 25)
        lost = unknowns and chance.random() < 0.2
        happens = not lost or chance.random() < 0.5
        result = copy.do(what, value, model) if happens else None
        found.append(op(f"p{number}", what, value, begun, None if lost else ended, None if lost else result))
    return sorted(found, key=lambda each: each.invoked)


def legal(order: Sequence[Operation], model: str) -> bool:
    rules = model_named(model)
    state = rules.initial
    for each in order:
        after = rules.step(state, each)
        if after is None:
            return False
        state = after
    return True


def brute(operations: Sequence[Operation], model: str) -> bool:
    """By trying every order of every choice of the unknown ones."""
    certain = [each for each in operations if each.outcome == "ok"]
    reads = model_named(model).only_reads
    unknown = [each for each in operations if each.outcome == "unknown" and not reads(each)]  # no read changes anything
    for size in range(len(unknown) + 1):
        for chosen in itertools.combinations(unknown, size):
            for order in itertools.permutations([*certain, *chosen]):
                in_time = not any(
                    later.ended is not None and later.ended < earlier.invoked
                    for place, earlier in enumerate(order)
                    for later in order[place + 1 :]
                )
                if in_time and legal(order, model):
                    return True
    return False


@pytest.mark.parametrize("model", ASKED)
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_what_one_copy_did_has_an_order(model: str, data: st.DataObject) -> None:
    asked = data.draw(st.lists(ASKED[model], min_size=1, max_size=25))
    operations = lived(model, asked, random.Random(data.draw(st.integers(0, 999))))
    assert answer(operations, model) is True


@pytest.mark.parametrize("model", ASKED)
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_all_permutations_say_the_same(model: str, data: st.DataObject) -> None:
    asked = data.draw(st.lists(ASKED[model], min_size=2, max_size=5))
    chance = random.Random(data.draw(st.integers(0, 999)))
    operations = lived(model, asked, chance)
    results = [each.result for each in operations if each.outcome == "ok"]
    chance.shuffle(results)  # some of these have an order, and some have none
    mixed = []
    for each in operations:
        result = results.pop() if each.outcome == "ok" else None
        same = type(result) is type(each.result) and each.operation != "cas"
        mixed.append(msgspec.structs.replace(each, result=result) if same else each)
    assert answer(mixed, model) is brute(mixed, model)


@given(st.integers(2, 40), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_one_planted_stale_read_is_found_and_shown(writes: int, seed: int) -> None:
    chance = random.Random(seed)
    asked: list[tuple[str, Any]] = []
    for number in range(writes):
        asked += [("write", number), ("read", None)]
    operations = lived("register", asked, chance, unknowns=False)
    after = max(each.ended or 0 for each in operations) + 1
    last = op("p-last", "write", "last", after, after + 1)
    stale = op("p-stale", "read", None, after + 2, after + 3, chance.randrange(writes))
    result = linearizable([*operations, last, stale])
    assert result.valid is False
    assert told(stale) in result.witnesses and len(result.witnesses) == 3  # its write, itself, and what came between


TOLD = [
    ("set", [op("a", "remove", 1, 0, 1, True)], False),
    ("set", [op("a", "remove", 1, 0, 1, False)], True),
    ("set", [op("a", "add", 1, 0, 1, True), op("a", "add", 1, 2, 3, False), op("a", "remove", 1, 4, 5, True)], True),
    ("set", [op("a", "add", 1, 0, 1, True), op("a", "add", 1, 2, 3, True)], False),
    ("set", [op("a", "add", 1, 0, 1, False)], False),
    ("set", [op("a", "add", 1, 0, 1), op("a", "remove", 1, 2, 3, False)], False),
    ("set", [op("a", "add", 1, 0, 1), op("a", "read", None, 2, 3, [1, 1])], False),
    ("set", [op("a", "add", 1, 0, 1, "done"), op("a", "remove", 1, 2, 3, 1)], True),  # nothing that says anything
]


@pytest.mark.parametrize(("model", "story", "valid"), TOLD)
def test_what_a_set_tells_of_its_change_is_judged(model: str, story: list[Operation], valid: bool) -> None:
    assert answer(story, model) is valid


def test_a_history_of_failures_says_so() -> None:
    failed = msgspec.structs.replace(op("a", "write", 1, 0, 1), outcome="failed")
    assert linearizable([failed]).because.startswith(
        "the history has no operation of a register that may have happened"
    )


def test_the_piece_of_a_long_history_is_small_as_well() -> None:
    story = [op(f"p{number % 3}", "write", number, number, number + 2.5) for number in range(1, 400)]
    stale = op("q", "read", None, 500, 501, 7)
    result = linearizable([*story, stale])
    assert (len(result.witnesses), told(stale) in result.witnesses) == (3, True)


VERSIONED = [
    ("register", op("a", "write", 1, 0, 1, {"value": 1, "version": 7}), "read", {"value": 1, "version": 7}),
    ("counter", op("a", "add", 1, 0, 1, {"value": 1, "version": 7}), "read", {"value": 1, "version": 7}),
    ("counter", op("a", "add", 1, 0, 1, "done"), "read", 1),  # no number, so nothing that says anything
    ("set", op("a", "add", 1, 0, 1, {"value": True, "version": 7}), "read", {"value": [1], "version": 7}),
    ("set", op("a", "add", 1, 0, 1), "contains", {"value": True, "version": 7}),
    ("stream", op("a", "append", 1, 0, 1, {"value": 1, "version": 7}), "read", {"value": [1], "version": 7}),
]


@pytest.mark.parametrize(("model", "change", "asks", "found"), VERSIONED)
def test_of_a_result_with_a_version_the_value_is_judged(model: str, change: Operation, asks: str, found: Any) -> None:
    look = op("b", asks, 1, 2, 3, found)
    assert answer([change, look], model) is True
    assert answer([msgspec.structs.replace(change, outcome="failed"), look], model) is False
