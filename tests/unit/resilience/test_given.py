"""What would only go wrong in an emergency is refused when it is given."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from eventlab.errors import InvalidValue
from eventlab.resilience import (
    AdaptiveLimit,
    CircuitBreaker,
    CircuitBreakerConfig,
    State,
    breaker,
    bulkhead,
    fallback,
    hedge,
    rate_limit,
    retry,
    timeout,
)

OF_ERRORS: dict[str, Callable[[Any], object]] = {
    "is_failure": lambda given: CircuitBreakerConfig(is_failure=given),
    "is_ignored": lambda given: CircuitBreakerConfig(is_ignored=given),
    "retry_on": lambda given: retry(retry_on=given),
    "wait_on": lambda given: hedge(1, idempotent=True, wait_on=given),
    "is_drop": lambda given: AdaptiveLimit("stock", is_drop=given),
    "instead_of": lambda given: fallback(value=0, instead_of=given),
}
"""Each by its name, as the error names it."""


async def asks_somebody(error: object) -> bool:
    return False


GIVEN = {
    "a class": ConnectionError,
    "classes": (OSError, KeyError),
    "a name": "OSError",
    "a number": 503,
    "an async function": asks_somebody,
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", OF_ERRORS)
def test_what_would_say_yes_to_everything_is_no_question_about_an_error(name: str, given: str) -> None:
    with pytest.raises(InvalidValue, match=rf"{name} is .*isinstance\(error"):
        OF_ERRORS[name](GIVEN[given])


OTHERS: dict[str, Callable[[], object]] = {
    "is_failure_result": lambda: CircuitBreakerConfig(is_failure_result=503),  # type: ignore[arg-type]
    "retry_result": lambda: retry(retry_result=None) and retry(retry_result=[503]),  # type: ignore[arg-type]
    "retry_result is <function": lambda: retry(retry_result=asks_somebody),
    "open_backoff": lambda: CircuitBreakerConfig(open_backoff=5),  # type: ignore[arg-type]
    "backoff": lambda: retry(3, 0.5),  # type: ignore[arg-type]
    "open_s is .* 30": lambda: CircuitBreakerConfig(open_s=timedelta(seconds=30)),  # type: ignore[arg-type]
    "half_open_max_s": lambda: CircuitBreakerConfig(half_open_max_s=timedelta(seconds=30)),  # type: ignore[arg-type]
    r"value=\[\]": lambda: fallback([]),  # type: ignore[arg-type]
    "name of a breaker": lambda: CircuitBreaker(CircuitBreakerConfig(open_s=1)),  # type: ignore[arg-type]
    "configuration of stock": lambda: CircuitBreaker("stock", {"open_s": 1}),  # type: ignore[arg-type]
    "state of a breaker": lambda: CircuitBreaker("stock", None, "forced open"),  # type: ignore[arg-type]
    "State.FORCED_OPEN": lambda: CircuitBreaker("stock").switch("forced open"),  # type: ignore[arg-type]
    r"breaker\(circuit\)": lambda: retry(3) | CircuitBreaker("stock"),  # type: ignore[operator]
    r"CircuitBreaker\('payments'\)": lambda: breaker("stock"),  # type: ignore[arg-type]
    r"Bulkhead\('payments', 8\)": lambda: bulkhead(8),  # type: ignore[arg-type]
    "a limit in a policy is 8": lambda: rate_limit(8),  # type: ignore[arg-type]
    "type=BreakerSnapshot": lambda: CircuitBreaker.restored({"name": "stock"}),  # type: ignore[arg-type]
    "timeout, seconds": lambda: timeout(timedelta(seconds=3)),  # type: ignore[arg-type]
    "retry, within_s": lambda: retry(within_s=timedelta(seconds=3)),  # type: ignore[arg-type]
    "retry, attempts_max": lambda: retry("3"),  # type: ignore[arg-type]
    "hedge, after_s": lambda: hedge("0.1", idempotent=True),  # type: ignore[arg-type]
    "such as GradientConfig": lambda: AdaptiveLimit("stock", 5),  # type: ignore[arg-type]
    "@stock": lambda: CircuitBreaker("stock")(classmethod(len)),  # type: ignore[arg-type]
}
"""By what the error says."""


@pytest.mark.parametrize("says", OTHERS)
def test_what_stands_in_a_wrong_place_is_refused_there_and_told_what_would_do(says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        OTHERS[says]()


async def pays(cents: int) -> int:
    raise ConnectionError("the cable is cut")


def passes_on(cents: int) -> Coroutine[Any, Any, int]:
    return pays(cents)


WAYS: dict[str, Callable[[CircuitBreaker], object]] = {
    "run": lambda breaker: breaker.run(pays, 500),
    "run, what gives a coroutine": lambda breaker: breaker.run(partial(passes_on, 500)),
    "around it": lambda breaker: breaker(passes_on)(500),
}


@pytest.mark.parametrize("settings", [{}, {"slow_call_s": 1.0}], ids=["plain", "closely"])
@pytest.mark.parametrize("way", WAYS)
def test_an_async_function_that_is_run_is_refused_and_no_success(way: str, settings: dict[str, Any]) -> None:
    circuit = CircuitBreaker("stock", CircuitBreakerConfig(**settings))
    circuit.switch(State.OPEN)
    circuit.switch(State.HALF_OPEN)
    with pytest.raises(InvalidValue, match=r"await stock\.call"):
        WAYS[way](circuit)
    assert (circuit.calls, circuit.permits_left) == (0, 3)
