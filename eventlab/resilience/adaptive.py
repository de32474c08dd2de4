"""As many calls at once as the target takes, found out and followed while it works."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from .. import hooks, runtime
from ..errors import BulkheadFull, DeadlinePassed, InvalidValue, Refused, Rejected, Unavailable
from .given import check_of_errors
from .gradient import Gradient, GradientConfig

T = TypeVar("T")


def tells_of_overload(error: BaseException) -> bool:
    """Whether the target did not answer in time, or turned the call away."""
    if isinstance(error, (Rejected, DeadlinePassed)):
        return False  # it never got there
    return isinstance(error, (TimeoutError, Unavailable))


class AdaptiveLimit:
    """Lets in as many calls at once as the target answers without making them wait for each other.

    `Gradient` judges that by their latency. Further ones are turned away at once with `BulkheadFull`: waiting would
    only hide the overload. It is most exact before a server; of many clients of one server each also sees the load of
    the others::

        payments = AdaptiveLimit("payments")
        answer = await payments.call(ask, order)

    A call for which *is_drop* says yes makes the limit smaller. An answer, and a refusal is one, tells by its latency;
    other errors and cancelled calls tell nothing.
    """

    kind = "adaptive_limit"

    def __init__(
        self,
        name: str,
        config: GradientConfig | None = None,
        *,
        is_drop: Callable[[BaseException], bool] = tells_of_overload,
    ) -> None:
        if config is not None and not isinstance(config, GradientConfig):
            raise InvalidValue(
                f"the configuration of {name}", config, "a GradientConfig, such as GradientConfig(limit_max=50)"
            )
        check_of_errors("is_drop", is_drop)
        self.name, self._config, self._is_drop = name, config or GradientConfig(), is_drop
        self._gradient: Gradient | None = None  # its time begins with the first call: it may be built outside a world
        self._inside = 0

    def __repr__(self) -> str:
        return f"<AdaptiveLimit {self.name}: {self._inside} of {self.limit} inside>"

    @property
    def inside(self) -> int:
        """How many calls are under way now."""
        return self._inside

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        gradient = self._gradient
        return self._config.limit_min if gradient is None else gradient.limit(runtime.monotonic())

    @property
    def noload_s(self) -> float | None:
        """How long a call takes when the target is not busy, as far as is known."""
        return None if self._gradient is None else self._gradient.noload_s

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` if there is room."""
        async with self.admit():
            return await f(*args)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Room for one call, which lasts as long as the ``async with`` block."""
        began_s = runtime.monotonic()
        gradient = self._gradient
        if gradient is None:
            gradient = self._gradient = Gradient(self._config, began_s)
        if self._inside >= gradient.limit(began_s):
            raise self._full()
        inside = self._inside = self._inside + 1
        try:
            yield
        except BaseException as error:
            if self._is_drop(error):
                gradient.dropped(inside, runtime.monotonic())
            elif isinstance(error, Refused):
                now_s = runtime.monotonic()
                gradient.ended(now_s - began_s, inside, now_s)
            raise
        else:
            now_s = runtime.monotonic()
            gradient.ended(now_s - began_s, inside, now_s)
        finally:
            self._inside -= 1

    def _full(self) -> BulkheadFull:
        error = BulkheadFull(self.name, self._inside, 0)
        if hooks.listening:
            hooks.emit(hooks.CallRejected(self.name, self.kind, error.reason))
        return error
