"""What is asked, not told: how deep a queue is, how late a consumer, how many connections are open.

A room that knows such a number registers a callback here, and whoever scrapes asks all of them then, so that the
answer is true also where nothing happens any more. A callback that is a method is held weakly: it goes with its object.
Any other is held until `Gauge.close`, or to the end of a ``with`` block.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from inspect import iscoroutinefunction
from itertools import count
from types import MethodType
from typing import TypeAlias, cast
from weakref import WeakMethod

import msgspec

from .. import runtime
from ..errors import InvalidValue


class Since(msgspec.Struct, frozen=True):
    """Not a number but a moment: the gauge tells how many seconds ago that was, and 0 where there is no moment."""

    moment: datetime | None


Answer: TypeAlias = float | Since | None
"""None has nothing to tell."""

Callback: TypeAlias = Callable[[], Answer | Awaitable[Answer]]


class Gauge:
    """A number that is asked for: *name* of its family, *labels*, and the node and the runtime of who registered it."""

    __slots__ = ("_callback", "_last", "_number", "is_awaited", "labels", "name", "node", "runtime")

    def __init__(self, name: str, callback: Callback, labels: dict[str, str]) -> None:
        self.name, self.labels = name, labels
        self.node, self.runtime = runtime.current_node(), runtime.current()
        self.is_awaited = iscoroutinefunction(callback)
        self._number = next(_numbers)
        self._callback = _held(callback, self._number)
        self._last: Answer = None

    def ask(self) -> float | None:
        """What it is now; or, if it has to be awaited, what it was when it was last read: an age goes on growing.

        Raises what the callback raises. Safe on any thread, if the callback is.
        """
        if self.is_awaited:
            return self._value(self._last)
        callback = self._callback()
        if callback is None:
            return None
        with runtime.entered(self.runtime), runtime.on_node(self.node):
            return self._value(cast(Answer, callback()))

    async def read(self) -> None:
        """Await the callback for what `ask` then tells. Does nothing if it need not be awaited, or belongs elsewhere.

        Raises what the callback raises, and then there is nothing to tell.
        """
        callback = self._callback()
        if not self.is_awaited or callback is None or runtime.current() is not self.runtime:
            return
        self._last = None
        with runtime.on_node(self.node):
            self._last = await cast(Awaitable[Answer], callback())

    def close(self) -> None:
        """It is asked no more. Closing it twice is closing it."""
        _gauges.pop(self._number, None)

    def __enter__(self) -> Gauge:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _value(self, answer: Answer) -> float | None:
        if not isinstance(answer, Since):
            return answer
        if answer.moment is None:
            return 0.0
        with runtime.on_node(self.node):
            return (self.runtime.now() - answer.moment).total_seconds()


def gauge(name: str, callback: Callback, **labels: str) -> Gauge:
    """Register *callback* for the gauge *name* with *labels*. It may be a coroutine function.

    ``with gauge("eventcore_outbox_depth", outbox.depth, queue="mail"): ...``. It counts as of the node that is current
    here. Inside a world it must neither draw nor sleep nor write: to be asked changes nothing.
    """
    if not callable(callback):
        raise InvalidValue(
            f"the gauge {name}", callback, "a function to be asked at each scrape, such as lambda: len(queue)"
        )
    made = Gauge(name, callback, labels)
    _gauges[made._number] = made
    return made


def registered() -> list[Gauge]:
    """All that can be asked here, in the order in which they came: inside a world those of that world alone."""
    here = runtime.current()
    every = list(_gauges.values())
    return [each for each in every if each.runtime is here] if here.simulated else every


_gauges: dict[int, Gauge] = {}
_numbers = count(1)


def _held(callback: Callback, number: int) -> Callable[[], Callback | None]:
    if isinstance(callback, MethodType):
        return WeakMethod(callback, lambda _: _gauges.pop(number, None))
    return lambda: callback
