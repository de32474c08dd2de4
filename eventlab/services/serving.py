"""An application under uvicorn, for as long as a block lasts. Needs the extra ``http``.

::

    async with serving(application(service), port=8001) as url:
        await asyncio.Event().wait()
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from ..errors import InvalidValue, Unavailable

LOOPBACK = "127.0.0.1"

IDLE_S = 60.0
"""How long a connection without a request is kept: longer than clients keep theirs, so that they hang up first."""

GRACE_S = 10.0
"""How long requests that are under way may take when the block ends. Then their connections are cut."""


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # it would end the whole process because one application did not start
            self.should_exit = True
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    application: Callable[..., Any],
    *,
    host: str = LOOPBACK,
    port: int = 0,
    grace_s: float = GRACE_S,
    lifespan: bool = True,
) -> AsyncIterator[str]:
    """Serve *application* at the URL that the block is given; port 0 is one that is free.

    The end of the block closes the door, waits *grace_s* for those inside, and then ends the lifespan. Raises
    InvalidValue for an address that cannot be had, and Unavailable when the application did not start.
    """
    listener = _listener(host, port)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="on" if lifespan else "off",
        timeout_keep_alive=math.ceil(IDLE_S),
        timeout_graceful_shutdown=math.ceil(grace_s),
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    try:
        await server.listens.wait()
        if server.should_exit:
            raise Unavailable("the application", "it did not start; uvicorn's log says why")
        yield _url(listener)
    finally:
        server.should_exit = True
        await asyncio.wait([running])
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    listener = None
    try:
        # With the number of its protocol, by which asyncio knows whom to spare Nagle's delay of 40 ms.
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        expected = f"an address of this machine that nobody else listens at ({error.strerror or error})"
        raise InvalidValue("host and port", f"{host}:{port}", expected) from None
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
