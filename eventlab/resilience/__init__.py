"""Living with others that fail: backoff, retry, deadline, circuit breaker, and policies made of them.

Begin with `policy`, which puts the others together.
"""

from __future__ import annotations

from .backoff import Backoff, Constant, Decorrelated, Exponential
from .breaker import CircuitBreaker, Permit, State
from .codel import CoDel
from .config import CircuitBreakerConfig, tells_of_trouble
from .deadline import current_deadline_s, deadline, deadline_at, remaining_s
from .policy import Breaker, Policy, Retry, Timeout
from .quorum import quorum
from .retry import RetryBudget, retry, worth_retrying

__all__ = [
    "Policy",
    "Retry",
    "Breaker",
    "Timeout",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "State",
    "Permit",
    "tells_of_trouble",
    "CoDel",
    "Backoff",
    "Constant",
    "Decorrelated",
    "Exponential",
    "quorum",
    "retry",
    "RetryBudget",
    "worth_retrying",
    "deadline",
    "deadline_at",
    "current_deadline_s",
    "remaining_s",
]
