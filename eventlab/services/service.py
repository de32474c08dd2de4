"""A service: named handlers, a store of its own, and a life with a beginning and an end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import msgspec

from .. import hooks, runtime
from ..errors import EventlabError, InvalidValue, Refused, Retriable, StoreFailed, TimedOut, UnknownOutcome
from ..resilience.deadline import deadline_at
from ..resilience.limit import Limit
from ..store import EventStore
from ..store.metadata import Carrying
from .message import NOT_READ, STORE_FAILED, Call, Reply, Request, decoder, encode, reply_type
from .storing import TROUBLE, Writing
from .telling import tell_beginning, tell_end

S = TypeVar("S", bound="Service")
Q = TypeVar("Q", bound=Request[Any])
R = TypeVar("R")

_HANDLES = "__eventlab_handles__"


def handles(
    request: type[Q],
) -> Callable[[Callable[[S, Q, Call], Coroutine[Any, Any, R]]], Callable[[S, Q, Call], Coroutine[Any, Any, R]]]:
    """Mark a method of a `Service` as what answers *request*: ``async def reserve(self, request, call) -> Reply``."""
    reply_type(request)  # a request without an answer is refused where it is first used

    def mark(method: Callable[[S, Q, Call], Coroutine[Any, Any, R]]) -> Callable[[S, Q, Call], Coroutine[Any, Any, R]]:
        setattr(method, _HANDLES, request)
        return method

    return mark


class Service:
    """Answers requests by its handlers; the class statement gathers them.

    A subclass may override a handler's method; a second handler for the same operation is refused.
    """

    operations: ClassVar[MappingProxyType[str, tuple[type[Request[Any]], str]]] = MappingProxyType({})
    """Operation → its request class and the name of the method that handles it."""

    drops_late: ClassVar[bool] = False
    """Whether work that has begun ends, at its next await, when the deadline of its call passes.

    Nobody waits for it any more, so that a busy service does better without it. How much was done by then is unknown:
    say True where handlers only read, or do one append under a command id, which is whole or not there. Work that has
    not begun by its deadline never begins, whatever is said here.
    """

    def __init__(self, name: str, store: EventStore | None = None) -> None:
        self.name = name
        self._store = store
        self._writing = None if store is None else Writing(store, name)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        found: dict[str, tuple[type[Request[Any]], str]] = {}
        for base in reversed(cls.__mro__):
            for method, value in vars(base).items():
                request = getattr(value, _HANDLES, None)
                if request is None:
                    continue
                before = found.setdefault(request.__name__, (request, method))
                if before[1] != method:
                    both = f"{before[1]} and {method}"
                    raise InvalidValue(f"{cls.__name__}.{request.__name__}", both, "one handler for one operation")
                found[request.__name__] = request, method
        cls.operations = MappingProxyType(found)

    @property
    def store(self) -> EventStore:
        """The service's own store: nobody else writes there."""
        if self._store is None:
            raise InvalidValue(f"{self.name}.store", None, "an event store; this service was given none")
        return self._store

    async def start(self) -> None:
        """Begin to work: called once, before the first call comes in."""

    async def stop(self) -> None:
        """End: called once, when no more calls come in."""

    async def check(self) -> None:
        """Ask what the service cannot do without whether it answers: its store. Raises what stands in the way.

        Once a handler was let down by the store, that is also asked to take a small record, until it does.
        """
        if self._store is not None:
            await self._store.head()
        if self._writing is not None:
            await self._writing.check()

    def let_down(self, error: EventlabError) -> None:
        """A handler could not write to the store, or does not know whether it did: the disk is full, for one."""
        if self._writing is not None:
            self._writing.failed(error)

    async def receive(self, call: Call) -> Reply:
        """Answer one call. Whatever the handler raises becomes a reply that says what it means for the caller."""
        operation = self.operations.get(call.operation)
        if operation is None:
            known = list(self.operations)
            said = f"{self.name} knows no request {call.operation!r}; it knows {', '.join(known) or 'none'}"
            return Reply("unknown_operation", message=said, facts={"known": known})
        if call.deadline_s is not None and runtime.monotonic() >= call.deadline_s:
            return Reply("unavailable", reason="the deadline had passed before the work began")
        request_type, method = operation
        try:
            request = decoder(request_type).decode(call.body)
        except NOT_READ as error:
            return Reply("failed", code="unreadable", reason=f"cannot read the body of {call.operation}: {error}")
        traced = hooks.tracing
        try:
            with Carrying(call.metadata), deadline_at(call.deadline_s):
                if traced:
                    tell_beginning(self.name, call)
                answer = await _handled(self, method, request, call)
            reply = Reply("ok", _encoded(answer, request_type))
        except Exception as error:
            if isinstance(error, TROUBLE):
                self.let_down(error)
            reply = reply_for(error)
        except asyncio.CancelledError:
            if traced:
                tell_end(self.name, call, Reply("unknown", reason="the work was cancelled"))
            raise
        if traced:
            tell_end(self.name, call, reply)
        return reply


def _handled(service: Service, method: str, request: Request[Any], call: Call) -> Coroutine[Any, Any, Any]:
    work: Coroutine[Any, Any, Any] = getattr(service, method)(request, call)
    return _until(call.deadline_s, work) if service.drops_late and call.deadline_s is not None else work


async def _until(deadline_s: float, work: Coroutine[Any, Any, R]) -> R:
    given_s = deadline_s - runtime.monotonic()
    limit = Limit(given_s)
    try:
        with limit:
            return await work
    except TimeoutError:
        if limit.expired:
            raise TimedOut(given_s) from None
        raise


def reply_for(error: Exception) -> Reply:
    """What a handler's error tells the caller: refused, nothing happened, nobody knows, or broken."""
    if isinstance(error, Refused):
        facts = msgspec.to_builtins(error.facts, str_keys=True, enc_hook=str)
        return Reply("refused", code=error.code, message=error.message, facts=facts)
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, Retriable):
        return Reply("unavailable", reason=reason, retry_after_s=_finite(getattr(error, "retry_after_s", None)))
    if isinstance(error, UnknownOutcome):
        return Reply("unknown", reason=reason)
    return Reply("failed", code=STORE_FAILED if isinstance(error, StoreFailed) else "", reason=reason)


def _finite(seconds: float | None) -> float | None:
    return seconds if seconds is not None and math.isfinite(seconds) else None


def _encoded(answer: object, request_type: type[Request[Any]]) -> bytes:
    promised = reply_type(request_type)
    if isinstance(promised, type) and not isinstance(answer, promised):
        raise TypeError(f"answered with {answer!r}, but {request_type.__name__} promises {promised.__name__}")
    return encode(answer)
