"""A circuit breaker as a layer of a policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..errors import CircuitOpen, InvalidValue
from .policy import Layer, Rejected, telling

T = TypeVar("T")


class Circuit(Protocol):
    """What a policy needs of a breaker."""

    def call(self, f: Callable[..., Awaitable[T]], *args: object) -> Coroutine[Any, Any, T]: ...


@dataclass(frozen=True, repr=False)
class Breaker(Layer):
    """Ask *circuit* first. Circuits have memory: all calls to one target share one."""

    kind = "breaker"

    circuit: Circuit

    def __post_init__(self) -> None:
        if not callable(getattr(self.circuit, "call", None)):
            raise InvalidValue("breaker", self.circuit, "a circuit breaker, such as CircuitBreaker('payments')")

    def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> Coroutine[Any, Any, T]:
        if rejected is None:
            return self.circuit.call(inner)
        return telling(self.circuit.call, inner, (CircuitOpen,), rejected)

    def __repr__(self) -> str:
        return f"breaker({getattr(self.circuit, 'name', self.circuit)!r})"


def breaker(circuit: Circuit) -> Breaker:
    """Reject calls while *circuit* is open: ``breaker(CircuitBreaker("payments"))``."""
    return Breaker(circuit)
