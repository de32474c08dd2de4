"""Asking several at once, and going on as soon as enough of them have answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from ..errors import EventlabError, InvalidValue, QuorumMissed, Retriable

T = TypeVar("T")


async def quorum(needed: int, calls: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
    """The answers of the *needed* quickest of *calls*, which all begin at once, in the order of *calls*.

    The others are cancelled: nobody waits for them. As soon as so many have failed that too few are left, it raises
    QuorumMissed, since those who answered did the work; or the first error, if all failed in a way that says that
    nothing happened. What is no error of a call, such as a mistake in the code, comes through at once.
    """
    if not 1 <= needed <= len(calls):
        raise InvalidValue("quorum, needed", needed, f"from 1 to {len(calls)}, as many as are asked")
    tasks = [asyncio.ensure_future(call()) for call in calls]
    try:
        return await _enough(needed, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _enough(needed: int, tasks: list[asyncio.Task[T]]) -> list[T]:
    while True:
        ended = [task for task in tasks if task.done()]
        failures = [error for task in ended if (error := task.exception()) is not None]
        answers = [task.result() for task in ended if task.exception() is None]
        for error in failures:
            if not isinstance(error, EventlabError):
                raise error
        if len(answers) >= needed:
            return answers[:needed]
        if len(failures) > len(tasks) - needed:
            if len(failures) == len(tasks) and all(isinstance(error, Retriable) for error in failures):
                raise failures[0]
            raise QuorumMissed(len(answers), needed, len(tasks))
        await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
