"""Transports over HTTP for the contract: a real server on the loopback, and a simulated network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from msgspec.structs import replace

from eventlab.services import BREAK, DROP, DeliverAfter, Envelope, FateRule, Transport
from eventlab.services.http import HttpTransport
from eventlab.services.serving import serving
from eventlab.simulation import World
from eventlab.simulation.http import http_between


class Fateful(httpx.AsyncBaseTransport):
    """The way to a real server, on which *fate* may befall the request or its answer."""

    def __init__(self, fate: FateRule) -> None:
        self._fate, self._way = fate, httpx.AsyncHTTPTransport()
        self._copies: list[asyncio.Task[httpx.Response]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.strip("/")
        fate = self._fate(Envelope("caller", "parrot", operation))
        if isinstance(fate, DeliverAfter) and fate.copy_after is not None:
            self._copies.append(asyncio.create_task(self._copy(request, fate.copy_after)))
        await _suffer(fate, httpx.ConnectError("the connection is broken"))
        response = await self._way.handle_async_request(request)
        await response.aread()
        await _suffer(self._fate(Envelope("parrot", "caller", f"{operation} reply")), httpx.ReadError("broken"))
        return response

    async def _copy(self, request: httpx.Request, after_s: float) -> httpx.Response:
        await asyncio.sleep(after_s)
        response = await self._way.handle_async_request(request)
        await response.aread()
        return response

    async def aclose(self) -> None:
        await asyncio.gather(*self._copies)
        await self._way.aclose()


async def _suffer(fate: object, broken: Exception) -> None:
    if fate is DROP:
        await asyncio.Event().wait()
    if fate is BREAK:
        raise broken
    if isinstance(fate, DeliverAfter):
        await asyncio.sleep(fate.seconds)


@asynccontextmanager
async def on_the_loopback(fate: FateRule) -> AsyncIterator[Transport]:
    addresses: dict[str, str] = {}
    async with HttpTransport(addresses, transport=Fateful(fate)) as transport:
        async with serving(transport.application("parrot")) as addresses["parrot"]:
            yield transport


@asynccontextmanager
async def in_a_world(world: World, fate: FateRule) -> AsyncIterator[Transport]:
    def named_by_operation(envelope: Envelope) -> object:
        return fate(replace(envelope, what=envelope.what.removeprefix("POST /")))

    world.node("parrot")
    with world.network.links.rule(named_by_operation):  # type: ignore[arg-type]
        yield http_between(world, ["parrot"])
