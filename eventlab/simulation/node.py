"""A node: tasks that live and die together. A crash is silence, not an exception."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar

from .. import hooks, runtime
from ..errors import InvalidValue, NodeCrashed
from .incarnation import INCARNATION, Incarnation

if TYPE_CHECKING:
    from .world import World

T = TypeVar("T")


class Inbox:
    """The messages that have reached a node and were not taken yet, oldest first."""

    def __init__(self) -> None:
        self._messages: deque[Any] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Any) -> None:
        self._messages.append(message)
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    async def get(self) -> Any:
        """The oldest message, as soon as there is one."""
        while not self._messages:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        return self._messages.popleft()


class Node:
    """A machine or process of the world.

    Its tasks carry its *incarnation*. A crash marks that dead: no line of it runs again, no
    ``finally`` and no ``except``; volatile state, tasks and timers are gone. What lies on a disk (a
    store made outside the node) stays. A restart is a new incarnation, which runs *boot* again.
    """

    def __init__(self, world: World, name: str, boot: Callable[[Node], Awaitable[None]] | None) -> None:
        self.world, self.name, self.boot = world, name, boot
        self.incarnation = Incarnation(name, 1)
        self._context = self._new_context()
        self._unfinished: dict[asyncio.Future[Any], None] = {}
        self.inbox = Inbox()
        """Messages sent to this node by `Network.send`, in the order of their arrival."""

    def __repr__(self) -> str:
        return f"<Node {self.name} {'up' if self.is_up else 'crashed'}>"

    @property
    def is_up(self) -> bool:
        return not self.incarnation.dead

    def spawn(self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Start a task of this node. Nobody outside should await it: it may fall silent. Use `start` for that."""
        if self.incarnation.dead:
            coroutine.close()
            raise NodeCrashed(self.name)
        options = {} if name is None else {"name": name}
        return self.world.loop.create_task(coroutine, context=self._context.copy(), **options)

    def start(self, main: Callable[[], Coroutine[Any, Any, T]] | Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Run *main* on this node. The future belongs to the world: a crash resolves it with NodeCrashed."""
        task = self.spawn(main if asyncio.iscoroutine(main) else main())
        future: asyncio.Future[T] = self.world.loop.create_future()
        self._unfinished[future] = None

        def finish(task: asyncio.Task[T]) -> None:
            self._unfinished.pop(future, None)
            if future.done():
                return
            if task.cancelled():
                future.cancel()
            elif (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())

        # In the world's context: the outcome has to reach whoever waits, whatever becomes of the node.
        task.add_done_callback(finish, context=self.world.context.copy())
        return future

    def crash(self) -> None:
        """Fall silent at once. A crash asked for by the node's own code takes hold when that code next waits."""
        if self.incarnation.dead:
            return
        self.bury()
        if hooks.listening:
            hooks.emit(hooks.NodeChanged(self.name, "crashed", self.incarnation.number))
        unfinished, self._unfinished = self._unfinished, {}
        for future in unfinished:
            if not future.done():
                future.set_exception(NodeCrashed(self.name))
                future.exception()  # seen: nobody has to be waiting
        self.inbox = Inbox()

    def restart(self) -> asyncio.Future[None]:
        """Begin a new life, and run *boot* in it. The future is done when *boot* is."""
        if not self.incarnation.dead:
            raise InvalidValue(f"node {self.name!r}", "up", "a crashed node to restart: crash it first")
        self.incarnation = Incarnation(self.name, self.incarnation.number + 1)
        self._context = self._new_context()
        if hooks.listening:
            hooks.emit(hooks.NodeChanged(self.name, "up", self.incarnation.number))
        return self.begin()

    def begin(self) -> asyncio.Future[None]:
        """Run *boot*, as the first life of a node has to be told to. The future is done when *boot* is."""
        return self.start(self._boot())

    async def _boot(self) -> None:
        if self.boot is not None:
            await self.boot(self)

    def bury(self) -> None:
        """Mark this life dead and keep what belonged to it, so that nothing of it is run by a destructor."""
        life, loop = self.incarnation, self.world.loop
        life.dead = True
        loop.fenced = True
        dead = [task for task in asyncio.all_tasks(loop) if getattr(task, "incarnation", None) is life]
        for task in dead:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.graveyard.extend(dead)
        loop.drop_timers(lambda timer: timer._context.get(INCARNATION) is life)

    def _new_context(self) -> Context:
        context = self.world.context.copy()
        context.run(INCARNATION.set, self.incarnation)
        context.run(runtime._NODE.set, self.name)
        return context
