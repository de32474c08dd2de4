from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from eventlab.checks.dependencies import settled, strangers, writers_of
from eventlab.checks.isolation import (
    Isolation,
    isolation,
    judged,
    serializable,
    snapshot_isolation,
    strict_serializable,
)
from eventlab.checks.transactions import Transaction, transactions
from eventlab.errors import InvalidValue
from eventlab.history import Operation

T = Transaction


def told(*given: Transaction) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.name, each.transactions) for each in judged(given).anomalies]


SKEW = (
    T("T1", (("ada", 3), ("bob", 3)), (("ada", 4),), process="usher-1", began=0.5, ended=0.7),
    T("T2", (("ada", 3), ("bob", 3)), (("bob", 4),), process="usher-2", began=0.6, ended=0.8),
)
FORK = (
    T("T1", (), (("x", 1),)),
    T("T2", (), (("y", 1),)),
    T("T3", (("x", 1), ("y", 0))),
    T("T4", (("x", 0), ("y", 1))),
)

LITERAL = {
    "two writers of one version": ((T("T1", (), (("x", 1),)), T("T2", (), (("x", 1),))), None),
    # Adya's H_wcycle: each overwrites the other.
    "dirty write": ((T("T1", (), (("x", 1), ("y", 2))), T("T2", (), (("x", 2), ("y", 1)))), None),
    "aborted read": ((T("T1", (), (("x", 1),), "failed"), T("T2", (("x", 1),))), "read uncommitted"),
    "intermediate read": ((T("T1", (), (("x", 1), ("x", 2))), T("T2", (("x", 1),))), "read uncommitted"),
    # Adya's G1c: information flows in a circle, though every write is committed.
    "circular information flow": (
        (T("T1", (("y", 1),), (("x", 1),)), T("T2", (("x", 1),), (("y", 1),))),
        "read uncommitted",
    ),
    "non-repeatable read": ((T("T1", (("x", 0), ("x", 1))), T("T2", (), (("x", 1),))), "read committed"),
    # Bailis et al.: T2 sees one half of what T1 did.
    "fractured read": ((T("T1", (), (("x", 1), ("y", 1))), T("T2", (("x", 1), ("y", 0)))), "read committed"),
    # Berenson et al., H4.
    "lost update": (
        (T("T1", (("x", 3),), (("x", 5),)), T("T2", (("x", 3),), (("x", 4),))),
        "read atomic",
    ),
    # T3 saw what T2 made of T1's write, and not that write.
    "read skew": (
        (T("T1", (), (("x", 1),)), T("T2", (("x", 1),), (("y", 1),)), T("T3", (("y", 1), ("x", 0)))),
        "read atomic",
    ),
    "long fork": (FORK, "parallel snapshot isolation"),
    "write skew": (SKEW, "snapshot isolation"),
    # Fekete, O'Neil and O'Neil, "A Read-Only Transaction Anomaly Under Snapshot Isolation", SIGMOD Record 2004.
    "read-only anomaly": (
        (
            T("T1", (("savings", 0), ("checking", 0)), (("checking", 1),)),
            T("T2", (("savings", 0),), (("savings", 1),)),
            T("T3", (("savings", 1), ("checking", 0))),
        ),
        "snapshot isolation",
    ),
    "stale order": (
        (T("T1", (), (("x", 1),), began=0.0, ended=1.0), T("T2", (("x", 0),), began=2.0, ended=3.0)),
        "serializable",
    ),
}


@pytest.mark.parametrize("name", LITERAL)
def test_an_anomaly_of_the_textbooks_has_its_name_its_members_and_its_level(name: str) -> None:
    given, strongest = LITERAL[name]
    found = judged(given)
    members = {each.name for each in given}
    assert [(each.name, set(each.transactions)) for each in found.anomalies] == [(name, members)]
    assert found.strongest == strongest


def test_every_name_has_its_example() -> None:
    from eventlab.checks.anomalies import KINDS

    assert list(LITERAL) == list(KINDS)


