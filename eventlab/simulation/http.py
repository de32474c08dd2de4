"""HTTP in virtual time: httpx on one node, an ASGI application on another, the simulated network between.

Needs the extra ``http``. Give the transport to a client and use both as they are::

    transport = SimulatedHttpTransport(world, "front", {"orders": app})
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        await client.get("/health")

`http_between` puts services behind HTTP, each at the host of its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio._backends._asyncio  # noqa: F401 - loaded here, so that the world can run its threads inline
import httpx

from ..runtime import current_node
from ..services.http import HttpTransport
from ..services.wire import SOURCE_HEADER
from .fences import inline_anyio_threads

if TYPE_CHECKING:
    from .world import World


class SimulatedHttpTransport(httpx.AsyncBaseTransport):
    """Sends requests of *source* to the application of the node that the URL's host names. None: of the node that
    the request itself names as its source, as those of `HttpTransport` do, or else of the one whose code asks.

    Enforces httpx's own timeouts. An unknown host, or a node that serves no application, refuses the
    connection; a crashed one is silence. A connection that is seen to be broken is a `ConnectError` before the
    request has left, and a `ReadError` after it. The application runs in its node's context and dies with it.
    """

    def __init__(self, world: World, source: str | None, applications: Mapping[str, Callable[..., Any]]) -> None:
        self._world, self._source = world, source
        self._served: dict[str, httpx.ASGITransport] = {}
        for name, app in applications.items():
            self.host(name, app)
        inline_anyio_threads()

    def host(self, name: str, application: Callable[..., Any]) -> None:
        """Let *application* answer on the node of that name, in the place of the one before."""
        self._served[name] = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host not in self._served or host not in self._world.nodes:
            raise httpx.ConnectError(f"connection refused: no node {host!r} serves HTTP", request=request)
        await request.aread()
        future: asyncio.Future[tuple[httpx.Response, bytes]] = self._world.loop.create_future()
        what = f"{request.method} {request.url.path}"
        network = self._world.network
        source = self._source or unquote(request.headers.get(SOURCE_HEADER, "")) or current_node()
        network.exchanges[future] = source, host, _broken, request
        timeout_s = _timeout_s(request)
        try:
            network.carry(
                *(source, host, what, self._arrive, source, host, what, request, future),
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

    def _arrive(self, source: str, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]) -> None:
        node = self._world.nodes[host]
        if node.is_up:
            node.spawn(self._handle(source, host, what, request, future), name=f"{host}: {what}")

    async def _handle(
        self, source: str, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]
    ) -> None:
        response = await self._served[host].handle_async_request(request)
        body = await response.aread()
        self._world.network.carry(
            *(host, source, f"{what} reply", self._answer, future, (response, body), request),
            body=body,
            broke=_broke,
        )

    @staticmethod
    def _answer(future: asyncio.Future[Any], reply: tuple[httpx.Response, bytes], request: httpx.Request) -> None:
        if not future.done():
            future.set_result(reply)


def http_between(world: World, names: Iterable[str]) -> HttpTransport:
    """The transport by which the nodes of *names* call each other over HTTP. Whoever boots a node serves its name."""
    names = list(names)
    addresses = {name: f"http://{name}" for name in names}
    wire = SimulatedHttpTransport(world, None, {})
    transport = HttpTransport(addresses, transport=wire, life_of=lambda name: world.node(name).incarnation)
    for name in names:
        wire.host(name, transport.application(name))
    return transport


def _unreached(
    reason: str, source: str, host: str, what: str, request: httpx.Request, future: asyncio.Future[Any]
) -> None:
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
