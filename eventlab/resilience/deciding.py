"""What a circuit breaker decides: who may call, what an end counts for, and when the state changes.

Whoever is let in holds the `Period` that let it in, and settles with that. Counting, deciding and changing state are
one step under a lock, which is never held while a call is made, nor while anybody is told: records wait until it is
free.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from datetime import datetime
from itertools import count
from typing import NoReturn

from .. import hooks, runtime
from ..errors import CircuitOpen, InvalidValue
from .config import CircuitBreakerConfig
from .judging import judge, known_rate, known_slow_rate
from .state import Period, State, nothing_counted
from .window import CountWindow


class Decider:
    """A breaker without the ways to call through it. Only the monotonic clock decides."""

    def __init__(self, name: str, config: CircuitBreakerConfig | None = None, state: State = State.CLOSED) -> None:
        if not isinstance(name, str):
            raise InvalidValue("the name of a breaker", name, "a text; the configuration comes after it")
        if config is not None and not isinstance(config, CircuitBreakerConfig):
            raise InvalidValue(f"the configuration of {name}", config, "a CircuitBreakerConfig")
        _check_state(state)
        self.name = name
        self.config = config or CircuitBreakerConfig()
        self.openings = 0
        """How many times in a row it has opened, without having been closed in between."""
        self.failed_at: datetime | None = None
        """The time of day at which it opened, for people to read; None while it is closed. It decides nothing."""
        self._open_for_s = self.config.open_s
        self._judged_from = self.config.minimum_calls
        self._lock = threading.RLock()  # re-entrant: a finalizer that calls through it may run at any moment
        self._count_rejections_from(0)
        self._untold: deque[hooks.Happening] = deque()
        self._period = self._begin(state, 0.0 if state is not State.OPEN else runtime.monotonic())

    def __repr__(self) -> str:
        calls, failures, _ = self._counted()
        counted = f"{failures} of {calls} failed, {self.rejections} rejected"
        return f"<CircuitBreaker {self.name}: {self.state.value}, {counted}>"

    @property
    def state(self) -> State:
        """The state that the last call left behind: OPEN also when its time is over and nobody has called since."""
        return self._period.state

    @property
    def calls(self) -> int:
        """Calls that are counted in the present window."""
        return self._counted()[0]

    @property
    def failures(self) -> int:
        """Calls in the present window that failed."""
        return self._counted()[1]

    @property
    def failure_count(self) -> int:
        """The same as *failures*: with ``failure_threshold``, the failures in a row."""
        return self._counted()[1]

    @property
    def slow_calls(self) -> int:
        """Calls in the present window that were slow."""
        return self._counted()[2]

    @property
    def rejections(self) -> int:
        """Calls that were rejected so far."""
        return int(repr(self._rejected)[len("count(") : -1])

    @property
    def permits_left(self) -> int | None:
        """How many more probes would pass now, in half-open; None in any other state."""
        with self._lock:
            return self._period.permits_left if self._period.state is State.HALF_OPEN else None

    def switch(self, state: State, reason: str = "switched by hand") -> None:
        """Go to *state* now, with an empty window. Calls under way decide nothing any more."""
        _check_state(state)
        with self._lock:
            self._change(state, reason, runtime.monotonic())
        self._tell()

    def reset(self, reason: str = "reset by hand") -> None:
        """Close it, and forget everything: the window, how often it opened, how many were rejected."""
        with self._lock:
            self._count_rejections_from(0)
            self._change(State.CLOSED, reason, runtime.monotonic())
        self._tell()

    def _count_rejections_from(self, number: int) -> None:
        self._rejected = count(number)
        self._count_rejection = self._rejected.__next__  # one step, without the lock

    def _counted(self) -> tuple[int, int, int]:
        with self._lock:
            window = self._period.window
            window.look()
            return window.calls, window.failures, window.slows

    def _enter(self) -> Period:
        """Let one call in. Gives the period that it belongs to, or raises `CircuitOpen`."""
        now_s = runtime.monotonic()
        with self._lock:
            period = self._period
            if now_s >= period.until_s:
                period = self._lapse(now_s)
            entered = period.passes or period.take()
        if self._untold:
            try:
                self._tell()
            except BaseException:  # nobody will make the call
                if entered:
                    period.give_back()
                raise
        if not entered:
            self._reject(period, now_s)
        return period

    def _reject(self, period: Period, now_s: float) -> NoReturn:
        """Say how long to wait: until the open time is over; or, while probes are out, as long as it was open last.

        Should they have less time left than that, it is known sooner.
        """
        self._count_rejection()
        left_s = period.until_s - now_s
        raise CircuitOpen(self.name, left_s if period.stops else min(left_s, self._open_for_s))

    def _settle(self, period: Period, outcome: int) -> None:
        """A call that *period* let in has ended in a way that counts."""
        with self._lock:
            if period is self._period:
                if outcome or not period.simple or hooks.listening or period.window.calls < self._judged_from:
                    self._count(period, outcome)
                else:
                    period.window.add(outcome)
        if self._untold:
            self._tell()

    def _count(self, period: Period, outcome: int) -> None:
        if period.state is State.DISABLED:
            return
        probing = period.state is State.HALF_OPEN
        now_s = runtime.monotonic() if probing else 0.0
        if probing and now_s >= period.until_s:
            self._lapse(now_s)
            return
        window = period.window
        window.add(outcome)
        if hooks.listening:
            rate = known_rate(self.config, window, probing)
            slow_rate = known_slow_rate(self.config, window, probing)
            self._untold.append(hooks.BreakerCounted(self.name, window.calls, rate, slow_rate))
        if period.state is State.METRICS_ONLY:
            return
        verdict = judge(self.config, window, probing)
        if verdict is not None:
            self._change(*verdict, now_s if probing else runtime.monotonic())

    def _lapse(self, now_s: float) -> Period:
        """Do what has been due by now. Probes that took too long opened it when their time was over, not now."""
        period = self._period
        if period.state is State.HALF_OPEN:
            answered = f"{period.window.calls} of {self.config.half_open_calls} probes had answered"
            reason = f"{answered} after {self.config.half_open_max_s:g} s, the longest that it may be half-open"
            period = self._change(State.OPEN, reason, period.until_s)
        if period.state is State.OPEN and now_s >= period.until_s:
            period = self._change(State.HALF_OPEN, f"{self._open_for_s:.3g} s have passed", now_s)
        return period

    def _change(self, state: State, reason: str, at_s: float) -> Period:
        before, self._period = self._period.state, self._begin(state, at_s)
        if hooks.listening:
            self._untold.append(hooks.BreakerChanged(self.name, before.value, state.value, reason))
        return self._period

    def _begin(self, state: State, at_s: float) -> Period:
        if state is State.OPEN:
            self.openings += 1
            self.failed_at = runtime.now()
            self._open_for_s = self._next_open_s()
            return Period(state, nothing_counted(), until_s=at_s + self._open_for_s)
        if state is State.HALF_OPEN:
            probes, longest_s = self.config.half_open_calls, self.config.half_open_max_s
            until_s = math.inf if longest_s is None else at_s + longest_s
            return Period(state, CountWindow(probes), probes, until_s)
        if state is State.CLOSED:
            self.openings, self.failed_at = 0, None
            self._open_for_s = self.config.open_s
        return Period(state, self.config.new_window())

    def _next_open_s(self) -> float:
        backoff = self.config.open_backoff
        if backoff is None:
            return self.config.open_s
        previous_s = self._open_for_s if self.openings > 1 else 0.0
        return backoff.delay_s(self.openings, runtime.random_stream(f"resilience/breaker/{self.name}"), previous_s)

    def _tell(self) -> None:
        """Tell of what has happened, in its order, outside the lock."""
        while self._untold:
            try:
                happening = self._untold.popleft()
            except IndexError:  # another thread told it
                return
            hooks.emit(happening)


def _check_state(state: object) -> None:
    """A text that reads like one would be none: it would stop nobody."""
    if not isinstance(state, State):
        raise InvalidValue("the state of a breaker", state, "a State, such as State.FORCED_OPEN")