def test_a_circle_is_printed_with_who_when_and_which_versions() -> None:
    assert str(serializable(SKEW)) == (
        "serializable: invalid, because 1 × write skew among 2 transactions; "
        "the strongest level that holds is snapshot isolation\n"
        "  write skew (G2-item) among T1, T2\n"
        "    T1 (usher-1, 0.5 s to 0.7 s) read bob@3; T2 (usher-2, 0.6 s to 0.8 s) wrote bob@4 [rw]\n"
        "    T2 (usher-2, 0.6 s to 0.8 s) read ada@3; T1 (usher-1, 0.5 s to 0.7 s) wrote ada@4 [rw]"
    )


def test_a_level_holds_though_a_stronger_one_does_not() -> None:
    assert snapshot_isolation(SKEW).valid is True
    assert snapshot_isolation(SKEW).because == (
        "2 transactions and 2 dependencies between them show no anomaly that it forbids; "
        "the strongest level that holds is snapshot isolation"
    )


def test_nothing_is_strictly_serializable() -> None:
    assert judged([]) == Isolation(0, 0, ())
    assert judged([]).strongest == "strict serializable"


@pytest.mark.parametrize("outcome", ["unknown", "failed"])
def test_where_no_transaction_took_effect_nothing_was_judged(outcome: str) -> None:
    for nothing in ([], [T("T1", (("x", 0),), (("x", 1),), outcome)]):
        result = isolation(nothing)
        assert (result.valid, result.because) == (None, "no transaction took effect, as far as anybody knows")


def test_a_shortest_circle_is_told_of_a_large_knot() -> None:
    ring = [T(f"R{at}", ((f"s{at}", 0),), ((f"s{(at + 1) % 9}", 1),)) for at in range(9)]
    assert told(*ring, *SKEW) == [
        ("write skew", ("T1", "T2")),
        ("write skew", ("R0", "R8", "R7", "R6", "R5", "R4", "R3", "R2", "R1")),
    ]


def test_two_who_missed_each_other_are_told_once_by_the_worst_of_it() -> None:
    first = T("T1", (("x", 0), ("z", 1)), (("y", 1),))
    second = T("T2", (("y", 0),), (("x", 1), ("z", 1)))
    assert told(first, second) == [("fractured read", ("T2", "T1"))]


def test_an_unknown_outcome_that_nobody_saw_did_not_happen() -> None:
    maybe = T("T1", SKEW[0].reads, SKEW[0].writes, "unknown")
    assert told(maybe, SKEW[1]) == []


def test_an_unknown_outcome_that_somebody_saw_did_happen() -> None:
    maybe = T("T1", SKEW[0].reads, SKEW[0].writes, "unknown")
    assert told(maybe, SKEW[1], T("T3", (("ada", 4),))) == [("write skew", ("T1", "T2"))]


def test_an_unknown_outcome_is_seen_through_another_one() -> None:
    maybe = T("T1", SKEW[0].reads, SKEW[0].writes, "unknown")
    through = T("T3", (("ada", 4),), (("c", 1),), "unknown")
    assert told(maybe, through, SKEW[1], T("T4", (("c", 1),))) == [("write skew", ("T1", "T2"))]


def test_an_unknown_outcome_did_not_happen_if_another_wrote_that_version() -> None:
    maybe = T("T1", SKEW[0].reads, SKEW[0].writes, "unknown")
    assert told(maybe, SKEW[1], T("T3", (("ada", 3),), (("ada", 4),)), T("T4", (("ada", 4),))) == []


def test_of_two_that_may_have_written_what_was_seen_neither_is_accused() -> None:
    maybe = [T(name, SKEW[0].reads, SKEW[0].writes, "unknown") for name in ("T1", "T3")]
    assert told(*maybe, SKEW[1], T("T4", (("ada", 4),))) == []


def test_what_a_failed_one_wrote_is_read_also_below_later_events() -> None:
    failed = T("T1", (), (("x", 1),), "failed")
    assert told(failed, T("T2", (), (("x", 2),)), T("T3", (("x", 2),))) == [("aborted read", ("T1", "T3"))]


