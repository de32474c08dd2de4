"""A node: tasks that live and die together. A crash is silence, not an exception."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import Context
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .. import hooks, runtime
from ..errors import InvalidValue, NodeCrashed
from .blocks import as_block
from .clock import NodeClock
from .inbox import Inbox
from .incarnation import INCARNATION, Incarnation
from .mains import coroutine_of
from .working import check_slowness

if TYPE_CHECKING:
    from .world import World

T = TypeVar("T")

BOOT = "a coroutine, as `async def boot(node)` gives"


class Node:
    """A machine or process of the world.

    Its tasks carry its *incarnation*. A crash marks that dead: no line of it runs again, no
    ``finally`` and no ``except``; volatile state, tasks and timers are gone. What lies on a disk (a
    store made outside the node) stays. A restart is a new incarnation, which runs *boot* again.

    A pause holds its work back without losing any; a slow node takes longer for the same work.
    """

    def __init__(self, world: World, name: str, boot: Callable[[Node], Awaitable[None]] | None) -> None:
        self.world, self.name, self.boot = world, name, boot
        self.incarnation = Incarnation(name, 1)
        self._context = self._new_context()
        self._slowdowns: dict[object, float] = {}
        self._unfinished: dict[asyncio.Future[Any], None] = {}
        self.inbox = Inbox()
        """Messages sent to this node by `Network.send`, in the order of their arrival."""

    def __repr__(self) -> str:
        state = "paused" if self.is_paused else "up" if self.is_up else "crashed"
        return f"<Node {self.name} {state}>"

    @property
    def is_up(self) -> bool:
        """Whether it lives. A paused node does."""
        return not self.incarnation.dead

    @property
    def is_paused(self) -> bool:
        return self.incarnation.pauses > 0

    @cached_property
    def clock(self) -> NodeClock:
        """The clock on its wall, which `runtime.now` reads: offset, drift and jumps. It outlives a crash."""
        return NodeClock(self.name, self.world.runtime)

    @property
    def slowness(self) -> float:
        """How many times as long its work takes as it would at full speed."""
        return self.incarnation.slowness

    def spawn(self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Start a task of this node. Nobody outside should await it: it may fall silent. Use `start` for that."""
        if self.incarnation.dead:
            coroutine.close()
            raise NodeCrashed(self.name)
        options = {} if name is None else {"name": name}
        return self.world.loop.create_task(coroutine, context=self._context.copy(), **options)

    def start(self, main: Callable[[], Coroutine[Any, Any, T]] | Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Run *main* on this node. The future belongs to the world: a crash resolves it with NodeCrashed.

        Raises InvalidValue for what is no coroutine and gives none.
        """
        task = self.spawn(coroutine_of(f"main of node {self.name!r}", main))
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
        self._tell("crashed")
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
        self.incarnation = Incarnation(self.name, self.incarnation.number + 1, self.incarnation.slowness)
        self._context = self._new_context()
        self._tell("up")
        return self.begin()

    def begin(self) -> asyncio.Future[None]:
        """Run *boot*, as the first life of a node has to be told to. The future is done when *boot* is."""
        return self.start(self._boot())

    def pause(self) -> None:
        """Stop, as for a garbage collection or the migration of a virtual machine. Nothing is lost, all of it is late.

        What becomes due is held back until `resume`; messages wait; the clocks of the world go on, so
        that leases and deadlines run out meanwhile. Pauses nest. A pause asked for by the node's own
        code takes hold when that code next waits. Raises InvalidValue for a crashed node.
        """
        life = self.incarnation
        if life.dead:
            raise InvalidValue(f"node {self.name!r}", "crashed", "a node that is up, to be paused: restart it first")
        life.pauses += 1
        if life.pauses == 1:
            life.deferred = []
            self.world.loop.guard(1)
            self._tell("paused")

    def resume(self) -> None:
        """End one pause. With the last one, what was held back runs now, in the order in which it was due."""
        life = self.incarnation
        if life.deferred is None:
            state = "crashed" if life.dead else "up"
            raise InvalidValue(f"node {self.name!r}", state, "a paused node, to be resumed: pause it first")
        life.pauses -= 1
        if not life.pauses:
            deferred, life.deferred = life.deferred, None
            self.world.loop.guard(-1)
            self._tell("resumed")
            self.world.loop.go_on(deferred)

    @as_block
    def paused(self) -> Iterator[None]:
        """Pause until the block ends. A node that crashed meanwhile has lost its pause with its life."""
        self.pause()
        life = self.incarnation
        try:
            yield
        finally:
            if not life.dead and life.pauses:
                self.resume()

    @as_block
    def slow(self, factor: float) -> Iterator[None]:
        """Let work that this node begins take *factor* times as long, until the block ends.

        Work is what says so: `work_for`, a read or an append of a `SimulatedStore`, the service time of a
        `Capacity` or of a modelled service. Sleeping and timeouts are clocks, and keep their pace. Blocks
        multiply, and outlive a crash: it is the machine that is slow.
        """
        check_slowness(f"slowness of node {self.name!r}", factor)
        self.world.loop.slowed = True
        block = object()
        self._slowdowns[block] = factor
        self._set_slowness("slowed")
        try:
            yield
        finally:
            if self._slowdowns.pop(block, None) is not None:
                self._set_slowness("slowed" if self._slowdowns else "restored")

    def restore(self) -> None:
        """End all pauses and all slowness now, and set the clock right. Blocks find nothing left to end.

        A crash is ended by `restart`.
        """
        while self.is_paused:
            self.resume()
        if self._slowdowns:
            self._slowdowns.clear()
            self._set_slowness("restored")
        if self.clock.offset_s or self.clock.drift_ppm:
            self.clock.drift_ppm = self.clock.offset_s = 0.0

    def _set_slowness(self, state: str) -> None:
        self.incarnation.slowness = math.prod(self._slowdowns.values(), start=1.0)
        self._tell(state)

    def _tell(self, state: str) -> None:
        if hooks.listening:
            life = self.incarnation
            hooks.emit(hooks.NodeChanged(self.name, state, life.number, life.slowness))

    async def _boot(self) -> None:
        if self.boot is not None:
            booting: object = self.boot(self)
            if not isinstance(booting, Awaitable):
                raise InvalidValue(f"what boot of node {self.name!r} returned", booting, BOOT)
            await booting

    def bury(self) -> None:
        """Mark this life dead and keep what belonged to it, so that nothing of it is run by a destructor."""
        life, loop = self.incarnation, self.world.loop
        loop.crashed = loop.fenced = True
        life.end(loop.graveyard)
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
