"""SimPy's environment, in which asyncio and SimPy may wait for each other.

``await event`` waits for any SimPy event (a request of a resource, a timeout,
a process); a process may ``yield`` a coroutine, a task or a future.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, NoReturn

import simpy
from simpy.core import Environment
from simpy.events import Event, Process, ProcessGenerator

from ..errors import NotSimulated
from .incarnation import INCARNATION
from .processes import NodeProcess, Translator


class WorldEnvironment(Environment):
    """The environment of a world. The world advances it; ``run`` and ``step`` are not for others."""

    # SimPy declares `process` as a bound class; ours is a plain method of the same signature.
    def process(self, generator: ProcessGenerator) -> Process:
        """Start a process; what it yields may be a SimPy event or anything that asyncio can await.

        Started by a node's code, it belongs to that node: it pauses and dies with it.
        """
        life = INCARNATION.get()
        made = Translator(self, generator) if life is None else NodeProcess(self, generator, life)
        return Process(self, made)  # type: ignore[arg-type]

    def step(self) -> NoReturn:
        raise NotSimulated("env.step()", "the world advances its environment itself: use World.run(main)")

    def run(self, until: object = None) -> NoReturn:
        raise NotSimulated("env.run()", "the world advances its environment itself: use World.run(main)")


async def wait_for_event(event: Event) -> Any:
    """Wait for a SimPy event and return its value, or raise what it failed with.

    ``await event`` means the same. Cancelling the waiter leaves the event alone: a request for a
    resource is given back by its ``with`` block.
    """
    callbacks: list[Any] | None = event.callbacks
    if callbacks is None:  # SimPy's mark of an event that is over
        if not event._ok:
            raise event._value
        return event._value
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def wake(event: Event) -> None:
        if future.done():
            return
        if event._ok:
            future.set_result(event._value)
        else:
            event.defused = True
            future.set_exception(event._value)

    callbacks.append(wake)
    try:
        return await future
    except asyncio.CancelledError:
        if wake in callbacks:
            callbacks.remove(wake)
        raise


def _await(self: Event) -> Generator[Any, None, Any]:
    return wait_for_event(self).__await__()


simpy.Event.__await__ = _await  # type: ignore[attr-defined]  # an addition only: SimPy's events have no __await__
