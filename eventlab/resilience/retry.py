"""Trying again, when that may help, not for ever, and never for more than a share of the traffic."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from .. import hooks, runtime
from ..errors import DeadlinePassed, InvalidValue, Rejected, Retriable, UnknownOutcome
from ..errors.given import check_seconds
from .backoff import Backoff, Exponential
from .budget import RetryBudget
from .deadline import remaining_s
from .given import check_backoff, check_number, check_of_answers, check_of_errors
from .policy import Layer
from .policy import Rejected as ToldOf

T = TypeVar("T")

DEFAULT_BACKOFF = Exponential(0.05, cap_s=2.0)


def worth_retrying(error: BaseException) -> bool:
    """Nothing happened, or nobody knows. A rejection is not hammered, and a passed deadline stays passed."""
    if isinstance(error, (Rejected, DeadlinePassed)):
        return False
    return isinstance(error, (Retriable, UnknownOutcome))


@dataclass(frozen=True, repr=False)
class Retry(Layer):
    """Try again, at most *attempts_max* times in all, and begin no attempt *within_s* after the first or later.

    The last error comes out as it is, with one exception: "nothing happened" is true of the last attempt only, so
    that if an earlier one ended in doubt, its `UnknownOutcome` comes out instead, caused by the last error. An answer
    that *retry_result* does not like is asked for again, and comes out if it is the last.

    Gives up early when the budget is spent, or when the time within which it may try, or the ambient deadline, would
    pass during the pause. An error that says when to come back (``retry_after_s``) is not asked before.
    """

    kind = "retry"

    attempts_max: int | None = 3
    backoff: Backoff = DEFAULT_BACKOFF
    retry_on: Callable[[BaseException], bool] = worth_retrying
    retry_result: Callable[[object], bool] | None = None
    within_s: float | None = None
    budget: RetryBudget | None = None
    name: str = ""
    chance: str = "resilience/retry"

    def __post_init__(self) -> None:
        if self.attempts_max is None:
            if self.within_s is None:
                raise InvalidValue("retry, attempts_max", None, "a number of attempts, or within_s in its place")
        else:
            expected = "a whole number, at least 1, counting the first"
            check_number("retry, attempts_max", self.attempts_max, expected)
            if not self.attempts_max >= 1 or self.attempts_max % 1:
                raise InvalidValue("retry, attempts_max", self.attempts_max, expected)
        if self.within_s is not None:
            check_seconds("retry, within_s", self.within_s, endless_too=True)
        check_backoff("retry, backoff", self.backoff)
        check_of_errors("retry, retry_on", self.retry_on)
        check_of_answers("retry, retry_result", self.retry_result)

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: ToldOf | None) -> T:
        if self.budget is not None:
            self.budget.earn()
        course = _Course(self) if self.within_s is not None else None  # it is for what goes wrong, or takes long
        while True:
            try:
                answer = await inner()
            except Exception as error:
                if course is None:
                    course = _Course(self)
                pause_s = course.pause_after(error)
                if pause_s is None:
                    if course.doubt is not None and isinstance(error, Retriable):
                        raise course.doubt from error
                    raise
                if isinstance(error, UnknownOutcome):
                    course.doubt = error
            else:
                if self.retry_result is None or not self.retry_result(answer):
                    return answer
                if course is None:
                    course = _Course(self)
                pause_s = course.pause_after_answer(answer)
                if pause_s is None:
                    return answer
            await asyncio.sleep(pause_s)


def retry(
    attempts_max: int | None = 3,
    backoff: Backoff = DEFAULT_BACKOFF,
    *,
    retry_on: Callable[[BaseException], bool] = worth_retrying,
    retry_result: Callable[[object], bool] | None = None,
    within_s: float | None = None,
    budget: RetryBudget | None = None,
    name: str = "",
) -> Retry:
    """Try again, as `Retry` says: ``await retry(5, Constant(0.1), within_s=2).call(f)``.

    A retry with a *name* tells of each pause and of each giving up (`hooks.RetryScheduled`, `hooks.RetryGivenUp`).
    """
    return Retry(attempts_max, backoff, retry_on, retry_result, within_s, budget, name)


class _Course:
    """One call that did not go well at first: how often it was tried, and how long to wait now."""

    __slots__ = ("_attempt", "_pause_s", "_retry", "_until_s", "doubt")

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._attempt = 0
        self._pause_s = 0.0
        self._until_s = math.inf if retry.within_s is None else runtime.monotonic() + retry.within_s
        self.doubt: UnknownOutcome | None = None

    def pause_after(self, error: Exception) -> float | None:
        """How long to wait after *error*, or None to give up."""
        self._attempt += 1
        if not self._retry.retry_on(error):
            return None
        after_s = getattr(error, "retry_after_s", None)
        return self._pause(after_s or 0.0, error)

    def pause_after_answer(self, answer: object) -> float | None:
        """How long to wait after an answer that does not do, or None to take it."""
        self._attempt += 1
        return self._pause(0.0, None)

    def _pause(self, at_least_s: float, error: Exception | None) -> float | None:
        retry = self._retry
        if retry.attempts_max is not None and self._attempt >= retry.attempts_max:
            given_up = "no attempt is left"
        else:
            drawn_s = retry.backoff.delay_s(self._attempt, runtime.random_stream(retry.chance), self._pause_s)
            self._pause_s = max(drawn_s, at_least_s)
            given_up = self._why_not_after(self._pause_s)
        if retry.name and hooks.listening:
            reason = "the answer will not do" if error is None else f"{type(error).__name__}: {error}"
            hooks.emit(
                hooks.RetryGivenUp(retry.name, self._attempt, given_up, reason)
                if given_up
                else hooks.RetryScheduled(retry.name, self._attempt, self._pause_s, reason)
            )
        return None if given_up else self._pause_s

    def _why_not_after(self, pause_s: float) -> str:
        """Why there is no attempt after such a pause; empty if there is one, which is then paid for."""
        if math.isinf(pause_s):
            return "there is no telling when"
        left_s = remaining_s()
        if left_s is not None and pause_s >= left_s:
            return "the deadline would pass"
        if runtime.monotonic() + pause_s >= self._until_s:
            return f"{self._retry.within_s:g} s would pass"
        if self._retry.budget is not None and not self._retry.budget.spend():
            return "the budget is spent"
        return ""
