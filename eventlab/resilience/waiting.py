"""Waiting for a turn that somebody else gives, without losing it: the part that is easily got wrong.

Whoever is cancelled in the step in which its turn comes holds it already, and has to pass it on. Else it
takes it along, and whoever stands in the queue behind it waits for ever.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable

from ..errors import InvalidValue
from .deadline import current_deadline_s


class Turn(enum.Enum):
    """How a wait ended."""

    COME = "come"
    TOO_LONG = "too long"
    TOO_LATE = "too late"
    SHED = "shed"
    DISPLACED = "displaced"


class Waiter:
    """One who waits since *came_s*, until its turn comes, *wait_max_s* have passed or the ambient deadline is over."""

    __slots__ = ("_future", "came_s", "deadline_s", "ends_s")

    def __init__(self, came_s: float, wait_max_s: float | None) -> None:
        self._future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self.came_s = came_s
        self.deadline_s = current_deadline_s()
        ends_s = [came_s + wait_max_s] if wait_max_s is not None else []
        if self.deadline_s is not None:
            ends_s.append(self.deadline_s)
        self.ends_s = min(ends_s, default=None)

    def tell(self, turn: Turn) -> bool:
        """End the wait. False if it has ended already, so that the turn is somebody else's.

        Who waits in another event loop would not hear of it: its wait ends there as a mistake (`InvalidValue`).
        """
        if self._future.done():
            return False
        own, here = self._future.get_loop(), _running_loop()
        if here is not None and own is not here:
            if not own.is_closed():
                own.call_soon_threadsafe(self._refuse)
            return False
        self._future.set_result(turn)
        return True

    def _refuse(self) -> None:
        if not self._future.done():
            expected = "the one of all its other callers: another loop needs limiters of its own"
            self._future.set_exception(InvalidValue("the event loop of a limiter", self._future.get_loop(), expected))

    async def wait(self, leave: Callable[[Waiter], None], pass_on: Callable[[], None]) -> Turn:
        """How the wait ends. Who gives up leaves the queue by *leave*; who is cancelled with the turn passes it on."""
        timer = None
        if self.ends_s is not None:
            timer = asyncio.get_running_loop().call_later(self.ends_s - self.came_s, self._expire, leave)
        try:
            return await self._future
        except BaseException:
            if self._future.done() and not self._future.cancelled():
                if self._future.exception() is None and self._future.result() is Turn.COME:
                    pass_on()
            else:
                leave(self)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _expire(self, leave: Callable[[Waiter], None]) -> None:
        late = self.deadline_s is not None and self.ends_s == self.deadline_s
        if self.tell(Turn.TOO_LATE if late else Turn.TOO_LONG):
            leave(self)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that this thread is in, if any: a place may also be left by what nobody awaits any more."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
