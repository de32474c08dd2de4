"""Calls within one process: no wire, yet messages that can be late or lost, as a fate rule says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from .. import hooks, runtime
from ..errors import ConnectionBroken, Unavailable
from .fate import BREAK, DROP, PASS, DeliverAfter, Envelope, FateRule, everything_passes, refuse_answer
from .message import Call, Reply
from .transport import Receive, check_receive


class InProcessTransport:
    """Carries calls between services on one event loop, on whatever clock that loop runs.

    Each way asks *fate*, the request's before it leaves and the reply's before
    it returns. Work begins in a task of its own, in the context of whoever
    served the name, so that nothing ambient leaks from caller to callee.
    """

    def __init__(self, fate: FateRule = everything_passes) -> None:
        self._fate = fate
        self._servers: dict[str, tuple[Receive, Context]] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}  # insertion-ordered; the loop itself keeps tasks only weakly
        self._calls = 0
        self._messages = 0
        self._closed = False

    def next_call_id(self) -> int:
        self._calls += 1
        return self._calls

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        """Hand calls for *name* to *receive*. Returns what ends it; work already begun goes on."""
        check_receive(name, receive)
        server = receive, copy_context()
        self._servers[name] = server

        def unserve() -> None:
            if self._servers.get(name) is server:
                del self._servers[name]

        return unserve

    async def send(self, call: Call) -> Reply:
        """The reply, if both messages get through. Otherwise this waits for ever: the caller's timeout ends it."""
        if self._closed:
            raise Unavailable(call.target, "the transport is closed")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        envelope = Envelope(call.source, call.target, call.operation, len(call.body))
        self._carry(envelope, self._arrive, self._unreached, call, future)
        return await future

    def post(self, call: Call) -> None:
        """Send *call* one way. Only its request asks *fate*; nobody learns what becomes of it."""
        if not self._closed:
            envelope = Envelope(call.source, call.target, call.operation, len(call.body))
            self._carry(envelope, self._take_in, _nobody_is_told, call)

    async def close(self) -> None:
        """End all work and all deliveries. Whoever still waits for a reply never gets one."""
        self._closed = True
        self._servers.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _carry(self, envelope: Envelope, deliver: Callable[..., None], broke: Callable[..., None], *args: Any) -> None:
        fate = self._fate(envelope)
        number = self._next_message()
        if hooks.listening:
            hooks.emit(hooks.MessageSent(number, envelope.source, envelope.target, envelope.what))
        if fate is DROP or fate is BREAK:
            if hooks.listening:
                hooks.emit(hooks.MessageLost(number, "dropped" if fate is DROP else "connection broken"))
            if fate is BREAK:
                broke(*args)
        elif isinstance(fate, DeliverAfter):
            asyncio.get_running_loop().call_later(fate.seconds, self._deliver, number, deliver, args)
            if fate.copy_after is not None:
                self._carry_copy(number, fate.copy_after, deliver, args)
        elif fate is PASS:
            self._deliver(number, deliver, args)
        else:
            refuse_answer(self._fate, fate)

    def _carry_copy(self, number: int, after_s: float, deliver: Callable[..., None], args: tuple[Any, ...]) -> None:
        copy = self._next_message()
        if hooks.listening:
            hooks.emit(hooks.MessageDuplicated(number, copy))
        asyncio.get_running_loop().call_later(after_s, self._deliver, copy, deliver, args)

    def _next_message(self) -> int:
        self._messages += 1
        return self._messages

    def _deliver(self, number: int, deliver: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self._closed:
            return
        if hooks.listening:
            hooks.emit(hooks.MessageArrived(number))
        deliver(*args)

    def _arrive(self, call: Call, future: asyncio.Future[Reply]) -> None:
        server = self._servers.get(call.target)
        if server is None:
            if not future.done():
                future.set_exception(Unavailable(call.target, "nobody serves it"))
            return
        receive, context = server
        self._begin(call, self._handle(receive, call, future), context)

    def _take_in(self, call: Call) -> None:
        """A posted message is here. Where nobody serves the name, it ends here."""
        server = self._servers.get(call.target)
        if server is not None:
            receive, context = server
            self._begin(call, _attend(receive, call), context)

    def _begin(self, call: Call, work: Coroutine[Any, Any, None], context: Context) -> None:
        name = f"{call.target}: {call.operation} {call.id}"
        task = asyncio.get_running_loop().create_task(work, name=name, context=context.copy())
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]

    async def _handle(self, receive: Receive, call: Call, future: asyncio.Future[Reply]) -> None:
        with runtime.on_node(call.target):
            try:
                reply = await receive(call)
            except Exception as error:  # not a Service: those turn their errors into replies themselves
                reply = Reply("failed", reason=f"{type(error).__name__}: {error}")
            envelope = Envelope(call.target, call.source, f"{call.operation} reply", len(reply.body))
            self._carry(envelope, self._answer, self._broke, call, future, reply)

    @staticmethod
    def _answer(call: Call, future: asyncio.Future[Reply], reply: Reply) -> None:
        if not future.done():  # the caller may have left
            future.set_result(reply)

    @staticmethod
    def _unreached(call: Call, future: asyncio.Future[Reply]) -> None:
        future.set_exception(Unavailable(call.target, "the connection is broken"))

    @staticmethod
    def _broke(call: Call, future: asyncio.Future[Reply], reply: Reply) -> None:
        if not future.done():
            future.set_exception(ConnectionBroken(call.target, call.operation, "the reply could not be sent"))


async def _attend(receive: Receive, call: Call) -> None:
    """Do what a posted message asks. What `receive` answers goes nowhere."""
    with runtime.on_node(call.target):
        await receive(call)


def _nobody_is_told(call: Call) -> None:
    """A posted message whose connection was seen to be broken: whoever posted it does not wait for anything."""
