"""Breakers in the state in which a test wants them."""

from __future__ import annotations

from typing import Any

from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, State


def half_open(probes: int = 3, **told: Any) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(half_open_calls=probes, **told), State.HALF_OPEN)


def closed(**told: Any) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(**told))
