"""HTTP in virtual time: httpx on one node, an ASGI application on another, the simulated network between.

Needs the extra ``http``. Give the transport to a client and use both as they are::

    transport = SimulatedHttpTransport(world, "front", {"orders": app})
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        await client.get("/health")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio._backends._asyncio  # noqa: F401 - loaded here, so that the world can run its threads inline
import httpx

from .fences import inline_anyio_threads

if TYPE_CHECKING:
    from .world import World


class SimulatedHttpTransport(httpx.AsyncBaseTransport):
    """Sends requests of *source* to the application of the node that the URL's host names.

    Enforces httpx's own timeouts. An unknown host, or a node that serves no application, refuses the
    connection; a crashed one is silence. A connection that is seen to be broken is a `ConnectError` before the
    request has left, and a `ReadError` after it. The application runs in its node's context and dies with it.
    """

    def __init__(self, world: World, source: str, applications: Mapping[str, Callable[..., Any]]) -> None:
        self._world, self._source = world, source
        self._served = {
            name: httpx.ASGITransport(app, raise_app_exceptions=False) for name, app in applications.items()
        }
        inline_anyio_threads()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host not in self._served or host not in self._world.nodes:
            raise httpx.ConnectError(f"connection refused: no node {host!r} serves HTTP", request=request)
        await request.aread()
        future: asyncio.Future[tuple[httpx.Response, bytes]] = self._world.loop.create_future()
        what = f"{request.method} {request.url.path}"
        network = self._world.network
        network.exchanges[future] = self._source, host, _broken, request
        timeout_s = _timeout_s(request)
        try:
            network.carry(
                *(self._source, host, what, self._arrive, host, what, request, future),
                body=request.content,
                broke=_unreached,
            )
            async with asyncio.timeout(timeout_s):
                response, body = await future
        except TimeoutError:
            raise httpx.ReadTimeout(f"{host} did not answer {what} within {timeout_s:g} s", request=request) from None
        finally:
            network.exchanges.pop(future, None)
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)

    def _arrive(self, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]) -> None:
        node = self._world.nodes[host]
        if node.is_up:
            node.spawn(self._handle(host, what, request, future), name=f"{host}: {what}")

    async def _handle(self, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]) -> None:
        response = await self._served[host].handle_async_request(request)
        body = await response.aread()
        self._world.network.carry(
            *(host, self._source, f"{what} reply", self._answer, future, (response, body), request),
            body=body,
            broke=_broke,
        )

    @staticmethod
    def _answer(future: asyncio.Future[Any], reply: tuple[httpx.Response, bytes], request: httpx.Request) -> None:
        if not future.done():
            future.set_result(reply)


def _unreached(reason: str, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]) -> None:
    future.set_exception(httpx.ConnectError(f"the connection to {host} is broken, {reason}", request=request))


def _broke(reason: str, future: asyncio.Future[Any], reply: object, request: httpx.Request) -> None:
    if not future.done():
        future.set_exception(_broken(request, reason))


def _broken(request: httpx.Request, reason: str) -> httpx.ReadError:
    return httpx.ReadError(f"the connection to {request.url.host} broke before it answered: {reason}", request=request)


def _timeout_s(request: httpx.Request) -> float | None:
    """The longest that httpx lets this request take: connecting and reading, where each has a limit."""
    limits = request.extensions.get("timeout", {})
    connect, read = limits.get("connect"), limits.get("read")
    return None if read is None else read + (connect or 0.0)
