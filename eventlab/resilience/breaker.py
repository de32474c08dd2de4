"""A circuit breaker: stops calling a target that keeps failing, and asks carefully whether it is back.

Every change of state begins a new period. A call belongs to the period that
let it in, and its end counts only in that one: a straggler decides nothing.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from types import CoroutineType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from .. import hooks
from ..errors import CircuitOpen, InvalidValue, TimedOut
from ..runtime import monotonic
from .config import CircuitBreakerConfig
from .deadline import deadline
from .deciding import Decider
from .limit import Limit
from .permit import Permit
from .saving import BreakerSnapshot, restore, save
from .state import Period, State
from .window import FAILED, FINE, SLOW

T = TypeVar("T")
P = ParamSpec("P")

_ROOM = os.path.dirname(__file__)

_DECODED = "a BreakerSnapshot: msgspec.json.decode(text, type=BreakerSnapshot)"

_ENTERED: ContextVar[tuple[tuple[Decider, Permit, int], ...]] = ContextVar("eventlab_breakers_entered", default=())
"""The ``with`` blocks that this task or thread is in, the innermost first: one breaker is entered by many at once.

Each with the identity of its function's frame, since generators that take turns leave their blocks in any order.
"""


class CircuitBreaker(Decider):
    """One breaker for one target, kept by whoever calls it; for tasks of any loops and for threads, all at once.

    ``await breaker.call(f, …)`` or ``breaker.run(f, …)`` for one call, ``@breaker`` for a function, ``with breaker:``
    for a block, `acquire` for the rest. All raise `CircuitOpen` in the place of the call, or let its own result or
    exception through.
    """

    def __init__(self, name: str, config: CircuitBreakerConfig | None = None, state: State = State.CLOSED) -> None:
        super().__init__(name, config, state)
        told = self.config
        self._timeout_s, self._slow_s, self._failed_result = told.timeout_s, told.slow_call_s, told.is_failure_result
        self._plain = self._timeout_s is None and self._slow_s is None and self._failed_result is None
        """Whether all that matters of a call is whether it raises."""

    async def call(self, f: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        """Await ``f(*args)`` if the circuit allows it. The caller gets the call's own result, or its own exception.

        Raises `CircuitOpen` in its place, which says how long to wait, and `TimedOut` where the configuration has a
        ``timeout``.
        """
        period = self._period
        if period.stops and (left_s := period.until_s - monotonic()) > 0:
            self._count_rejection()  # as in `_enter`: there may be very many of these
            raise CircuitOpen(self.name, left_s)
        if not self._plain:
            return await self._closely(f, args, kwargs)
        if not period.passes:
            period = self._enter()
        try:
            result = await f(*args, **kwargs)
        except BaseException as error:
            self._raised(period, error)
            raise
        if not period.window.steady or hooks.listening:
            self._settle(period, FINE)
        return result

    def run(self, f: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Call the plain function *f* if the circuit allows it, on whatever thread this is; otherwise as `call`.

        Raises InvalidValue for a ``timeout``, since nothing can end a plain function from outside, and for an async
        function, whose end would be unknown.
        """
        period = self._period
        if period.stops and (left_s := period.until_s - monotonic()) > 0:
            self._count_rejection()  # as in `_enter`: there may be very many of these
            raise CircuitOpen(self.name, left_s)
        if not self._plain:
            return self._run_closely(f, args, kwargs)
        if not period.passes:
            period = self._enter()
        try:
            result = f(*args, **kwargs)
        except BaseException as error:
            self._raised(period, error)
            raise
        if result.__class__ is CoroutineType:
            self._refuse_async(period, f, result)
        if not period.window.steady or hooks.listening:
            self._settle(period, FINE)
        return result

    def acquire(self) -> Permit:
        """Leave to make one call now, to be settled when it has ended. Raises `CircuitOpen` as `call` does."""
        return Permit(self, self._enter())

    def __call__(self, f: Callable[P, T]) -> Callable[P, T]:
        """The function *f* through this breaker: a coroutine function as `call`, a plain one as `run`."""
        if not callable(f):
            raise InvalidValue(f"@{self.name}", f, "a function; above it stand @classmethod and the like")
        inner = f if inspect.isroutine(f) else getattr(f, "__call__", f)  # noqa: B004  # an object may have an async one
        if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
            expected = "a function whose end is the end of the call; in a generator, enter the breaker inside"
            raise InvalidValue(f"@{self.name}", f, expected)
        if inspect.iscoroutinefunction(f) or inspect.iscoroutinefunction(inner):

            @wraps(f)
            async def called(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.call(cast(Callable[..., Awaitable[Any]], f), *args, **kwargs)

            return cast(Callable[P, T], called)
        self._refuse_timeout()

        @wraps(f)
        def ran(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.run(f, *args, **kwargs)

        return ran

    def __enter__(self) -> Permit:
        """Let the block happen, or raise `CircuitOpen`. Its end is judged as that of a call."""
        return self._enter_block(id(sys._getframe(1)))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leave_block(error, id(sys._getframe(1)))

    async def __aenter__(self) -> Permit:
        return self._enter_block(id(sys._getframe(1)))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._leave_block(error, id(sys._getframe(1)))

    def _enter_block(self, frame: int) -> Permit:
        self._refuse_timeout()
        permit = self.acquire()
        _ENTERED.set(((self, permit, frame), *_ENTERED.get()))
        return permit

    def _leave_block(self, error: BaseException | None, frame: int) -> None:
        """Settle the permit of the innermost block of that frame; an exit stack's are of no frame that is left."""
        entered = _ENTERED.get()
        own = [depth for depth, (breaker, _, _) in enumerate(entered) if breaker is self]
        depth = next((depth for depth in own if entered[depth][2] == frame), own[0] if own else None)
        if depth is not None:
            _ENTERED.set((*entered[:depth], *entered[depth + 1 :]))
            entered[depth][1].ended(error)

    def snapshot(self) -> BreakerSnapshot:
        """What it knows now, as a value: to be looked at, encoded by msgspec, and restored elsewhere."""
        return save(self)

    @classmethod
    def restored(cls, snapshot: BreakerSnapshot, config: CircuitBreakerConfig | None = None) -> CircuitBreaker:
        """A breaker that goes on from *snapshot*: remaining times begin to run now.

        Probes that were out when it was taken are unknown here: their permits may be had again, and what they bring
        decides nothing. Raises InvalidValue for what was decoded into something else.
        """
        if not isinstance(snapshot, BreakerSnapshot):
            raise InvalidValue("what a breaker is restored from", snapshot, _DECODED)
        breaker = cls(snapshot.name, config)
        restore(breaker, snapshot)
        return breaker

    async def _closely(self, f: Callable[..., Awaitable[T]], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
        period, began_s, timeout_s = self._enter(), monotonic(), self._timeout_s
        try:
            if timeout_s is None:
                result = await f(*args, **kwargs)
            else:
                result = await self._limited(period, timeout_s, f, args, kwargs)
        except _OwnTimeout:
            self._settle(period, FAILED | self._slowness(began_s))
            raise TimedOut(cast(float, timeout_s)) from None
        except BaseException as error:
            self._raised(period, error, began_s)
            raise
        self._returned(period, result, began_s)
        return result

    async def _limited(
        self,
        period: Period,
        timeout_s: float,
        f: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> T:
        limit = Limit(timeout_s)
        try:
            with limit, deadline(timeout_s):
                return await f(*args, **kwargs)
        except TimeoutError:
            if limit.expired:
                raise _OwnTimeout from None
            raise

    def _run_closely(self, f: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
        self._refuse_timeout()
        period, began_s = self._enter(), monotonic()
        try:
            result = f(*args, **kwargs)
        except BaseException as error:
            self._raised(period, error, began_s)
            raise
        if result.__class__ is CoroutineType:
            self._refuse_async(period, f, result)
        self._returned(period, result, began_s)
        return result

    def _refuse_async(self, period: Period, f: object, begun: object) -> NoReturn:
        """What gives a coroutine has only begun; that counts as nothing, and would count as a success for ever."""
        period.give_back()
        cast("CoroutineType[Any, Any, Any]", begun).close()
        expected = f"a plain function; an async one, or what gives a coroutine, is for await {self.name}.call(...)"
        raise InvalidValue(f"what {self.name} is to run", f, expected)

    def _raised(self, period: Period, error: BaseException, began_s: float = 0.0) -> None:
        counts = False
        try:
            counts = self.config.counts(error) and not _was_no_call(error)
        finally:  # a predicate that breaks must not keep a permit
            if counts:
                self._settle(period, FAILED | self._slowness(began_s))
            else:
                period.give_back()

    def _returned(self, period: Period, result: object, began_s: float) -> None:
        try:
            failed = self._failed_result is not None and self._failed_result(result)
        except BaseException:
            period.give_back()
            raise
        self._settle(period, (FAILED if failed else FINE) | self._slowness(began_s))

    def _slowness(self, began_s: float) -> int:
        return SLOW if self._slow_s is not None and monotonic() - began_s > self._slow_s else 0

    def _refuse_timeout(self) -> None:
        if self._timeout_s is not None:
            expected = "none for plain functions and blocks, which nothing can end from outside"
            raise InvalidValue("timeout", self.config.timeout, expected)


def _was_no_call(error: BaseException) -> bool:
    """Whether the call never began: its arguments do not fit, or what is no coroutine function was to be awaited.

    Then no line of the call is in the traceback, but one of this room is the last. What has no lines of its own, a
    built-in function or an error that was only ever put into a future, looks the same, and counts as nothing too.
    Whether the arguments fit the signature would tell less: within a policy they fit what stands around the call.
    """
    if not isinstance(error, TypeError) or (at := error.__traceback__) is None:
        return False
    while at.tb_next is not None:
        at = at.tb_next
    return os.path.dirname(at.tb_frame.f_code.co_filename) == _ROOM


class _OwnTimeout(Exception):
    """The breaker's own time was up, not one inside the call."""
