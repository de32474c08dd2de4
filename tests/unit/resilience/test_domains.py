"""Numbers that could not work are refused where they are given."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from eventlab.errors import InvalidValue
from eventlab.resilience import CircuitBreakerConfig, CircuitBreakers, deadline, hedge, retry

COUNTS: dict[str, Callable[[float], object]] = {
    **{
        name: lambda value, name=name: CircuitBreakerConfig(**{name: value})  # type: ignore[misc]
        for name in ("window_calls", "minimum_calls", "half_open_calls", "failure_threshold")
    },
    "attempts_max": lambda value: retry(value),  # type: ignore[arg-type]
    "hedges_max": lambda value: hedge(1, idempotent=True, hedges_max=value),  # type: ignore[arg-type]
    "targets_max": lambda value: CircuitBreakers(targets_max=value),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("value", [math.nan, math.inf, 11.5, -1])
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_that_would_never_be_reached_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidValue, match=name):
        COUNTS[name](value)


def test_a_deadline_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidValue, match="deadline"), deadline(math.nan):
        pass