def test_a_version_that_a_failed_one_did_not_get_is_no_aborted_read() -> None:
    failed = T("T1", (), (("x", 1),), "failed")
    assert told(failed, T("T2", (), (("x", 1),)), T("T3", (("x", 1),))) == []


@pytest.mark.parametrize(
    "others",
    [
        [T("T2", (), (("x", 1),), "unknown"), T("T4", (), (("x", 1),), "unknown")],
        [T("T2", outcome="unknown", unplaced=("x",))],
        [T("T2", unplaced=("x",))],
    ],
)
def test_what_another_may_have_written_is_no_aborted_read(others: list[Transaction]) -> None:
    failed, reader = T("T1", (), (("x", 1),), "failed"), T("T3", (("x", 1),))
    assert told(failed, *others, reader) == []
    assert told(failed, reader) == [("aborted read", ("T1", "T3"))]


def test_an_unknown_outcome_is_not_seen_where_another_may_have_written_that_version() -> None:
    maybe, seen = T("T1", SKEW[0].reads, SKEW[0].writes, "unknown"), T("T3", (("ada", 4),))
    assert told(maybe, SKEW[1], seen, T("T4", unplaced=("bob",))) == [("write skew", ("T1", "T2"))]
    assert told(maybe, SKEW[1], seen, T("T4", unplaced=("ada",))) == []


def test_a_gap_that_strangers_wrote_still_orders() -> None:
    assert told(T("T1", (("x", 3), ("y", 9))), T("T2", (("x", 5),), (("y", 7),)), T("T3", (), (("x", 4),))) == [
        ("read skew", ("T1", "T3", "T2"))
    ]


@pytest.mark.parametrize(
    ("reads", "writes", "name"),
    [
        ((("x", 1), ("x", 3)), (), "non-repeatable read"),
        ((("x", 1),), (("x", 3),), "lost update"),
        ((("x", 3),), (("x", 1),), "circular information flow"),
        ((), (("x", 1), ("x", 3)), "dirty write"),
    ],
)
def test_a_stranger_who_wrote_between_two_steps_of_one_is_seen_by_the_gap(
    reads: tuple[tuple[str, int], ...], writes: tuple[tuple[str, int], ...], name: str
) -> None:
    ((found, members),) = told(T("T1", reads, writes))
    assert (found, set(members)) == (name, {"T1", "a stranger"})
    assert told(T("T1", reads, writes, unplaced=("x",))) == []  # the gap may be its own


def test_readers_who_disagree_about_what_strangers_wrote_are_found() -> None:
    first, second = T("T1", (("a", 1), ("b", 0))), T("T2", (("a", 0), ("b", 1)))
    assert [(name, set(members)) for name, members in told(first, second)] == [
        ("long fork", {"T1", "T2", "a stranger"})
    ]
    early, late = T("T1", (("a", 1),), began=0.0, ended=1.0), T("T2", (("a", 0),), began=2.0, ended=3.0)
    assert [name for name, _ in told(early, late)] == ["stale order"]
    assert told(early, T("T2", (("a", 2),), began=2.0, ended=3.0)) == []


def test_a_read_and_the_writes_on_top_of_it_leave_no_gap() -> None:
    alone = T("T1", (("x", 7), ("x", 9)), (("x", 8), ("x", 9), ("x", 10)))
    assert told(alone) == []
    assert [each.writes for each in strangers(settled([alone]), writers_of([alone]))] == [(("x", 7),)]


def test_reading_what_one_has_written_oneself_says_nothing() -> None:
    assert told(T("T1", (("x", 0), ("x", 1)), (("x", 1),)), T("T2", (("x", 1),), (("x", 2),))) == []


def test_two_that_meet_at_one_moment_are_in_no_order() -> None:
    early, late = T("T1", (), (("x", 1),), began=0.0, ended=1.0), T("T2", (("x", 0),), began=1.0, ended=2.0)
    assert told(early, late) == []


