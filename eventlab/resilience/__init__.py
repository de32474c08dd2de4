"""Living with others that fail: backoff, retry, deadline, circuit breaker, and policies made of them.

Begin with `policy`, which puts the others together. Lower-case functions build the layers of an expression; the
classes of the same names are what they build.
"""

from __future__ import annotations

from .adaptive import AdaptiveLimit
from .backoff import Backoff, Constant, Decorrelated, Exponential
from .breaker import CircuitBreaker
from .budget import RetryBudget
from .bulkhead import Bulkhead
from .circuit import Breaker, breaker
from .codel import CoDel
from .config import CircuitBreakerConfig, tells_of_trouble
from .deadline import current_deadline_s, deadline, deadline_at, remaining_s
from .fallback import Fallback, fallback, no_answer
from .gradient import Gradient, GradientConfig
from .header import DEADLINE_HEADER, deadline_from_header, deadline_to_header
from .hedge import Hedge, hedge
from .limited import Limited, Limiter, adaptive_limit, bulkhead, rate_limit, shedding
from .order import PolicyWarning
from .permit import Permit
from .policy import Layer, Policy
from .quorum import quorum
from .rate import RateLimiter, RateLimiters
from .registry import CircuitBreakers
from .retry import Retry, retry, worth_retrying
from .saving import BreakerSnapshot
from .shedder import Shedder
from .state import State
from .timeout import Timeout, timeout

__all__ = [
    "Policy",
    "Layer",
    "PolicyWarning",
    "Retry",
    "retry",
    "Breaker",
    "breaker",
    "Timeout",
    "timeout",
    "Hedge",
    "hedge",
    "Fallback",
    "fallback",
    "no_answer",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakers",
    "BreakerSnapshot",
    "State",
    "Permit",
    "tells_of_trouble",
    "Limited",
    "Limiter",
    "Bulkhead",
    "bulkhead",
    "AdaptiveLimit",
    "Gradient",
    "GradientConfig",
    "adaptive_limit",
    "Shedder",
    "shedding",
    "RateLimiter",
    "RateLimiters",
    "rate_limit",
    "CoDel",
    "Backoff",
    "Constant",
    "Decorrelated",
    "Exponential",
    "quorum",
    "RetryBudget",
    "worth_retrying",
    "deadline",
    "deadline_at",
    "current_deadline_s",
    "remaining_s",
    "DEADLINE_HEADER",
    "deadline_to_header",
    "deadline_from_header",
]
