"""While ``tail --follow`` waits: whether the store answers, and whether anybody still reads."""

from __future__ import annotations

import asyncio
import os
import random
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .. import hooks
from ..store import Subscription
from ..store.subscription import BACKOFF


class TellingBackoff:
    """The pauses of a subscription; that there is one is said on standard error, once for each time."""

    def delay_s(self, attempt: int, chance: random.Random, previous_s: float = 0.0) -> float:
        if attempt == 1:
            _say("the store does not answer; it is tried again until it does")
        return BACKOFF.delay_s(attempt, chance, previous_s)


@contextmanager
def telling_of_return() -> Iterator[None]:
    """Say on standard error when the store answers again."""

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.SubscriptionResumed):
            _say(f"the store answers again; going on after position {happening.position:,}")

    with hooks.listen(listener):
        yield


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


@contextmanager
def ended_with_stdout(following: Subscription) -> Iterator[None]:
    """End *following* when whoever reads standard output has left, also while there is nothing to write.

    The end of a pipe that is written to becomes readable when the other end is closed, and at no other time.
    """
    ending: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()

    def left(pipe: int) -> None:
        loop.remove_reader(pipe)
        ending.append(loop.create_task(following.aclose()))

    pipe = _pipe_of_stdout()
    if pipe is not None:
        try:
            loop.add_reader(pipe, left, pipe)
        except (NotImplementedError, OSError):  # this loop, or this system, cannot watch it
            pipe = None
    try:
        yield
    finally:
        if pipe is not None:
            loop.remove_reader(pipe)


def _pipe_of_stdout() -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        descriptor = sys.stdout.fileno()
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode):
            return descriptor
    return None
