"""SimPy processes of a world: they may yield what asyncio can await, and one of a node's lives and pauses with it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from simpy.core import Environment
from simpy.events import Event, ProcessGenerator

from .handles import Handle
from .incarnation import Incarnation


class Translator:
    """A process generator whose awaitables come out as SimPy events."""

    def __init__(self, env: Environment, generator: ProcessGenerator) -> None:
        self._env, self._generator = env, generator
        self.__name__ = getattr(generator, "__name__", type(generator).__name__)

    def send(self, value: Any) -> Event:
        return as_event(self._env, self._generator.send(value))

    def throw(self, *error: Any) -> Event:
        return as_event(self._env, self._generator.throw(*error))

    def close(self) -> None:
        self._generator.close()


def as_event(env: Environment, awaited: Any) -> Event:
    """A SimPy event that ends as *awaited* does. What cannot be awaited is left to SimPy to refuse."""
    if isinstance(awaited, Event) or not inspect.isawaitable(awaited):
        return awaited
    event = env.event()
    future = asyncio.ensure_future(awaited)

    def finish(done: asyncio.Future[Any]) -> None:
        if event.triggered:
            return
        if done.cancelled():
            event.fail(asyncio.CancelledError())  # type: ignore[arg-type]
        elif (error := done.exception()) is not None:
            event.fail(error)  # type: ignore[arg-type]
        else:
            event.succeed(done.result())

    future.add_done_callback(finish)
    return event


class NodeProcess(Translator):
    """A process of a node's *life*. What should wake it while the node is paused waits; once dead, it never wakes."""

    def __init__(self, env: Environment, generator: ProcessGenerator, life: Incarnation) -> None:
        super().__init__(env, generator)
        self._life, self._context = life, copy_context()
        self._missed: list[Callable[[], Event]] = []
        if not life.dead:
            life.belongings[self] = None

    def send(self, value: Any) -> Event:
        return self._wake(lambda: super(NodeProcess, self).send(value))

    def throw(self, *error: Any) -> Event:
        return self._wake(lambda: super(NodeProcess, self).throw(*error))

    def abandon(self, graveyard: list[Any]) -> None:
        graveyard.append(self)

    def _wake(self, step: Callable[[], Event]) -> Event:
        life = self._life
        if life.dead:
            return Event(self._env)  # never triggered
        if life.deferred is not None:
            self._missed.append(step)
            gate = Event(self._env)
            life.deferred.append(Handle(_open, (gate,), self._context.copy()))
            return gate
        steps, self._missed = self._missed or [step], []
        try:
            for step in steps:
                event = self._context.run(step)
        except BaseException:  # it has ended, be it by returning
            life.belongings.pop(self, None)
            raise
        return event


def _open(gate: Event) -> None:
    """Let a gate's process go on, in the place that its handle had among those that were held back."""
    callbacks: list[Callable[[Event], None]] | None = gate.callbacks
    gate._ok, gate._value, gate.callbacks = True, None, None  # type: ignore[assignment]
    for callback in callbacks or ():
        callback(gate)
