"""A second call while the first has not answered: for targets that are slow now and then, not for those that fail.

J. Dean and L. A. Barroso, *The Tail at Scale*, Communications of the ACM 56(2), 2013, call it a hedged request:
deferred until the first has been outstanding for longer than, say, the 95th percentile, it takes most of the tail away
for a few per cent more load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .. import hooks, runtime
from ..errors import InvalidValue, Retriable, UnknownOutcome
from ..errors.given import check_seconds
from .budget import RetryBudget
from .given import check_of_errors
from .policy import Layer, Rejected
from .quantile import RecentQuantile
from .retry import worth_retrying

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Hedge(Layer):
    """Call again each time *after_s* have gone by without an answer, at most *hedges_max* times more.

    The first good answer wins. The others are then cancelled, and have ended before it is given back: what they did
    at the target may have happened as well, so the call has to be idempotent. An error that another call cannot help
    (`wait_on` says no) ends it at once, as an answer does; of others the last comes out, when all have failed; but if
    any of them left it in doubt, its `UnknownOutcome` comes out, as with a retry. A failure brings no new call: that
    is what a retry is for.

    With *after_percentile* the time to wait is that percentile of the latest thousand latencies, once a hundred are
    known, and *after_s* until then. *budget* bounds the share of calls that are hedged.
    """

    kind = "hedge"

    after_s: float
    idempotent: bool = False
    after_percentile: float | None = None
    hedges_max: int = 1
    wait_on: Callable[[BaseException], bool] = worth_retrying
    budget: RetryBudget | None = None
    name: str = ""
    latencies: RecentQuantile | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.idempotent is not True:
            expected = "True, said expressly: the target may carry out a hedged call twice"
            raise InvalidValue("hedge, idempotent", self.idempotent, expected)
        check_seconds("hedge, after_s", self.after_s, zero_too=True, endless_too=True)
        if not self.hedges_max >= 1 or self.hedges_max % 1:
            raise InvalidValue("hedge, hedges_max", self.hedges_max, "a whole number, at least one")
        check_of_errors("hedge, wait_on", self.wait_on)
        if self.after_percentile is not None:
            if not 1 <= self.after_percentile < 100:
                expected = "a percentile from 1 to below 100, such as 95"
                raise InvalidValue("hedge, after_percentile", self.after_percentile, expected)
            object.__setattr__(self, "latencies", RecentQuantile(self.after_percentile / 100))

    @property
    def begins_after_s(self) -> float | None:
        """When the first hedge begins, where that is known beforehand."""
        return self.after_s if self.latencies is None else None

    @property
    def delay_s(self) -> float:
        """How long it would wait now."""
        known_s = None if self.latencies is None else self.latencies.value
        return self.after_s if known_s is None else known_s

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        if self.budget is not None:
            self.budget.earn()
        race = _Race(self, inner)
        try:
            answer = await race.first_good()
        finally:
            await race.end()
        if self.latencies is not None:  # a call that a hedge cut short had taken longer than this quantile already
            self.latencies.add(runtime.monotonic() - race.began_s)
        return answer


def hedge(
    after_s: float,
    *,
    idempotent: bool,
    after_percentile: float | None = None,
    hedges_max: int = 1,
    wait_on: Callable[[BaseException], bool] = worth_retrying,
    budget: RetryBudget | None = None,
    name: str = "",
) -> Hedge:
    """Call again while there is no answer, as `Hedge` says: ``hedge(0.05, idempotent=True, after_percentile=95)``.

    Each hedge is told of, with *name* (`hooks.HedgeSent`). Give it a *budget*: under overload everything is slow, and
    without one every call is made twice when that can least be borne.
    """
    return Hedge(after_s, idempotent, after_percentile, hedges_max, wait_on, budget, name)


class _Race(Generic[T]):
    """One call, in as many attempts as have begun."""

    def __init__(self, hedge: Hedge, inner: Callable[[], Awaitable[T]]) -> None:
        self._hedge, self._inner = hedge, inner
        self._delay_s, self._left = hedge.delay_s, hedge.hedges_max
        self._tasks: list[asyncio.Future[T]] = []
        self._errors: list[BaseException] = []
        self.began_s = runtime.monotonic()

    async def first_good(self) -> T:
        """The first good answer; or what the failures come to, once all have failed or one of them is final."""
        self._begin()
        while True:
            under_way = [task for task in self._tasks if not task.done()]
            await asyncio.wait(under_way, timeout=self._wait_s(), return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in under_way if task.done()]
            if not ended:
                self._begin_hedge()
                continue
            failures = [error for task in ended if (error := task.exception()) is not None]
            if len(failures) < len(ended):
                return next(task.result() for task in ended if task.exception() is None)
            self._errors += failures
            for error in failures:
                if not self._hedge.wait_on(error):
                    raise error
            if len(ended) == len(under_way):
                raise self._outcome()

    async def end(self) -> None:
        """Cancel what is under way, and see it ended; no failure is left that nobody looked at."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self) -> None:
        self._tasks.append(asyncio.ensure_future(self._inner()))

    def _begin_hedge(self) -> None:
        if self._hedge.budget is not None and not self._hedge.budget.spend():
            self._left = 0
            return
        self._left -= 1
        self._begin()
        if hooks.listening:
            age_s = runtime.monotonic() - self.began_s
            hooks.emit(hooks.HedgeSent(self._hedge.name, len(self._tasks), age_s))

    def _wait_s(self) -> float | None:
        if not self._left:
            return None
        return max(0.0, self.began_s + self._delay_s * len(self._tasks) - runtime.monotonic())

    def _outcome(self) -> BaseException:
        """The last error, unless it says that nothing happened while an earlier one left that in doubt."""
        last = self._errors[-1]
        doubts = [error for error in self._errors if isinstance(error, UnknownOutcome)]
        if not doubts or not isinstance(last, Retriable):
            return last
        doubts[-1].__cause__ = last
        return doubts[-1]
