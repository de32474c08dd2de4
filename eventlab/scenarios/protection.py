"""The policies of one client, as a scenario has them: made for each target when it is first called, and kept."""

from __future__ import annotations

from collections.abc import Mapping

from ..resilience import CircuitBreaker, Policy, breaker, retry
from .kinds import FRONT
from .model import Model, ModelledService, Policies, Scenario
from .protecting import BreakerRule, RetryRule


class Protection:
    """Each target has a breaker of its own, or all shards of the caller one together; and a budget, if there is one.

    They last as long as the client: a caller that crashed begins with closed ones. Who sends the load has none:
    customers do not stop clicking.
    """

    def __init__(self, source: str, scenario: Scenario, name: str = "") -> None:
        policies = scenario.policies
        self._name = name or source
        self._breaker = policies.breaker if policies.breaker.enabled and source != FRONT else None
        self._retry = retry_of(source, policies)
        self._together = _shards_of(scenario, source) if policies.breaker.per == "shards" else {}
        self._policies: dict[str, Policy | None] = {}
        self._circuits: dict[str, CircuitBreaker] = {}

    def policy_for(self, target: str) -> Policy | None:
        if target not in self._policies:
            self._policies[target] = self._make(target)
        return self._policies[target]

    def _make(self, target: str) -> Policy | None:
        rule = self._retry
        tries = None
        if rule.attempts > 1:
            budget = None if rule.budget is None else rule.budget.as_budget()
            tries = retry(rule.attempts, rule.backoff.as_backoff(), budget=budget)
        if self._breaker is None:
            return tries
        guard = breaker(self._circuit(self._together.get(target, target), self._breaker))
        return guard if tries is None else tries | guard

    def _circuit(self, of: str, rule: BreakerRule) -> CircuitBreaker:
        if of not in self._circuits:
            self._circuits[of] = CircuitBreaker(f"{self._name}→{of}", rule.as_config())
        return self._circuits[of]


def retry_of(source: str, policies: Policies) -> RetryRule:
    """How *source* tries again."""
    return policies.front.retry or policies.retry if source == FRONT else policies.retry


def timeout_of(source: str, policies: Policies) -> float:
    """How long *source* waits for an answer, in seconds."""
    return policies.front.call_timeout_s or policies.call_timeout_s if source == FRONT else policies.call_timeout_s


def _shards_of(scenario: Scenario, source: str) -> Mapping[str, str]:
    """Each shard that *source* calls, with the name of all of them together."""
    match scenario.services.get(source):
        case ModelledService(model=Model(shards=shards)):
            return dict.fromkeys(shards, "+".join(shards))
        case _:
            return {}
