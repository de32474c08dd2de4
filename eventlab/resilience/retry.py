"""Trying again, when that may help, not for ever, and never for more than a share of the traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .. import runtime
from ..errors import DeadlinePassed, InvalidValue, Rejected, Retriable, UnknownOutcome
from .backoff import Backoff, Exponential
from .deadline import remaining_s

T = TypeVar("T")

DEFAULT_BACKOFF = Exponential(0.05, cap_s=2.0)


def worth_retrying(error: BaseException) -> bool:
    """Nothing happened, or nobody knows. A rejection is not hammered, and a passed deadline stays passed."""
    if isinstance(error, (Rejected, DeadlinePassed)):
        return False
    return isinstance(error, (Retriable, UnknownOutcome))


class RetryBudget:
    """Lets retries be at most a share of the calls, so that they cannot keep down what they wait for.

    Every call earns *ratio* of a retry, and *floor_per_s* retries come with
    time, so that a client with little traffic may retry at all. What is not
    spent is kept up to *saved_max*, which a new budget starts with.
    """

    def __init__(self, ratio: float = 0.1, floor_per_s: float = 1.0, saved_max: float = 10.0) -> None:
        if not 0 <= ratio <= 1:
            raise InvalidValue("RetryBudget.ratio", ratio, "a share from 0 to 1")
        if not floor_per_s >= 0:
            raise InvalidValue("RetryBudget.floor_per_s", floor_per_s, "0 or more retries a second")
        if not saved_max >= 1:
            raise InvalidValue("RetryBudget.saved_max", saved_max, "at least one retry")
        self.ratio, self.floor_per_s, self.saved_max = ratio, floor_per_s, saved_max
        self._saved = saved_max
        self._at_s: float | None = None

    def earn(self) -> None:
        """A call begins."""
        self._saved = min(self.saved_max, self._saved + self.ratio)

    def spend(self) -> bool:
        """Take one retry out, if there is one."""
        now_s = runtime.monotonic()
        if self._at_s is not None:
            self._saved = min(self.saved_max, self._saved + (now_s - self._at_s) * self.floor_per_s)
        self._at_s = now_s
        if self._saved < 1 - 1e-9:  # ten tenths add up to a little less than one
            return False
        self._saved -= 1
        return True


async def retry(
    f: Callable[[], Awaitable[T]],
    *,
    attempts_max: int = 3,
    backoff: Backoff = DEFAULT_BACKOFF,
    retry_on: Callable[[BaseException], bool] = worth_retrying,
    budget: RetryBudget | None = None,
    chance: str = "resilience/retry",
) -> T:
    """What *f* gives, in at most *attempts_max* attempts. The last error comes out as it is, with one exception.

    "Nothing happened" is true of the last attempt only: if an earlier one
    ended in doubt, its `UnknownOutcome` comes out instead, caused by the last
    error. Gives up early when the budget is spent, or when the deadline would
    pass during the pause.
    """
    check_attempts(attempts_max)
    if budget is not None:
        budget.earn()
    attempt, pause_s = 1, 0.0
    doubt: UnknownOutcome | None = None
    while True:
        try:
            return await f()
        except Exception as error:
            again = attempt < attempts_max and retry_on(error)
            if again:
                pause_s = pause_after(error, attempt, backoff, chance, pause_s)
            if not again or not _affordable(pause_s, budget):
                if doubt is not None and isinstance(error, Retriable):
                    raise doubt from error
                raise
            if isinstance(error, UnknownOutcome):
                doubt = error
        attempt += 1
        await asyncio.sleep(pause_s)


def _affordable(pause_s: float, budget: RetryBudget | None) -> bool:
    """Whether the deadline lets the pause pass, and the budget has a retry left, which is then spent."""
    left_s = remaining_s()
    if left_s is not None and pause_s >= left_s:
        return False
    return budget is None or budget.spend()


def pause_after(error: BaseException, attempt: int, backoff: Backoff, chance: str, previous_s: float = 0.0) -> float:
    """The backoff's pause, or longer when a rejection said how long to wait."""
    pause_s = backoff.delay_s(attempt, runtime.random_stream(chance), previous_s)
    if isinstance(error, Rejected) and error.retry_after_s is not None:
        return max(pause_s, error.retry_after_s)
    return pause_s


def check_attempts(attempts_max: int) -> None:
    if attempts_max < 1:
        raise InvalidValue("attempts_max", attempts_max, "at least 1, counting the first")