def test_real_time_counts_across_others_that_have_nothing_to_do_with_it() -> None:
    between = [T(f"B{at}", (("z", 0),), began=1.0 + at, ended=1.5 + at) for at in range(3)]
    early, late = T("T1", (), (("x", 1),), began=0.0, ended=0.9), T("T2", (("x", 0),), began=9.0, ended=10.0)
    ((name, members),) = told(early, *between, late)
    assert (name, sorted(members)) == ("stale order", ["T1", "T2"])


def test_writes_that_nobody_can_place_leave_it_unknown_unless_something_is_wrong_without_them() -> None:
    blind = T("T9", unplaced=("x",))
    result = isolation([blind])
    assert (result.valid, result.because) == (None, "1 of 1 transactions wrote at versions nobody noted")
    assert isolation([blind, *SKEW]).valid is False


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValue, match="repeatable"):
        isolation([], "repeatable")


def test_a_transaction_with_a_version_below_nothing_or_another_outcome_is_refused() -> None:
    for wrong in (
        lambda: T("T1", (("x", -1),)),
        lambda: T("T1", (), (("x", 0),)),
        lambda: T("T1", outcome="fine"),
    ):
        with pytest.raises(InvalidValue, match="T1"):
            wrong()


def test_operations_become_transactions_by_their_steps() -> None:
    asked = [["r", "x", None], ["w", "x", None], ["r", "x", None]]
    got = [["r", "x", 3], ["w", "x", 4], ["r", "x", 4]]
    given = [
        Operation("client-1", "transaction", "", 1.0, asked, "ok", 2.0, got),
        Operation("client-2", "read", "x", 1.0, None, "ok", 2.0, 3),
        Operation("client-3", "transaction", "", 1.0, asked, "unknown"),
    ]
    assert transactions(given) == [
        T("T1", (("x", 3), ("x", 4)), (("x", 4),), "ok", "client-1", 1.0, 2.0),
        T("T2", (), (), "unknown", "client-3", 1.0, None, ("x",)),
    ]


@pytest.mark.parametrize("steps", [None, "rx3", [["r", "x"]], [["a", "x", 1]], [["r", "x", "1"]], [["r", "x", True]]])
def test_steps_that_are_none_are_refused(steps: object) -> None:
    with pytest.raises(InvalidValue, match="T1"):
        transactions([Operation("client-1", "transaction", "", 1.0, steps, "ok", 2.0)])


def test_what_took_effect_after_its_client_gave_up_comes_before_nobody_by_real_time() -> None:
    late = Transaction("late", (), (("a", 2),), "unknown", "", 0.0, 1.0)
    first = Transaction("first", (("a", 0),), (("a", 1),), "ok", "", 5.0, 6.0)
    reader = Transaction("reader", (("a", 2),), (), "ok", "", 9.0, 9.5)
    assert strict_serializable([late, first, reader]).valid is True
    on_time = msgspec.structs.replace(late, outcome="ok")
    assert strict_serializable([on_time, first, reader]).valid is False


def test_an_unknown_write_that_somebody_wrote_above_took_effect() -> None:
    unknown = T("U", (("b", 0),), (("a", 1),), "unknown")
    skewed = T("W", (("a", 0),), (("b", 1),))
    assert serializable([unknown, skewed]).valid is True
    assert serializable([unknown, skewed, T("V", (), (("a", 2),))]).valid is False
    claimed_twice = T("X", (), (("a", 1),), "unknown")
    assert serializable([unknown, claimed_twice, skewed, T("V", (), (("a", 2),))]).valid is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"reads": (("a", "1"),)},
        {"reads": ("a", 1)},
        {"reads": (("a", 1, 2),)},
        {"reads": "a"},
        {"writes": ((1, "a"),)},
        {"writes": {"a": 1}},
        {"writes": (("a", 1.5),)},
        {"writes": (("a", True),)},
        {"began": 2.0, "ended": 1.0},
        {"began": 2.0, "ended": math.nan},
    ],
)
def test_a_transaction_that_cannot_have_been_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=r"of T|by T"):
        Transaction("T", **wrong)
