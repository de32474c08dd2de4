"""Chapter 1: its exercise takes our solution and refuses what only looks like one; its arithmetic can be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from eventlab.errors import RunRefused
from eventlab.history import Entry
from eventlab.hooks import CallEnded
from eventlab.runtime import monotonic
from eventlab.scenarios import Run, load, run_virtual
from eventlab.services import DROP, PASS, Envelope, Fate, FateRule
from eventlab.teaching import chapter01
from eventlab.teaching.realclock import RealClock
from tests.sources import ROOT

SCENARIO = ROOT / "scenarios" / "payment-outage.yaml"
FIFTY = ["load.orders.first=50", "faults.0.at=8s", "faults.0.for=12s"]


def by_the_wall_clock(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    installed_s = time.monotonic()

    def rule(envelope: Envelope) -> Fate:
        cut = sorted((envelope.source, envelope.target)) == sorted((left, right))
        return DROP if cut and began_s <= time.monotonic() - installed_s < ended_s else PASS

    return rule


def one_way(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    def rule(envelope: Envelope) -> Fate:
        cut = (envelope.source, envelope.target) == (left, right)
        return DROP if cut and began_s <= monotonic() < ended_s else PASS

    return rule


def for_everybody(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    return lambda envelope: DROP if began_s <= monotonic() < ended_s else PASS


def for_ever(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    def rule(envelope: Envelope) -> Fate:
        cut = sorted((envelope.source, envelope.target)) == sorted((left, right))
        return DROP if cut and monotonic() >= began_s else PASS

    return rule


def only_once(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    over = False

    def rule(envelope: Envelope) -> Fate:
        nonlocal over
        over = over or monotonic() >= ended_s
        cut = sorted((envelope.source, envelope.target)) == sorted((left, right))
        return DROP if cut and not over and monotonic() >= began_s else PASS

    return rule


def test_our_solution_holds() -> None:
    checked = chapter01.exercise.check(chapter01.exercise.solution)
    assert (checked.status, checked.text) == ("held", "All 4 laws hold, tried on 9 inputs.")


@pytest.mark.parametrize(
    ("answer", "law"),
    [(by_the_wall_clock, 0), (one_way, 0), (for_ever, 1), (for_everybody, 2), (only_once, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_answer_that_only_looks_right_is_refused_by_the_law_it_breaks(
    answer: Callable[..., FateRule], law: int
) -> None:
    checked = chapter01.exercise.check(answer)
    assert checked.broken is not None
    assert checked.broken.law == chapter01.exercise.laws[law].text


@pytest.mark.parametrize("answer", [None, ..., lambda left, right, began_s, ended_s: None])
def test_no_answer_is_not_yet_one(answer: object) -> None:
    assert chapter01.exercise.check(answer).status == "not yet"


def test_its_size_is_told() -> None:
    assert chapter01.exercise.solution_lines == 6


@pytest.fixture(scope="module")
def sound() -> Run:
    return run_virtual(load(SCENARIO, FIFTY))


@pytest.fixture(scope="module")
def naive() -> Run:
    return run_virtual(load(SCENARIO, [*FIFTY, "policies.saga.compensation=false"]))


def test_the_laws_are_told_with_witnesses(sound: Run, naive: Run) -> None:
    assert repr(chapter01.laws(sound)) == "✓ All 9 laws hold."
    told = repr(chapter01.laws(naive))
    assert told.startswith("✗ 1 of 9 laws broke. “every order is decided”: ")
    assert "1997-01-02-0020" in told


def test_orders_that_ended_otherwise_are_named(sound: Run, naive: Run) -> None:
    assert chapter01.ended_otherwise(sound, sound) == []
    left, right = chapter01.ends(sound), chapter01.ends(naive)
    assert len(left) == len(right) == 50
    assert chapter01.ended_otherwise(sound, naive) == [order for order in sorted(left) if left[order] != right[order]]


def test_theory_agrees_with_the_run(sound: Run) -> None:
    assert [one.what for one in chapter01.against_theory(sound) if not one.agrees] == []


def test_a_run_that_contradicts_theory_is_found(sound: Run) -> None:
    """A call that is lost while the network is whole is in nobody's account."""
    stray = Entry(2.0, "orders", CallEnded(9999, "orders", "payments", "ReservePayment", "unknown", 1.0))
    planted = Run(sound.scenario, [stray, *sound.entries], sound.summary)
    wrong = [one.row() for one in chapter01.against_theory(planted) if not one.agrees]
    assert [row[0] for row in wrong] == [
        "lost calls that trip the breaker",
        "… with those under way then, and the probes",
    ]
    assert {row[-1] for row in wrong} == {"NO"}


def test_two_runs_stand_side_by_side(sound: Run, naive: Run) -> None:
    table = chapter01.side_by_side(naive=naive, sound=sound)
    assert table.head == ("", "naive", "sound")
    assert ("laws that hold", "8 of 9", "9 of 9") in table.rows
    assert table._repr_html_().count("<tr>") == 1 + len(table.rows)


def test_a_real_clock_that_is_refused_says_why() -> None:
    with pytest.raises(RunRefused, match="speed 5000"):
        RealClock(SCENARIO, FIFTY, speed=5000).run()
