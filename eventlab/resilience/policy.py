"""Retry, breaker and timeout in one readable expression; what stands left is outside.

::

    policy = Retry(attempts_max=3) | Breaker(circuit) | Timeout(1.0)
    await policy.call(f)

Every attempt of the retry asks the breaker, and the timeout's end is a failure
that the breaker sees. A ``Timeout`` may also stand outside the retry: then it
bounds all attempts and pauses together. Orders that would not do what they
seem to do are refused, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from ..errors import CircuitOpen, InvalidValue, TimedOut, Unavailable
from .backoff import Backoff
from .deadline import deadline
from .retry import DEFAULT_BACKOFF, RetryBudget, check_attempts, retry, worth_retrying

T = TypeVar("T")

Rejected = Callable[[Unavailable], None]


class Circuit(Protocol):
    """What a policy needs of a breaker."""

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T: ...


class Policy:
    """One layer, or several within each other, around whatever is called."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Outermost first."""
        raise NotImplementedError

    @property
    def attempt_timeout_s(self) -> float | None:
        """How long one attempt may take, when the policy says so."""
        innermost = self.layers[-1]
        return innermost.seconds if isinstance(innermost, Timeout) else None

    def __or__(self, inner: Policy) -> Policy:
        return _Layers((*self.layers, *inner.layers))

    async def call(self, f: Callable[[], Awaitable[T]], *, rejected: Rejected | None = None) -> T:
        """What *f* gives, under this policy. *rejected* is told of each attempt that a layer kept from happening."""
        inner: Callable[[], Awaitable[T]] = f
        for layer in reversed(self.layers):
            inner = _wrapped(layer, inner, rejected)
        return await inner()


def _wrapped(layer: Layer, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> Callable[[], Awaitable[T]]:
    return lambda: layer.around(inner, rejected)


class Layer(Policy):
    """One kind of protection."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        return (self,)

    def call(self, f: Callable[[], Awaitable[T]], *, rejected: Rejected | None = None) -> Coroutine[Any, Any, T]:
        return self.around(f, rejected)  # the commonest policy is one layer, with nothing to be wrapped

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        raise NotImplementedError


@dataclass(frozen=True)
class Retry(Layer):
    """Try again, as `retry.retry` does."""

    attempts_max: int = 3
    backoff: Backoff = DEFAULT_BACKOFF
    retry_on: Callable[[BaseException], bool] = worth_retrying
    budget: RetryBudget | None = None

    def __post_init__(self) -> None:
        check_attempts(self.attempts_max)

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        return await retry(
            inner,
            attempts_max=self.attempts_max,
            backoff=self.backoff,
            retry_on=self.retry_on,
            budget=self.budget,
        )


@dataclass(frozen=True)
class Breaker(Layer):
    """Ask *circuit* first. Circuits have memory: all calls to one target share one."""

    circuit: Circuit

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        let_through = False

        def pass_on() -> Awaitable[T]:
            nonlocal let_through
            let_through = True
            return inner()

        try:
            return await self.circuit.call(pass_on)
        except CircuitOpen as error:
            if not let_through and rejected is not None:
                rejected(error)
            raise


@dataclass(frozen=True)
class Timeout(Layer):
    """Give up after that long. What was begun elsewhere may still happen, so the outcome is unknown."""

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise InvalidValue("Timeout.seconds", self.seconds, "a number of seconds above 0")

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        try:
            async with asyncio.timeout(self.seconds) as scope:
                with deadline(self.seconds):
                    return await inner()
        except TimeoutError:
            if scope.expired():
                raise TimedOut(self.seconds) from None
            raise


class _Layers(Policy):
    """Several layers in an order that makes sense."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        reason = why_senseless(layers)
        if reason:
            raise InvalidValue("policy", self, reason)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self._layers

    def __repr__(self) -> str:
        return " | ".join(type(layer).__name__ for layer in self._layers)


def why_senseless(layers: tuple[Layer, ...]) -> str:
    """What an order of layers gets wrong, with the order that would do; empty when it makes sense."""
    kinds = [type(layer) for layer in layers]
    for kind, harm in ((Retry, "the attempts would multiply"), (Breaker, "one would count what the other held back")):
        if kinds.count(kind) > 1:
            return f"one {kind.__name__} at most: with two, {harm}"
    for outer, inner in pairwise(kinds):
        if (outer, inner) == (Timeout, Timeout):
            return "two Timeouts with something between them: of two neighbours only the shorter counts"
        if (outer, inner) == (Timeout, Breaker):
            return "Breaker | Timeout: a timeout outside cancels the call, and a cancelled call counts as nothing"
    if Retry in kinds and Breaker in kinds and kinds.index(Breaker) < kinds.index(Retry):
        return "Retry | Breaker: a breaker outside sees one call where the target got several"
    timeouts_s = [layer.seconds for layer in layers if isinstance(layer, Timeout)]
    if timeouts_s and timeouts_s[0] < timeouts_s[-1]:
        return f"an outer Timeout of at least {timeouts_s[-1]:g} s: before a shorter one the inner never ends anything"
    return ""
