from __future__ import annotations

import pytest

from eventlab.checks.availability import Outage, bounded_unavailability, calls, outages, recovered
from eventlab.checks.conditions import FaultWindow
from eventlab.errors import InvalidValue
from eventlab.history import Entry, Operation
from eventlab.hooks import CallEnded, CallStarted

CUT = FaultWindow("partition a|b", 2.0, 5.0)


def op(target: str, invoked: float, ended: float | None, outcome: str = "ok") -> Operation:
    return Operation("client", "buy", target, invoked, None, outcome, ended)


def test_calls_are_operations_on_their_targets_and_a_refusal_is_an_answer() -> None:
    entries = [
        Entry(1.0, "", CallStarted(1, "front", "desk", "sell")),
        Entry(1.5, "", CallStarted(2, "front", "desk", "sell")),
        Entry(2.0, "", CallEnded(1, "front", "desk", "sell", "refused", 1.0)),
    ]
    assert calls(entries) == [
        Operation("front", "sell", "desk", 1.0, None, "ok", 2.0),
        Operation("front", "sell", "desk", 1.5, None, "unknown", None),
    ]


SERVED = [
    op("desk", 0.0, 1.0),
    op("desk", 2.0, 3.0, "failed"),
    op("desk", 4.0, None, "unknown"),
    op("desk", 6.0, 7.0),
    op("till", 2.0, 9.0, "failed"),
]


def test_an_outage_lasts_from_the_first_vain_try_to_the_next_success_on_that_target() -> None:
    assert outages(SERVED) == [Outage("desk", 2.0, 7.0, 2, 5.0), Outage("till", 2.0, None, 1, 7.0)]


def test_time_within_faults_is_excused_once_however_many_there_are() -> None:
    excused = [CUT, FaultWindow("crash a", 4.0, 6.0)]
    assert [each.counted_s for each in outages(SERVED, excused)] == [1.0, 3.0]
    assert [each.counted_s for each in outages(SERVED, [FaultWindow("crash a", 4.0, None)])] == [2.0, 2.0]


def test_unavailability_has_a_bound_for_each_target() -> None:
    result = bounded_unavailability("served", SERVED, bound_s=5.0)
    assert str(result) == (
        "served: invalid, because 1 outages last longer than 5 s\n  till: 1 operations in vain from 2 s to the end"
    )
    assert bounded_unavailability("served", SERVED, bound_s=7.0).valid is True
    assert bounded_unavailability("served", SERVED, bound_s=4.0, excused=[CUT]).because == (
        "the longest of 2 outages lasts 4 s outside of faults, the bound is 4 s"
    )
    assert bounded_unavailability("served", [], bound_s=1.0).valid is None


@pytest.mark.parametrize(
    ("asked", "valid"),
    [
        ([op("desk", 1.0, None, "unknown"), op("till", 60.0, 61.0)], None),
        ([op("desk", 1.0, 2.0, "failed"), op("desk", 3.0, None, "unknown"), op("till", 60.0, 61.0)], None),
        ([op("desk", 1.0, None, "unknown"), op("till", 10.0, 11.0)], True),  # no longer than the bound
        ([op("desk", 1.0, None, "unknown"), op("desk", 9.0, 9.5), op("till", 60.0, 61.0)], True),  # others were served
        ([op("desk", 1.0, 2.0, "failed"), op("till", 60.0, 61.0)], True),  # nobody waits any more
        ([op("desk", 1.0, None, "unknown"), op("till", 2.0, 60.0, "failed")], False),  # that one is known
    ],
)
def test_whoever_was_never_answered_may_have_waited_to_the_end(asked: list[Operation], valid: bool | None) -> None:
    assert bounded_unavailability("served", asked, bound_s=10.0).valid is valid


def test_the_time_of_a_fault_is_excused_to_who_waits_too() -> None:
    asked, cut = [op("desk", 1.0, None, "unknown"), op("till", 19.0, 20.0)], FaultWindow("crash desk", 2.0, None)
    assert bounded_unavailability("served", asked, bound_s=10.0).because == (
        "1 outages may last longer than 10 s: an operation was never answered"
    )
    assert bounded_unavailability("served", asked, bound_s=10.0, excused=[cut]).valid is True


@pytest.mark.parametrize(
    ("asked", "valid"),
    [
        ([op("desk", 4.0, 6.0)], True),  # invoked before, answered after
        ([op("desk", 6.0, 9.5)], False),
        ([op("desk", 1.0, 2.0)], None),
        ([op("desk", 6.0, 6.5, "failed")], None),  # it may still come in time
        ([op("desk", 6.0, 6.5, "failed"), op("desk", 9.0, 9.5, "failed")], False),
        ([op("desk", 5.5, 6.0), op("till", 9.0, 9.5, "failed")], False),
        ([op("desk", 9.0, 9.0)], None),  # nobody had asked before
        ([op("desk", 5.5, 5.6, "failed"), op("desk", 9.0, 9.5)], None),
        ([op("desk", 1.0, 8.0, "failed"), op("desk", 9.0, 9.5)], None),  # the fault may have swallowed it
        ([op("desk", 9.0, 9.5), op("desk", 9.6, 9.7, "failed")], None),
        ([op("desk", 5.5, None, "unknown"), op("desk", 8.0, None, "unknown"), op("desk", 9.0, 9.5)], False),
        ([], None),
    ],
)
def test_recovery_is_the_first_success_after_healing(asked: list[Operation], valid: bool | None) -> None:
    assert recovered("back", asked, healed_s=5.0, within_s=2.0).valid is valid


def test_nothing_has_recovered_while_a_fault_holds() -> None:
    assert recovered("back", SERVED, healed_s=None, within_s=2.0).valid is None


def test_bounds_below_nothing_are_refused() -> None:
    for wrong in (
        lambda: bounded_unavailability("x", [], bound_s=float("nan")),
        lambda: recovered("x", [], healed_s=0.0, within_s=-1.0),
    ):
        with pytest.raises(InvalidValue, match="_s"):
            wrong()
