"""A circuit breaker as a layer of a policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..errors import CircuitOpen
from .policy import Layer, Rejected

T = TypeVar("T")


class Circuit(Protocol):
    """What a policy needs of a breaker."""

    def call(self, f: Callable[..., Awaitable[T]], *args: object) -> Coroutine[Any, Any, T]: ...


@dataclass(frozen=True, repr=False)
class Breaker(Layer):
    """Ask *circuit* first. Circuits have memory: all calls to one target share one."""

    kind = "breaker"

    circuit: Circuit

    def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> Coroutine[Any, Any, T]:
        return self.circuit.call(inner) if rejected is None else self._telling(inner, rejected)

    async def _telling(self, inner: Callable[[], Awaitable[T]], rejected: Rejected) -> T:
        let_through = False

        def pass_on() -> Awaitable[T]:
            nonlocal let_through
            let_through = True
            return inner()

        try:
            return await self.circuit.call(pass_on)
        except CircuitOpen as error:
            if not let_through:
                rejected(error)
            raise

    def __repr__(self) -> str:
        return f"breaker({getattr(self.circuit, 'name', self.circuit)!r})"


def breaker(circuit: Circuit) -> Breaker:
    """Reject calls while *circuit* is open: ``breaker(CircuitBreaker("payments"))``."""
    return Breaker(circuit)
