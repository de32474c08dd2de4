"""Letting an answer run that may never end: it is stopped in a way that no ``except`` of its own can catch."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Coroutine, Generator
from typing import Any

from eventlab.simulation import World
from eventlab.simulation.ending import leave_open

STEPS_MAX = 2_000
"""How often an answer is resumed before it is left where it waits."""


class Unfinished:
    """Stands for the end of somebody who was still not served when the evening was broken off."""

    def __repr__(self) -> str:
        return "not served when the evening was broken off"


class AnswerLeft(Exception):
    """The answer tried to end more than itself, as ``sys.exit()`` does."""


class Patient:
    """Awaits a coroutine, and after *steps_max* steps resumes it no more.

    Nothing is thrown into it, since a bare ``except`` would catch whatever it is and go on for ever.
    For the same reason nobody may close it: who runs it calls `abandon` on its world.
    Raises AnswerLeft for ``sys.exit()`` and its like; KeyboardInterrupt goes through.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], steps_max: int = STEPS_MAX) -> None:
        self._coroutine, self._steps_max = coroutine, steps_max

    def __await__(self) -> Generator[Any, None, Any]:
        never = asyncio.get_running_loop().create_future()
        thrown: BaseException | None = None
        for _ in range(self._steps_max):
            try:
                waits_for = self._coroutine.throw(thrown) if thrown else self._coroutine.send(None)
            except StopIteration as done:
                return done.value
            except (Exception, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise AnswerLeft(f"{type(error).__name__}({error})") from None
            thrown = None
            try:
                yield waits_for
            except GeneratorExit:
                raise
            except BaseException as error:  # a timeout of its own, say
                thrown = error
        return (yield from never)


def abandon(world: World) -> None:
    """Close the world, or if something in it is unfinished leave it as it stands to the end of the process and beyond.

    To close or to collect what waits there would throw GeneratorExit into it, and a bare ``except`` catches that too.
    """
    unfinished = asyncio.all_tasks(world.loop)
    if not unfinished:
        world.close()
        return
    leave_open(world)
    for one in (world, *unfinished):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
