"""Calls between services over the simulated network: the third transport beside in-process and HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ..errors import ConnectionBroken, InvalidValue, Unavailable
from ..services.message import Call, Reply
from ..services.transport import check_receive
from .incarnation import INCARNATION, Incarnation

if TYPE_CHECKING:
    from .world import World

Receive = Callable[[Call], Awaitable[Reply]]


class SimulatedTransport:
    """Carries calls as messages: each way may be slow, lost or doubled, and a crashed node answers nothing.

    What is posted is one such message, and no more.

    Where the network lets a broken connection be seen, the caller learns of it at once: as `Unavailable` when
    its request could not leave, and as `ConnectionBroken` once it had left.

    A service is served by the life of the node of its name that is running when it is registered;
    the next life has to register again. A name that nobody ever served in this life of a node that
    is up is refused at once, as a closed port would be.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._servers: dict[str, tuple[Receive, Incarnation]] = {}
        self._calls = 0

    def next_call_id(self) -> int:
        self._calls += 1
        return self._calls

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        """Hand calls for *name* to *receive*, on the node of that name. Returns what ends it.

        Raises InvalidValue where the code of another node asks for it: no crash of that one would reach the service.
        """
        check_receive(name, receive)
        life = INCARNATION.get()
        if life is not None and life.node != name:
            expected = f"{life.node!r}: calls go to the node of a service's name, and no crash of this one would end it"
            raise InvalidValue(f"name of what node {life.node!r} serves", name, expected)
        registered = receive, self._world.node(name).incarnation
        self._servers[name] = registered

        def unserve() -> None:
            if self._servers.get(name) is registered:
                del self._servers[name]

        return unserve

    async def send(self, call: Call) -> Reply:
        """The reply, if both messages get through. Otherwise this waits for ever: the caller's timeout ends it."""
        network = self._world.network
        future: asyncio.Future[Reply] = self._world.loop.create_future()
        network.exchanges[future] = call.source, call.target, _broken, call
        try:
            network.carry(
                *(call.source, call.target, call.operation, self._arrive, call, future),
                body=call.body,
                broke=_unreached,
            )
            return await future
        finally:
            network.exchanges.pop(future, None)

    def post(self, call: Call) -> None:
        """Send *call* one way: it may be lost, doubled or late, dies with a crashed node, and nobody is told."""
        self._world.network.carry(call.source, call.target, call.operation, self._take_in, call, body=call.body)

    def _take_in(self, call: Call) -> None:
        """A posted message is here. Where nobody serves the name in this life of its node, it ends here."""
        node = self._world.nodes.get(call.target)
        receive, life = self._servers.get(call.target, (None, None))
        if node is not None and receive is not None and node.is_up and life is node.incarnation:
            node.spawn(_attend(receive, call), name=f"{call.target}: {call.operation} {call.id}")

    def _arrive(self, call: Call, future: asyncio.Future[Reply]) -> None:
        node = self._world.nodes.get(call.target)
        if node is not None and not node.is_up:
            return
        receive, life = self._servers.get(call.target, (None, None))
        if node is None or receive is None or life is not node.incarnation:
            ends = call.target, call.source
            self._world.network.carry(*ends, "connection refused", _refuse, call, future, broke=_broke)
            return
        node.spawn(self._handle(receive, call, future), name=f"{call.target}: {call.operation} {call.id}")

    async def _handle(self, receive: Receive, call: Call, future: asyncio.Future[Reply]) -> None:
        reply = await receive(call)
        what = f"{call.operation} reply"
        self._world.network.carry(
            call.target, call.source, what, _answer, call, future, reply, body=reply.body, broke=_broke
        )


async def _attend(receive: Receive, call: Call) -> None:
    await receive(call)


def _answer(call: Call, future: asyncio.Future[Reply], reply: Reply) -> None:
    if not future.done():  # the caller may have left
        future.set_result(reply)


def _refuse(call: Call, future: asyncio.Future[Reply]) -> None:
    if not future.done():
        future.set_exception(Unavailable(call.target, "nobody serves it"))


def _unreached(reason: str, call: Call, future: asyncio.Future[Reply]) -> None:
    """The request found the connection broken: it was not sent, so nothing happened."""
    future.set_exception(Unavailable(call.target, f"the connection is broken, {reason}"))


def _broke(reason: str, call: Call, future: asyncio.Future[Reply], *reply: Reply) -> None:
    """The reply found the connection broken. The caller sees that, and not what it would have said."""
    if not future.done():
        future.set_exception(_broken(call, reason))


def _broken(call: Call, reason: str) -> ConnectionBroken:
    return ConnectionBroken(call.target, call.operation, reason)
