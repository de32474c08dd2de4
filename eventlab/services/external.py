"""A client for services that are not ours: HTTP with three honest outcomes. Needs the extra ``http``.

::

    async with ExternalServiceClient("https://bank.example", target="bank") as bank:
        receipt = await bank.post("/payments", {"cents": 4200}, key="order-7/pay", reply=Receipt)

`judging` tells which answer means what.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar, overload

import httpx
import msgspec

from .. import hooks, runtime
from ..errors import (
    CallTimeout,
    CallUnknown,
    ConnectionBroken,
    InvalidValue,
    Refused,
    TimedOut,
    Unavailable,
)
from ..resilience import (
    DEADLINE_HEADER,
    Backoff,
    CircuitBreaker,
    Policy,
    RetryBudget,
    breaker,
    deadline_to_header,
    retry,
    timeout,
)
from ..resilience.retry import DEFAULT_BACKOFF
from ..store.metadata import current as current_metadata
from .client import outcome_of
from .http import IDLE_S, NEVER_SENT, told
from .judging import judge
from .message import NOT_READ, Request, decoder, encode, reply_type
from .wire import JSON, KEY_HEADER, key_to_header, trace_headers

T = TypeVar("T")
R = TypeVar("R")

NOT_THERE = (404, 410)
"""Statuses that say of something that it is not there, or not any more."""

CANCELLED_BEFORE = ("cancelled",)
"""Codes of refusals that say that it was cancelled already. The first is that of the shop's own services."""


