"""The published experiment, with eventlab's executor and store for clients: same rules, same answers, same ranking."""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path

import pytest

from eventlab.simulation.statistics import Estimate, Replications, replicate
from experiments.backoff import CLIENTS, POLICIES, SERVICE_S, contend
from experiments.table import COLUMNS, REPLICATIONS, Setting, measured, row
from tests.experiments.reference import reference

TABLE = Path(__file__).parents[2] / "data" / "occ_backoff.csv"
FEW = 6


@cache
def ours(clients: int, jitter: str, service_s: float = 0.0) -> Replications:
    def run_one(seed: int) -> dict[str, float | None]:
        run = contend(clients, POLICIES[jitter], seed=seed, service_s=service_s)
        return {"calls": run.calls, "seconds": run.duration_s}

    return replicate(run_one, replications=FEW)


@cache
def published(clients: int, jitter: str) -> Replications:
    def run_one(seed: int) -> dict[str, float | None]:
        calls, seconds = reference(clients, jitter, seed)
        return {"calls": calls, "seconds": seconds}

    return replicate(run_one, replications=FEW, seed=2)


def mean(clients: int, jitter: str, what: str, service_s: float = 0.0) -> float:
    return ours(clients, jitter, service_s).estimate(what).mean


def agree(left: Estimate, right: Estimate) -> bool:
    return abs(left.mean - right.mean) <= math.hypot(left.half_width, right.half_width)


@pytest.mark.parametrize("what", ["calls", "seconds"])
@pytest.mark.parametrize("jitter", POLICIES)
@pytest.mark.parametrize("clients", [10, 50, 100])
def test_the_executor_and_the_store_do_what_the_published_rules_do(clients: int, jitter: str, what: str) -> None:
    left = ours(clients, jitter).estimate(what, confidence=0.999)
    right = published(clients, jitter).estimate(what, confidence=0.999)
    assert agree(left, right), f"{left}; by the published rules {right}"


def test_intervals_are_narrow_enough_to_tell_one_policy_from_another() -> None:
    wrong = [
        (jitter, other)
        for jitter in ("none", "exponential", "decorrelated")
        for other in POLICIES
        if other != jitter
        and agree(
            ours(100, jitter).estimate("calls", confidence=0.999),
            published(100, other).estimate("calls", confidence=0.999),
        )
    ]
    assert wrong == []


def test_without_pauses_work_grows_with_the_square_of_the_clients_and_time_with_their_number() -> None:
    assert mean(100, "none", "calls") / mean(50, "none", "calls") == pytest.approx(4, rel=0.2)
    assert mean(100, "none", "seconds") / mean(50, "none", "seconds") == pytest.approx(2, rel=0.2)


def test_jitter_more_than_halves_the_calls_of_a_hundred_clients() -> None:
    for jitter in ("equal", "full", "decorrelated"):
        assert 2 * mean(100, jitter, "calls") < mean(100, "none", "calls")
    assert 2 * mean(100, "full", "calls") < mean(100, "exponential", "calls")


def ranking(service_s: float) -> list[str]:
    return sorted(POLICIES, key=lambda jitter: mean(100, jitter, "seconds", service_s))


def test_pausing_without_jitter_takes_the_longest_where_the_store_answers_at_once() -> None:
    quickest, *_, slowest = ranking(0.0)
    assert (quickest, slowest) == ("none", "exponential")


def test_the_ranking_turns_round_where_the_store_serves_one_at_a_time() -> None:
    quickest, *_, slowest = ranking(SERVICE_S)
    assert quickest in ("equal", "full")
    assert slowest == "none"


def test_the_committed_table_is_what_this_code_gives() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        heading, *lines = csv.reader(file)
    assert tuple(heading) == COLUMNS
    assert [(line[0], line[1], int(line[2])) for line in lines] == [
        (f"{1000 * service_s:g}", jitter, clients)
        for service_s in (0.0, SERVICE_S)
        for jitter in POLICIES
        for clients in CLIENTS
    ]
    for line in lines:
        if line[2] == "10":
            assert line == row(measured(Setting(float(line[0]) / 1000, line[1], 10, REPLICATIONS)))
