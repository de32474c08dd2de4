"""The warm-up of a scenario, found in a few runs of it."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.errors import RunRefused
from eventlab.history import Entry
from eventlab.runtime import seeded
from eventlab.scenarios.settling import PILOTS, Served, served, settled_s, warm_up_of
from tests.unit.scenarios.test_replicating import CHAIN, SHORT, ScenarioRun


def runs(beginning_s: float, count: int = 400) -> list[list[Served]]:
    """Something is asked for twice in a second, and takes longer in the first thirty."""
    found = []
    for number in range(PILOTS):
        chance = seeded(number, "settling")
        found.append([(at / 2, chance.uniform(1, 2) + beginning_s * (at < 60)) for at in range(count)])
    return found


def test_a_planted_warm_up_is_found_in_time() -> None:
    assert settled_s(runs(3.0), "a") == 30.0


def test_what_began_as_it_went_on_loses_little() -> None:
    assert settled_s(runs(0.0), "a") < 15


def test_what_never_settles_and_what_hardly_answers_is_refused_by_name() -> None:
    growing = [[(float(at), float(at)) for at in range(200)] for _ in range(PILOTS)]
    with pytest.raises(RunRefused, match="--warm-up auto: b does not settle in the first half of its run"):
        settled_s(growing, "b")
    with pytest.raises(RunRefused, match="--warm-up auto: fewer than fifty answers came in some run of b"):
        settled_s(runs(0.0, count=40), "b")


def test_only_what_was_answered_counts_in_the_order_in_which_it_was_asked_for() -> None:
    asked = [Entry(float(number), "front", hooks.OperationInvoked(number, "c", "work", "x")) for number in (1, 2, 3)]
    ends = [Entry(5.0, "front", hooks.OperationEnded(3, "failed")), Entry(6.0, "front", hooks.OperationEnded(2, "ok"))]
    last = Entry(9.0, "front", hooks.OperationEnded(1, "ok"))
    assert served([*asked, *ends, last]) == [(1.0, 8.0), (2.0, 4.0)]


def test_all_variants_get_the_longest_warm_up_of_any_whoever_looks_for_it() -> None:
    longer = ("load.open.for=8s", *SHORT[1:])
    variants = {"a": ScenarioRun(CHAIN, longer), "b": ScenarioRun(CHAIN, (*longer, "load.open.rate=40/s"))}
    alone = [warm_up_of({label: run}, 1) for label, run in variants.items()]
    assert warm_up_of(variants, 1) == max(alone)
