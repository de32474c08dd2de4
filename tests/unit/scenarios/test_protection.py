"""The policies of a file are those that its clients have."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.resilience import Breaker, CircuitBreaker, CircuitBreakerConfig, Exponential, Retry
from eventlab.scenarios import run_virtual
from eventlab.scenarios.kinds import FRONT
from eventlab.scenarios.loading import load
from eventlab.scenarios.model import Scenario
from eventlab.scenarios.protection import Protection, timeout_of

from .documents import MODELLED, put

SHARDED = MODELLED.replace("calls: [db]", "shards: [db, fs]").replace("load:", "  fs: {model: {latency: 1ms}}\nload:")


def scenario(folder: Path, *sets: str, text: str = MODELLED) -> Scenario:
    return load(put(folder, text, orders=None), sets).scenario


def circuit(protection: Protection, target: str) -> CircuitBreaker:
    policy = protection.policy_for(target)
    assert isinstance(policy, Breaker) and isinstance(policy.circuit, CircuitBreaker)
    return policy.circuit


def test_a_breaker_is_told_what_the_file_says(tmp_path: Path) -> None:
    rule = (
        "policies.breaker={window_for: 10s, minimum_calls: 7, failure_rate: 40%, slow_call: 1s, slow_call_rate: 60%, "
        "open_for: 2s, open_growth: 3, open_cap: 50s, open_jitter: 25%, half_open_calls: 2, half_open_for: 9s}"
    )
    assert circuit(Protection("web", scenario(tmp_path, rule)), "db").config == CircuitBreakerConfig(
        window_s=10,
        minimum_calls=7,
        failure_rate=0.4,
        slow_call_s=1,
        slow_call_rate=0.6,
        open_s=2,
        open_backoff=Exponential(2, 3, 50, 0.25),
        half_open_calls=2,
        half_open_max_s=9,
    )


def test_a_file_that_says_nothing_means_what_it_always_meant(tmp_path: Path) -> None:
    found = circuit(Protection("web", scenario(tmp_path)), "db")
    assert (found.name, found.config) == ("web→db", CircuitBreakerConfig(20, 10, 0.5, 5.0, 3))


def test_each_target_has_a_breaker_and_a_budget_of_its_own(tmp_path: Path) -> None:
    sets = ("policies.retry={attempts: 3, budget: {ratio: 20%, floor: 2/s, saved: 5}}",)
    protection = Protection("web", scenario(tmp_path, *sets, text=SHARDED))
    policies = [protection.policy_for(target) for target in ("db", "fs", "db")]
    assert policies[0] is policies[2]
    budgets = []
    for policy in policies[:2]:
        assert policy is not None
        tries, guard = policy.layers
        assert isinstance(tries, Retry) and isinstance(guard, Breaker) and tries.budget is not None
        budgets.append((tries.budget.ratio, tries.budget.floor_per_s, tries.budget.saved_max))
    assert budgets == [(0.2, 2, 5)] * 2
    assert len({id(policy.layers[0].budget) for policy in policies[:2]}) == 2  # type: ignore[union-attr, attr-defined]


def test_all_shards_may_have_one_breaker_together(tmp_path: Path) -> None:
    together = Protection("web", scenario(tmp_path, "policies.breaker.per=shards", text=SHARDED))
    assert circuit(together, "db") is circuit(together, "fs")
    assert circuit(together, "db").name == "web→db+fs"
    apart = Protection("web", scenario(tmp_path, text=SHARDED))
    assert circuit(apart, "db") is not circuit(apart, "fs")


@pytest.mark.parametrize(
    ("front", "attempts", "timeout_s"),
    [("{}", 3, 1.0), ("{call_timeout: 4s, retry: {attempts: 1}}", 1, 4.0), ("{retry: {attempts: 5}}", 5, 1.0)],
)
def test_who_sends_the_load_behaves_as_everybody_else_where_nothing_is_said(
    tmp_path: Path, front: str, attempts: int, timeout_s: float
) -> None:
    found = scenario(tmp_path, "policies.retry.attempts=3", f"policies.front={front}")
    policy = Protection(FRONT, found).policy_for("web")
    assert (1 if policy is None else policy.attempts_max) == attempts  # type: ignore[attr-defined]
    assert (timeout_of(FRONT, found.policies), timeout_of("web", found.policies)) == (timeout_s, 1.0)


def test_replicas_have_breakers_of_their_own_where_the_file_says_so(tmp_path: Path) -> None:
    down = "faults=[{crash: db, at: 1s, for: 5s}]"
    many = ("services.web.model.replicas=3", "load.open.for=5s", down)
    names = {}
    for whose in ("shared", "own"):
        path = put(tmp_path, MODELLED, orders=None)
        summary = run_virtual(load(path, [*many, f"services.web.model.breakers={whose}"])).summary
        names[whose] = [log.name for log in summary.breakers]
    assert names == {"shared": ["web→db"], "own": ["web/1→db", "web/2→db", "web/3→db"]}


def test_answers_are_counted_from_the_moment_that_the_line_names(tmp_path: Path) -> None:
    down = ["load.open.for=20s", "faults=[{crash: web, at: 0s, for: 10s}]", "network.latency=1ms"]
    lines = "expectations=[answers.ok == 0% after 0s, answers.ok == 100% after 10s, answers.ok >= 1 after 15s]"
    summary = run_virtual(load(put(tmp_path, MODELLED, orders=None), [*down, lines])).summary
    assert [line.met for line in summary.expectations] == [False, True, True]
    assert (
        "answers_after" not in run_virtual(load(put(tmp_path, MODELLED, orders=None), down)).summary.to_json().decode()
    )
