"""What carries calls: the one seam between a client and a service, in a process, a world, or over a wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from ..errors import InvalidValue
from .message import Call, Reply

Receive: TypeAlias = Callable[[Call], Awaitable[Reply]]
"""What a service offers to a transport: it answers every call, and raises nothing but a cancellation."""


def check_receive(name: str, receive: object) -> None:
    """Raises InvalidValue where *receive* cannot be called, as where a service itself is handed over."""
    if not callable(receive):
        raise InvalidValue(f"what is to answer calls for {name!r}", receive, "a callable, such as service.receive")


class Transport(Protocol):
    """Carries calls to whoever serves a name. `eventlab.testing.transports` holds every implementation to this."""

    def next_call_id(self) -> int:
        """1, 2, 3…: counted per transport, so that a run's ids do not depend on earlier runs."""
        ...

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        """Hand calls for *name* to *receive* until the returned function is called. A later server replaces it."""
        ...

    async def send(self, call: Call) -> Reply:
        """The reply, once it is here.

        Waits for ever when a message is lost, as a network does: the caller's
        timeout ends it. Raises `Unavailable` when nobody serves the name, or when the connection is
        found broken before the request is sent; `ConnectionBroken` when it breaks after that.
        """
        ...

    def post(self, call: Call) -> None:
        """Send *call* as a one-way message, to the same `serve`d handler as if it had been called, and return at once.

        No reply comes back, and no error: it may be late, come twice, or never, and nobody is told. Raises nothing.
        """
        ...
