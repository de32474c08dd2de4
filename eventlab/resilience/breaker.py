"""A circuit breaker: stops calling a target that keeps failing, and asks carefully whether it is back.

Every change of state begins a new period, with a number of its own. A call's
permit belongs to the period in which it was given, and its result counts only
in that one: a straggler decides nothing.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .. import hooks, runtime
from ..errors import CircuitOpen
from .config import CircuitBreakerConfig
from .window import CountWindow

T = TypeVar("T")


class State(enum.Enum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    """Calls pass and are counted."""
    OPEN = "open"
    """Calls are rejected until the open time is over; the first one after that begins the half-open period."""
    HALF_OPEN = "half-open"
    """A fixed number of probes pass, and decide."""
    DISABLED = "disabled"
    """Calls pass and nothing is counted."""
    FORCED_OPEN = "forced open"
    """Calls are rejected until somebody switches the breaker back."""
    METRICS_ONLY = "metrics only"
    """Calls pass and are counted, and the breaker never opens."""


class Permit:
    """Leave to make one call. It is settled once: by a success, by a failure, or by being given back."""

    __slots__ = ("_breaker", "_period", "_settled")

    def __init__(self, breaker: CircuitBreaker, period: int) -> None:
        self._breaker = breaker
        self._period = period
        self._settled = False

    def success(self) -> None:
        """The target answered well."""
        self._settle(False)

    def failure(self) -> None:
        """The target is unwell."""
        self._settle(True)

    def release(self) -> None:
        """Nothing was learnt: the call was cancelled, or its end says nothing about the target."""
        self._settle(None)

    def _settle(self, failed: bool | None) -> None:
        if not self._settled:
            self._settled = True
            self._breaker._settle(self._period, failed)


class CircuitBreaker:
    """One breaker for one target, kept by whoever calls it.

    Everything between two awaits is one step on an event loop, so deciding and changing state are one.
    Only the monotonic clock is used.
    """

    def __init__(self, name: str, config: CircuitBreakerConfig | None = None, state: State = State.CLOSED) -> None:
        self.name = name
        self.config = config or CircuitBreakerConfig()
        self._window = CountWindow(self.config.window_calls)
        self._state = state
        self._period = 0
        self._probes_left = 0
        self._open_until_s = 0.0

    @property
    def state(self) -> State:
        """The state that the last call left behind: OPEN also when its time is over and nobody has called since."""
        return self._state

    @property
    def calls(self) -> int:
        """Calls that are counted in the present window."""
        return self._window.calls

    @property
    def failures(self) -> int:
        """Calls in the present window that failed."""
        return self._window.failures

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` if the circuit allows it. The caller gets the call's own result, or its own exception."""
        permit = self.acquire()
        try:
            result = await f(*args)
        except BaseException as error:
            failed = False
            try:
                failed = self.config.is_failure(error)
            finally:  # a predicate that breaks must not keep a permit
                permit.failure() if failed else permit.release()
            raise
        permit.success()
        return result

    def acquire(self) -> Permit:
        """Leave to make one call now. Raises `CircuitOpen`, which says how long to wait."""
        if self._state is State.OPEN:
            wait_s = self._open_until_s - runtime.monotonic()
            if wait_s > 0:
                raise CircuitOpen(self.name, wait_s)
            self._change(State.HALF_OPEN, f"{self.config.open_s:g} s have passed")
        if self._state is State.HALF_OPEN:
            if not self._probes_left:  # should the probes fail, it will be open for that long
                raise CircuitOpen(self.name, self.config.open_s)
            self._probes_left -= 1
        elif self._state is State.FORCED_OPEN:
            raise CircuitOpen(self.name, math.inf)
        return Permit(self, self._period)

    def switch(self, state: State, reason: str = "switched by hand") -> None:
        """Go to *state* now, with an empty window. Calls under way decide nothing any more."""
        self._change(state, reason)

    def _settle(self, period: int, failed: bool | None) -> None:
        if period != self._period or self._state is State.DISABLED:
            return
        if failed is None:
            if self._state is State.HALF_OPEN:
                self._probes_left += 1
            return
        self._window.add(failed)
        half_open = self._state is State.HALF_OPEN
        minimum = self.config.half_open_calls if half_open else self.config.minimum_calls
        rate = self._window.failure_rate(minimum)
        if hooks.listening:
            hooks.emit(hooks.BreakerCounted(self.name, self._window.calls, rate))
        if rate is None or self._state is State.METRICS_ONLY:
            return
        if rate >= self.config.failure_rate:
            self._change(State.OPEN, self._verdict("≥", half_open))
        elif half_open:
            self._change(State.CLOSED, self._verdict("<", half_open))

    def _change(self, state: State, reason: str) -> None:
        before, self._state = self._state, state
        self._period += 1
        half_open = state is State.HALF_OPEN
        self._probes_left = self.config.half_open_calls if half_open else 0
        self._window = CountWindow(self.config.half_open_calls if half_open else self.config.window_calls)
        if state is State.OPEN:
            self._open_until_s = runtime.monotonic() + self.config.open_s
        if hooks.listening:
            hooks.emit(hooks.BreakerChanged(self.name, before.value, state.value, reason))

    def _verdict(self, sign: str, half_open: bool) -> str:
        """The decision in words: ``11 of 20 calls failed (55 % ≥ 50 %)``."""
        failures, calls = self._window.failures, self._window.calls
        what = "probes" if half_open else "calls"
        measured, allowed = _percent(failures / calls), _percent(self.config.failure_rate)
        return f"{failures} of {calls} {what} failed ({measured} {sign} {allowed})"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
