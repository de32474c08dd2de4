"""Calls between services over HTTP: one more transport, for processes of their own. Needs the extra ``http``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from urllib.parse import quote

import httpx
from starlette.applications import Starlette

from ..errors import ConnectionBroken, InvalidValue, Unavailable
from .door import Door
from .message import Call, Reply
from .transport import Receive
from .wire import ONE_WAY, headers_of, reply_from

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""No connection came about, so nothing was sent: of all that can go wrong, this alone is certain."""

IDLE_S = 4.0
"""How long a connection without a request is kept: many servers hang up after five, and a request that then comes
meets a connection that breaks."""

POST_S = 10.0
"""How long a posted message may be on its way to the door of its target."""


class HttpTransport:
    """Sends the calls for a name to the service at its URL in *addresses*: ``{"payments": "http://127.0.0.1:8002"}``.

    The word of a service counts here as over every other transport: an answer that says "unavailable" means that
    nothing was done. Addresses should be the services' own; a gateway that repeats requests would make that a lie.
    What is served by `serve` is behind the `application` of its name, for a server to run. Proxies in the environment
    are not used.
    """

    def __init__(
        self,
        addresses: Mapping[str, str],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        life_of: Callable[[str], object] = lambda name: None,
    ) -> None:
        self.addresses = addresses
        self._life_of = life_of
        self._doors: dict[str, Door] = {}
        self._calls = 0
        self._posting: dict[asyncio.Task[None], None] = {}
        # How many at once is for bulkheads to say.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=IDLE_S)
        self._http = httpx.AsyncClient(transport=transport, timeout=None, limits=limits, trust_env=False)

    def next_call_id(self) -> int:
        self._calls += 1
        return self._calls

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        """Hand calls for *name* to *receive*, for as long as its life, of which *life_of* tells, is the same."""
        door = self._door(name)
        life = self._life_of(name)

        async def receive_in_this_life(call: Call) -> Reply:
            if self._life_of(name) is not life:
                return Reply("unavailable", reason="nobody serves it")
            return await receive(call)

        door.open(receive_in_this_life)

        def unserve() -> None:
            if door.receive is receive_in_this_life:
                door.close()

        return unserve

    def application(self, name: str) -> Starlette:
        """Whoever serves *name* at the time, as an application; while nobody does, calls are unavailable."""
        return self._door(name).application()

    async def send(self, call: Call) -> Reply:
        """The reply. Waits for ever for one that is lost: the caller's timeout ends it."""
        address = self.addresses.get(call.target)
        if address is None:
            raise Unavailable(call.target, f"it has no address; there is {', '.join(self.addresses) or 'none'}")
        try:
            response = await self._http.post(_url(address, call), content=call.body, headers=headers_of(call))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise InvalidValue(f"address of {call.target}", address, f"a URL; {error}") from None
        except NEVER_SENT as error:
            raise Unavailable(call.target, told(error)) from None
        except httpx.HTTPError as error:
            raise ConnectionBroken(call.target, call.operation, told(error)) from None
        return reply_from(response.status_code, response.headers, response.content)

    def post(self, call: Call) -> None:
        """Send *call* one way. That it has arrived is answered, and not looked at; after `POST_S` it is given up."""
        task = asyncio.get_running_loop().create_task(self._post(call), name=f"post {call.operation} {call.id}")
        self._posting[task] = None
        task.add_done_callback(self._posting.pop)

    async def _post(self, call: Call) -> None:
        address = self.addresses.get(call.target)
        if address is None:
            return
        headers = {**headers_of(call), **ONE_WAY}
        with suppress(httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            async with asyncio.timeout(POST_S):
                await self._http.post(_url(address, call), content=call.body, headers=headers)

    async def close(self) -> None:
        """Let go of the connections, and of what has not left yet."""
        tasks = list(self._posting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.aclose()

    async def __aenter__(self) -> HttpTransport:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def _door(self, name: str) -> Door:
        return self._doors.setdefault(name, Door(name))


def _url(address: str, call: Call) -> str:
    return f"{address.rstrip('/')}/{quote(call.operation)}"


def told(error: Exception) -> str:
    """An error of httpx in words; some have none of their own."""
    return str(error) or type(error).__name__
