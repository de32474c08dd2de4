"""Leave to make one call."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from .. import runtime
from .window import FAILED, FINE, SLOW

if TYPE_CHECKING:
    from .deciding import Decider
    from .state import Period


class Permit:
    """Leave to make one call. It is settled once: by a success, by a failure, or by being given back.

    As a context manager it settles itself by how the block ends. One that is dropped unsettled gives itself back.
    """

    __slots__ = ("_began_s", "_breaker", "_unsettled")

    def __init__(self, breaker: Decider, period: Period) -> None:
        self._breaker = breaker
        self._unsettled = [period]  # popping is one step, whichever threads settle it
        self._began_s = 0.0 if breaker.config.slow_call_s is None else runtime.monotonic()

    def success(self) -> None:
        """The target answered well."""
        self._settle(FINE)

    def failure(self) -> None:
        """The target is unwell."""
        self._settle(FAILED)

    def release(self) -> None:
        """Nothing was learnt: the call was cancelled, or its end says nothing about the target."""
        period = self._take()
        if period is not None:
            period.give_back()

    def ended(self, error: BaseException | None) -> None:
        """The call raised *error*, or nothing: what that means is for the breaker's configuration to say."""
        failed = False
        try:
            failed = error is not None and self._breaker.config.counts(error)
        finally:  # a predicate that breaks must not keep a permit
            if failed:
                self.failure()
            elif error is not None:
                self.release()
        if error is None:
            self.success()

    def _settle(self, outcome: int) -> None:
        slow_s = self._breaker.config.slow_call_s
        if slow_s is not None and runtime.monotonic() - self._began_s > slow_s:
            outcome |= SLOW
        period = self._take()
        if period is not None:
            self._breaker._settle(period, outcome)

    def _take(self) -> Period | None:
        try:
            return self._unsettled.pop()
        except IndexError:
            return None

    def __enter__(self) -> Permit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.ended(error)

    def __del__(self) -> None:
        self.release()
