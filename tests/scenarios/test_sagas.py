"""What a saga survives: each scenario is met as it is shipped, and fails at once without what it is about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.reports.wording import sagas_line
from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.runs import Run

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NAMES = ["lost-reply", "partition-during-compensation", "driver-crash", "stuck-compensation"]

ASKED_ONCE = ("policies.saga.step_attempts=1",)
NOTHING_UNDONE = ("policies.saga.compensation=false",)
UNSAFE_LOG = ("services.orders.store={synchronous: write-back, flush_every: 500ms}",)
NOBODY_THERE = ("policies.saga.operator=null",)


@cache
def run_of(name: str, *sets: str) -> Run:
    return run_virtual(load(SCENARIOS / f"{name}.yaml", list(sets)))


def unmet(name: str, *sets: str) -> list[str]:
    return [line.text for line in run_of(name, *sets).summary.expectations if not line.met]


def broken(name: str, *sets: str) -> list[str]:
    return [line.name for line in run_of(name, *sets).summary.invariants if line.valid is not True]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [3, 4])
def test_all_is_met_and_by_no_luck_of_the_seed(name: str, seed: int) -> None:
    assert unmet(name, f"seed={seed}") == []


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("lost-reply", ASKED_ONCE),
        ("partition-during-compensation", NOTHING_UNDONE),
        ("driver-crash", UNSAFE_LOG),
        ("stuck-compensation", NOBODY_THERE),
    ],
)
def test_without_what_it_is_about_its_first_expectation_fails(name: str, sets: tuple[str, ...]) -> None:
    assert run_of(name, *sets).summary.expectations[0].met is False


@pytest.mark.parametrize("name", NAMES)
def test_without_its_faults_an_expectation_says_that_nothing_was_survived(name: str) -> None:
    assert unmet(name, "faults=[]") != []


def test_the_numbers_that_the_files_tell_are_those_of_their_runs() -> None:
    def stays(name: str, *sets: str) -> str:
        (line,) = [line for line in run_of(name, *sets).summary.invariants if line.name == "no money stays reserved"]
        return line.because

    assert run_of("lost-reply", *ASKED_ONCE).summary.sagas.compensated == 8
    assert stays("lost-reply", *ASKED_ONCE, *NOTHING_UNDONE) == "8 open payments of ended checkouts"
    assert stays("partition-during-compensation", *NOTHING_UNDONE) == "4 open payments of ended checkouts"
    assert run_of("driver-crash", *UNSAFE_LOG).summary.sagas.started == 48
    cut, whole = (run_of("partition-during-compensation", *sets).summary.sagas for sets in ((), ("faults=[]",)))
    assert (cut.compensated, whole.compensated, whole.started) == (28, 8, 50)


def test_a_driver_that_comes_back_takes_up_what_it_left_in_the_middle() -> None:
    moves = [moved for _, moved in of_kind(run_of("driver-crash").entries, hooks.SagaMoved)]
    taken_up = {moved.saga for moved in moves if moved.phase == "taken_up"}
    ended = {moved.saga for moved in moves if moved.phase in ("completed", "compensation_completed")}
    assert len(taken_up) == 2 and taken_up <= ended


@pytest.mark.parametrize(("sets", "begins_s", "ends_s"), [((), 8, 20), (("policies.front.patience=40s",), 43, 55)])
def test_whoever_asked_a_life_that_died_asks_again_once_the_patience_is_over(
    sets: tuple[str, ...], begins_s: int, ends_s: int
) -> None:
    """The last customer asked in the last crash, at eight seconds or so."""
    summary = run_of("driver-crash", *sets).summary
    assert summary.answers.ok == 50 and begins_s < summary.duration_s < ends_s


def test_who_was_stuck_is_told_and_who_was_helped_is_undone() -> None:
    alone, helped = (run_of("stuck-compensation", *sets).summary for sets in (NOBODY_THERE, ()))
    assert broken("stuck-compensation", *NOBODY_THERE) == ["every checkout ends"]
    assert alone.sagas.stuck == helped.sagas.helped == 28
    assert helped.sagas.stuck + helped.sagas.unfinished == 0
    assert sagas_line(helped.sagas).endswith(f"; {helped.sagas.helped} went on by hand")
    assert "by hand" not in sagas_line(alone.sagas)


def test_enough_patience_needs_nobody() -> None:
    assert unmet("stuck-compensation", "policies.saga.stuck_after=10min") == ["sagas.helped >= 5"]
