"""What a breaker makes of its window, and why, in words. Nothing happens here."""

from __future__ import annotations

from .config import CircuitBreakerConfig
from .state import State
from .window import Window


def judge(config: CircuitBreakerConfig, window: Window, probing: bool) -> tuple[State, str] | None:
    """The state to go to now, with the reason: ``11 of 20 calls failed (55 % ≥ 50 %)``. None to stay."""
    if config.failure_threshold is not None and not probing:
        return _row(config.failure_threshold, window)
    calls = window.calls
    if calls < (config.half_open_calls if probing else config.minimum_calls):
        return None
    what = "probes" if probing else "calls"
    failed = window.failures / calls
    if failed >= config.failure_rate:
        return State.OPEN, f"{window.failures} of {calls} {what} failed ({_compared(failed, '≥', config.failure_rate)})"
    if config.slow_call_s is not None and window.slows / calls >= config.slow_call_rate:
        compared = _compared(window.slows / calls, "≥", config.slow_call_rate)
        return State.OPEN, f"{window.slows} of {calls} {what} were slow, over {config.slow_call_s:g} s ({compared})"
    if not probing:
        return None
    reason = f"{window.failures} of {calls} probes failed ({_compared(failed, '<', config.failure_rate)})"
    return State.CLOSED, reason


def known_rate(config: CircuitBreakerConfig, window: Window, probing: bool) -> float | None:
    """The share of calls that failed, or None as long as fewer are known than are needed to judge by it."""
    if config.failure_threshold is not None and not probing:
        return None
    minimum = config.half_open_calls if probing else config.minimum_calls
    return window.failures / window.calls if window.calls >= minimum else None


def known_slow_rate(config: CircuitBreakerConfig, window: Window, probing: bool) -> float | None:
    """The share of calls that were slow, where that matters; None as `known_rate`."""
    if config.slow_call_s is None or known_rate(config, window, probing) is None:
        return None
    return window.slows / window.calls


def _row(threshold: int, window: Window) -> tuple[State, str] | None:
    if window.failures < threshold:
        return None
    return State.OPEN, f"{window.failures} calls in a row failed (failure_threshold is {threshold})"


def _compared(share: float, sign: str, threshold: float) -> str:
    return f"{share * 100:.3g} % {sign} {threshold * 100:.3g} %"