class ExternalServiceClient:
    """Calls the service at *base_url*, which errors and telemetry call *target*.

    An attempt takes at most *timeout_s*. What is unknown, and what was never sent, is tried again with the same key: at
    most *attempts_max* times in all, none of them begun later than *patience_s* after the first, though *Retry-After*
    may ask for longer; within the *budget* of retries, and within the ambient deadline. *circuit* is the target's
    breaker, for all clients of that target to share; each client has one of its own unless told otherwise, as it has
    a budget. A *policy* of one's own stands in the place of all that. Redirections are not followed, and proxies in the
    environment are not used: for those, give a *transport* of httpx.
    """

    def __init__(
        self,
        base_url: str,
        *,
        target: str,
        timeout_s: float = 2.0,
        attempts_max: int = 3,
        backoff: Backoff = DEFAULT_BACKOFF,
        patience_s: float = 60.0,
        circuit: CircuitBreaker | None = None,
        budget: RetryBudget | None = None,
        policy: Policy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url, self.target = _checked(base_url), target
        self.circuit = circuit or CircuitBreaker(target)
        self.budget = budget or RetryBudget()
        if policy is None:
            again = retry(attempts_max, backoff, within_s=patience_s, budget=self.budget, name=target)
            policy = again | breaker(self.circuit) | timeout(timeout_s)
        elif policy.attempt_timeout_s is None:
            policy = policy | timeout(timeout_s)
        self.policy = policy
        self._calls = 0
        limits = httpx.Limits(keepalive_expiry=IDLE_S)
        self._http = httpx.AsyncClient(transport=transport, timeout=None, limits=limits, trust_env=False)

    @overload
    async def post(self, path: str, body: object = None, *, key: str) -> Any: ...
    @overload
    async def post(self, path: str, body: object = None, *, key: str, reply: type[T]) -> T: ...
    async def post(self, path: str, body: object = None, *, key: str, reply: Any = Any) -> Any:
        """The answer to *body*, sent to *path*, read as *reply*.

        *key* is the wish's own, in `Idempotency-Key` on every attempt, so that it is carried out once: one that was
        drawn anew would be another wish. Raises `Refused` for a no, with ``status`` and ``body`` as its facts;
        `Unavailable`, or its kind `Rejected`, when nothing was done; `CallTimeout`, `ConnectionBroken` or
        `CallUnknown` when nobody knows.
        """
        return await self._ask("POST", path, f"POST {path}", body, key, decoder(reply))

    async def call(self, request: Request[R], *, key: str) -> R:
        """The answer to *request* of a service behind `web.application`, sent to the path of its name."""
        operation, answer = type(request).__name__, decoder(reply_type(type(request)))
        reply: R = await self._ask("POST", f"/{operation}", operation, request, key, answer)
        return reply

    async def cancel(self, path: str, body: object = None, *, key: str, method: str = "POST") -> bool:
        """See to it that what *path* names is not there: True if it had to be undone, False if it was not there.

        A target that has nothing of the kind (404, 410), or has cancelled it before (409 with that code), is where it
        should be. That holds for the moment. A request that is still under way may arrive later, and only a target
        that remembers cancellations, as those of the shop do, refuses it then.
        """
        try:
            await self._ask(method, path, f"{method} {path}", body, key, None)
        except Refused as refusal:
            gone = refusal.facts["status"] in NOT_THERE or refusal.code in CANCELLED_BEFORE
            if not gone:
                raise
            return False
        return True

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> ExternalServiceClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(
        self, method: str, path: str, operation: str, body: object, key: str, read: msgspec.json.Decoder[Any] | None
    ) -> Any:
        if not key:
            raise InvalidValue("key", key, "a key that this wish has on every attempt, such as 'order-7/pay'")
        if not path.startswith("/"):
            raise InvalidValue("path", path, "a path that begins with /")
        content = b"" if body is None else encode(body)
        try:
            request = self._http.build_request(method, self.base_url + path, content=content)
        except httpx.InvalidURL as error:
            raise InvalidValue("path", path, f"a path that begins with /; {error}") from None
        wish = _Wish(self, request, operation, key, read)
        try:
            return await self.policy.call(wish.attempt, rejected=wish.reject)
        except TimedOut as error:
            raise CallTimeout(self.target, operation, error.timeout_s) from None

    def next_call_id(self) -> int:
        """1, 2, 3…: a number for each attempt."""
        self._calls += 1
        return self._calls

    async def send(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer, whatever it is."""
        return await self._http.send(request)


class _Wish:
    """What is to be had once, and how often it was asked for."""

    def __init__(
        self,
        client: ExternalServiceClient,
        request: httpx.Request,
        operation: str,
        key: str,
        read: msgspec.json.Decoder[Any] | None,
    ) -> None:
        self._client, self._request, self._operation, self._key, self._read = client, request, operation, key, read
        self._target, self._source = client.target, runtime.current_node()
        self._attempts = 0

    async def attempt(self) -> Any:
        number, began_s = self._begin(), runtime.monotonic()
        try:
            answer = await self._ask()
        except GeneratorExit:
            raise  # the world was thrown away, and another one may be listened to by now
        except BaseException as error:
            self._end(number, outcome_of(error), began_s, str(error) or "the caller left")
            raise
        self._end(number, "ok", began_s)
        return answer

    def reject(self, error: Unavailable) -> None:
        """An attempt that a breaker or a limiter did not let through."""
        self._end(self._begin(), "rejected", runtime.monotonic(), str(error))

    async def _ask(self) -> Any:
        self._request.headers.update(_headers(self._key))
        try:
            response = await self._client.send(self._request)
        except NEVER_SENT as error:
            raise Unavailable(self._target, told(error)) from None
        except httpx.HTTPError as error:
            raise ConnectionBroken(self._target, self._operation, told(error)) from None
        content = response.content
        wrong = judge(self._target, self._operation, response.status_code, response.headers, content)
        if wrong is not None:
            raise wrong
        try:
            return None if self._read is None else self._read.decode(content or b"null")
        except NOT_READ as error:  # it was done, and with this answer nobody can tell what
            raise CallUnknown(self._target, self._operation, f"its answer cannot be read: {error}") from None

    def _begin(self) -> int:
        self._attempts += 1
        number = self._client.next_call_id()
        if hooks.listening:
            what = number, self._source, self._target, self._operation, self._key, self._attempts
            hooks.emit(hooks.CallStarted(*what))
        return number

    def _end(self, number: int, outcome: str, began_s: float, reason: str = "") -> None:
        if hooks.listening:
            took_s = runtime.monotonic() - began_s
            what = number, self._source, self._target, self._operation, outcome, took_s, reason
            hooks.emit(hooks.CallEnded(*what))


def _headers(key: str) -> dict[str, str]:
    """What goes along: the key, the time that is left, the trace. Who asks, and for what conversation, stays here."""
    headers = {"content-type": JSON, "accept": JSON, KEY_HEADER: key_to_header(key)}
    left = deadline_to_header()
    if left is not None:
        headers[DEADLINE_HEADER] = left
    return headers | trace_headers(current_metadata())


def _checked(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise InvalidValue("base_url", base_url, "http:// or https:// with a host, as https://bank.example/v1")
    return base_url.rstrip("/")
