"""A service's way in over HTTP: a door that is open, or says that nothing was done. Needs the extra ``http``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .. import runtime
from ..errors import InvalidValue
from .message import Call, Reply
from .transport import Receive
from .wire import JSON, TOO_LARGE, UNREADABLE, answer_of, call_from, is_one_way

BODY_MAX = 1_000_000
"""The most bytes that a request may have."""

CHECK_S = 2.0
"""How long whoever asks for readiness waits for what the service cannot do without."""

Check = Callable[[], Awaitable[None]]


class Door:
    """Hands calls over HTTP to whoever serves *name*: one handler has as many doors as it likes.

    ``POST /<operation>`` is a call, or a posted message, which is answered by a 202 before it is worked on;
    ``/health/live`` says that the process answers, ``/health/ready`` that the door is
    open and that what the service needs answers too. While it is closed, calls are answered as unavailable: nothing
    was done.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._inside: dict[asyncio.Task[Any], None] = {}
        self._hurried = False
        self._receive: Receive | None = None
        self._check: Check | None = None
        self._why_closed = "nobody serves it"

    def open(self, receive: Receive, check: Check | None = None) -> None:
        """Let calls in. *check* raises what stands in the way of working on them."""
        self._receive, self._check, self._hurried = receive, check, False

    def close(self, why: str = "nobody serves it") -> None:
        """Let no more calls in, for that reason. What is inside goes on."""
        self._receive, self._why_closed = None, why

    async def shut(self, why: str, grace_s: float) -> None:
        """Close, and wait for those inside; who is still there after *grace_s* is told that the outcome is unknown."""
        self.close(why)
        try:
            if self._inside and grace_s > 0:
                await asyncio.wait(list(self._inside), timeout=grace_s)
        finally:  # also when whoever shuts it is told not to wait
            self._hurried = True
            for task in self._inside:
                task.cancel()

    @property
    def receive(self) -> Receive | None:
        """Who answers now."""
        return self._receive

    def application(
        self, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None
    ) -> Starlette:
        """What a server of ASGI, or a simulated network, is given."""
        routes = [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/{operation}", self._call, methods=["POST"]),
        ]
        nowhere = {404: self._nowhere, 405: self._nowhere}
        app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=nowhere)
        app.state.door = self
        return app

    async def _nowhere(self, request: Request, error: Exception) -> Response:
        """For a path or a method that there is not."""
        assert isinstance(error, HTTPException)
        what = f"{self.name} has no {request.method} {request.url.path}"
        said = f"{what}: a request is POST /<its name>, and GET /health/ready tells how it is"
        return JSONResponse({"message": said}, error.status_code, error.headers)

    async def _live(self, request: Request) -> Response:
        return JSONResponse({"service": self.name, "live": True})

    async def _ready(self, request: Request) -> Response:
        reason = await self._why_not_ready()
        facts: dict[str, Any] = {"service": self.name, "ready": not reason}
        return JSONResponse({**facts, "reason": reason} if reason else facts, 503 if reason else 200)

    async def _why_not_ready(self) -> str:
        if self._receive is None:
            return self._why_closed
        if self._check is None:
            return ""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._check()
        except TimeoutError:
            return f"what it needs did not answer within {CHECK_S:g} s"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    async def _call(self, request: Request) -> Response:
        try:
            asked = await self._read(request)
        except ClientDisconnect:  # before the whole request was here: nobody is left to answer
            asked = Reply("unavailable", reason="the caller left")
        if isinstance(asked, Call):
            if is_one_way(request.headers):
                return Response(status_code=202, background=BackgroundTask(self._reply_to, asked))
            asked = await self._reply_to(asked)
        status, headers, content = answer_of(asked)
        return Response(content, status, headers)

    async def _read(self, request: Request) -> Call | Reply:
        """The call that the request is, or what is to be said to one that is none."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:  # a page in somebody's browser may post anything else to a server on the loopback, unasked
            return _unreadable(f"a request is {JSON}, not {kind or 'of no type'}")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                return Reply("failed", code=TOO_LARGE, reason=f"a request has at most {BODY_MAX:,} bytes")
        try:
            return call_from(self.name, request.path_params["operation"], request.headers, bytes(body))
        except InvalidValue as error:
            return _unreadable(str(error))

    async def _reply_to(self, call: Call) -> Reply:
        if self._receive is None:
            return Reply("unavailable", reason=self._why_closed)
        with runtime.on_node(self.name):
            return await self._worked_on(self._receive, call)

    async def _worked_on(self, receive: Receive, call: Call) -> Reply:
        task = asyncio.current_task()
        assert task is not None
        self._inside[task] = None
        try:
            return await receive(call)
        except asyncio.CancelledError:
            if not self._hurried:
                raise
            task.uncancel()
            return Reply("unknown", reason=self._why_closed)
        except Exception as error:  # not a Service: those turn their errors into replies themselves
            return Reply("failed", reason=f"{type(error).__name__}: {error}")
        finally:
            del self._inside[task]


def _unreadable(reason: str) -> Reply:
    return Reply("failed", code=UNREADABLE, reason=reason)
