"""A circuit breaker as it is usually first written. The sound one is `eventlab.resilience.breaker`.

It looks right, and passes a test with one caller at a time. What is wrong:

- half-open lets all tasks and threads through: the first flips the state, the others find nothing that stops them
- it checks, then acts: in between another caller may have changed what was checked
- any success closes it, also one of a call that began before it opened
- a success forgets all failures before it, so four failures in five calls never open it
- every error counts, a business refusal as well
- the wall clock says when to try again, so setting the clock does too
- the caller gets a wrapper in the place of its own exception
- a cancelled probe leaves it half-open with nobody to decide
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from .. import hooks, runtime
from ..errors import EventlabError, InvalidValue

T = TypeVar("T")


class CircuitBreakerError(EventlabError):
    """What callers get, whatever happened to their own call."""


class CircuitIsOpen(CircuitBreakerError):
    """Rejected; it does not say for how long."""


class OperationTimedOut(CircuitBreakerError):
    """The call took too long."""


class OperationFailed(CircuitBreakerError):
    """The call failed; the caller's own exception is inside."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Closed:
    """Calls pass. *failure_count* failures came in a row."""

    failure_count: int = 0


@dataclass(frozen=True)
class Open:
    """Calls are rejected until long enough after *failed_at*, by the clock on the wall."""

    failed_at: datetime


@dataclass(frozen=True)
class HalfOpen:
    """Calls pass, however many."""


NAMES = {Closed: "closed", Open: "open", HalfOpen: "half-open"}


class NaiveBreaker:
    """Opens after so many failures in a row, and tries again after a while."""

    def __init__(
        self, name: str, *, failure_threshold: int = 5, timeout_s: float = 1.0, retry_timeout_s: float = 5.0
    ) -> None:
        if failure_threshold < 1:
            raise InvalidValue("failure_threshold", failure_threshold, "at least one failure")
        self.name = name
        self.failure_threshold = failure_threshold
        self.timeout_s = timeout_s
        self.retry_timeout = timedelta(seconds=retry_timeout_s)
        self.state: Closed | Open | HalfOpen = Closed()

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` unless the circuit is open."""
        match self.state:
            case Open(failed_at) if runtime.now() - failed_at < self.retry_timeout:
                raise CircuitIsOpen(self.name)
        await asyncio.sleep(0)  # one lock for the check, another for the change: others get in between
        if isinstance(self.state, Open):
            self._become(HalfOpen(), "time to try again")
        try:
            async with asyncio.timeout(self.timeout_s):
                result = await f(*args)
        except TimeoutError:
            self._record_failure()
            raise OperationTimedOut(self.name) from None
        except Exception as error:
            self._record_failure()
            raise OperationFailed(error) from error
        self._become(Closed(), "a call succeeded")
        return result

    def run(self, f: Callable[..., T], *args: object) -> T:
        """Call the plain function *f* unless the circuit is open. Nothing ends it after the timeout."""
        match self.state:
            case Open(failed_at) if runtime.now() - failed_at < self.retry_timeout:
                raise CircuitIsOpen(self.name)
        if isinstance(self.state, Open):
            self._become(HalfOpen(), "time to try again")
        try:
            result = f(*args)
        except Exception as error:
            self._record_failure()
            raise OperationFailed(error) from error
        self._become(Closed(), "a call succeeded")
        return result

    def _record_failure(self) -> None:
        match self.state:
            case Closed(count) if count + 1 < self.failure_threshold:
                self.state = Closed(count + 1)
            case Closed(count):
                self._become(Open(runtime.now()), f"{count + 1} calls in a row failed")
            case HalfOpen():
                self._become(Open(runtime.now()), "a call failed")

    def _become(self, state: Closed | Open | HalfOpen, reason: str) -> None:
        before, self.state = NAMES[type(self.state)], state
        after = NAMES[type(state)]
        if hooks.listening and before != after:
            hooks.emit(hooks.BreakerChanged(self.name, before, after, reason))
