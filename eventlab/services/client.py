"""A client: typed calls with a timeout, a policy per target, and three honest outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .. import hooks, runtime
from ..errors import (
    CallFailed,
    CallTimeout,
    CallUnknown,
    DeadlinePassed,
    EventlabError,
    Refused,
    TimedOut,
    Unavailable,
    UnknownOperation,
    UnknownOutcome,
)
from ..errors.given import check_seconds
from ..resilience.deadline import current_deadline_s
from ..resilience.limit import Limit
from ..resilience.policy import Policy
from ..store.metadata import current as current_metadata
from .message import NOT_READ, Call, Reply, Request, decoder, encode, reply_type
from .transport import Transport

R = TypeVar("R")


class Client:
    """Calls services on behalf of *source*.

    An attempt takes at most *timeout_s*, or what the target's policy says, and
    never longer than the ambient deadline. Every attempt of one call carries
    the same key.
    """

    def __init__(
        self,
        transport: Transport,
        source: str,
        *,
        timeout_s: float = 1.0,
        policy_for: Callable[[str], Policy | None] | None = None,
    ) -> None:
        check_seconds("Client.timeout_s", timeout_s, endless_too=True)
        self.transport = transport
        self.source = source
        self.timeout_s = timeout_s
        self._policy_for = policy_for

    async def call(self, target: str, request: Request[R], *, key: str = "", timeout_s: float | None = None) -> R:
        """The target's answer to *request*.

        Raises `Refused` for a business rule's no; `Unavailable`, or its kind
        `Rejected`, when nothing was done; `CallTimeout`, `ConnectionBroken`
        or `CallUnknown` when nobody knows; `CallFailed` when the handler broke.
        """
        policy = self._policy_for(target) if self._policy_for is not None else None
        if timeout_s is None and (policy is None or policy.attempt_timeout_s is None):
            timeout_s = self.timeout_s
        attempts = _Attempts(self, target, request, key, timeout_s)
        answer: R
        if policy is None:
            answer = await attempts.make()
            return answer
        try:
            answer = await policy.call(attempts.make, rejected=attempts.reject)
        except TimedOut as error:
            raise CallTimeout(target, attempts.operation, error.timeout_s) from None
        return answer


class _Attempts:
    """One call, and how often it was tried."""

    __slots__ = ("_body", "_client", "_key", "_made", "_request", "_target", "_timeout_s", "operation")

    def __init__(self, client: Client, target: str, request: Request[Any], key: str, timeout_s: float | None) -> None:
        self._client = client
        self._target = target
        self._request = type(request)
        self._body = encode(request)
        self._key = key
        self._timeout_s = timeout_s
        self._made = 0
        self.operation = self._request.__name__

    async def make(self) -> Any:
        """One attempt."""
        self._made += 1
        began_s = runtime.monotonic()
        number = self._client.transport.next_call_id()
        if hooks.listening:
            self._tell_start(number)
        try:
            answer = self._open(await self._send(number, began_s))
        except GeneratorExit:
            raise  # the world was thrown away, and another one may be listened to by now
        except BaseException as error:
            if hooks.listening:
                self._tell_end(number, outcome_of(error), began_s, str(error) or "the caller left")
            raise
        if hooks.listening:
            self._tell_end(number, "ok", began_s)
        return answer

    def reject(self, error: Unavailable) -> None:
        """An attempt that a breaker or a limiter did not let through."""
        self._made += 1
        number = self._client.transport.next_call_id()
        if hooks.listening:
            self._tell_start(number)
            self._tell_end(number, "rejected", runtime.monotonic(), str(error))

    async def _send(self, number: int, now_s: float) -> Reply:
        ends_s = None if self._timeout_s is None else now_s + self._timeout_s
        ambient_s = current_deadline_s()
        if ambient_s is not None:
            if ambient_s <= now_s:
                raise DeadlinePassed(self._target, "the deadline had passed before the call was made")
            ends_s = ambient_s if ends_s is None else min(ends_s, ambient_s)
        source, metadata = self._client.source, current_metadata()
        call = Call(number, source, self._target, self.operation, self._body, self._key, ends_s, metadata)
        if ends_s is None:
            return await self._client.transport.send(call)
        limit = Limit(ends_s - now_s)
        try:
            with limit:
                return await self._client.transport.send(call)
        except TimeoutError:
            if limit.expired:
                raise CallTimeout(self._target, self.operation, ends_s - now_s) from None
            raise

    def _open(self, reply: Reply) -> Any:
        """The answer inside, or what the reply says instead, as an error."""
        match reply.outcome:
            case "ok":
                try:
                    return decoder(reply_type(self._request)).decode(reply.body)
                except NOT_READ as error:  # it was done, and with this answer nobody can tell what
                    reason = f"its answer cannot be read: {error}"
                    raise CallUnknown(self._target, self.operation, reason) from None
            case "refused":
                raise Refused(reply.code, reply.message, reply.facts)
            case "unavailable":
                unavailable = Unavailable(self._target, reply.reason)
                unavailable.retry_after_s = reply.retry_after_s
                raise unavailable
            case "unknown":
                raise CallUnknown(self._target, self.operation, reply.reason)
            case "unknown_operation":
                raise UnknownOperation(self._target, self.operation, reply.facts.get("known", ()))
            case _:
                raise CallFailed(self._target, self.operation, reply.reason)

    def _tell_start(self, number: int) -> None:
        source = self._client.source
        hooks.emit(hooks.CallStarted(number, source, self._target, self.operation, self._key, self._made))

    def _tell_end(self, number: int, outcome: str, began_s: float, reason: str = "") -> None:
        took_s = runtime.monotonic() - began_s
        source = self._client.source
        hooks.emit(hooks.CallEnded(number, source, self._target, self.operation, outcome, took_s, reason))


def outcome_of(error: BaseException) -> str:
    """An attempt's error as one word. A caller who leaves does not know what becomes of the call."""
    if isinstance(error, Refused):
        return "refused"
    if isinstance(error, Unavailable):
        return "unavailable"
    if isinstance(error, UnknownOutcome) or not isinstance(error, EventlabError):
        return "unknown"
    return "failed"
