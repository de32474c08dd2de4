"""Protections in one readable expression; what stands left is outside.

::

    policy = retry(attempts_max=3) | breaker(circuit) | timeout(1.0)
    await policy.call(f)

Every attempt of the retry asks the breaker, and the timeout's end is a failure
that the breaker sees. A ``timeout`` may also stand outside the retry: then it
bounds all attempts and pauses together. Orders that would not do what they
seem to do are refused or warned about, with the reason: `order` has the table.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import MISSING, Field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ..errors import InvalidValue, Unavailable
from .order import PolicyWarning, doubts_of, why_senseless

T = TypeVar("T")
P = ParamSpec("P")

Rejected = Callable[[Unavailable], None]


class Policy:
    """One layer, or several within each other, around whatever is called.

    It is a value that may serve any number of calls at once. Layers with a memory (breakers, limiters, budgets) share
    it among all of them: make one policy for each target, and keep it.
    """

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Outermost first."""
        raise NotImplementedError

    @property
    def attempt_timeout_s(self) -> float | None:
        """How long one attempt may take, when the policy says so."""
        return self.layers[-1].ends_after_s

    def __or__(self, inner: Policy) -> Policy:
        if not isinstance(inner, Policy):
            raise InvalidValue(
                "what stands in a policy", inner, "a layer, such as breaker(circuit) or rate_limit(limiter)"
            )
        return _Layers(self.layers, inner.layers)

    def call(
        self, f: Callable[..., Awaitable[T]], *args: object, rejected: Rejected | None = None
    ) -> Coroutine[Any, Any, T]:
        """What ``f(*args)`` gives, under this policy. *rejected* is told of each attempt that a layer kept back."""
        raise NotImplementedError

    def __call__(self, f: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        """*f* under this policy, as ``policy(f)`` or by ``@policy`` above an async function.

        Raises InvalidValue for a plain function: whoever paused or timed it would stop the whole loop.
        """
        if not inspect.iscoroutinefunction(f):
            raise InvalidValue("what a policy is put around", f, "an async function; give plain ones asyncio.to_thread")

        @functools.wraps(f)
        async def protected(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.call(partial(f, *args, **kwargs))

        return protected


async def telling(
    call: Callable[[Callable[[], Awaitable[T]]], Awaitable[T]],
    inner: Callable[[], Awaitable[T]],
    kept_back_by: tuple[type[Unavailable], ...],
    rejected: Rejected,
) -> T:
    """Await ``call(inner)``, and tell *rejected* of an error of *kept_back_by*, if *inner* was not called before it."""
    let_through = False

    def pass_on() -> Awaitable[T]:
        nonlocal let_through
        let_through = True
        return inner()

    try:
        return await call(pass_on)
    except kept_back_by as error:
        if not let_through:
            rejected(error)
        raise


class Layer(Policy):
    """One kind of protection, usually a frozen dataclass: what it asks of the others is in `order`."""

    kind: str = ""
    """Its name in an expression, by which `order` knows it; no rule holds for an unknown one."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        return (self,)

    @property
    def ends_after_s(self) -> float | None:
        """How long it lets whatever is inside take, where it limits that."""
        return None

    def call(
        self, f: Callable[..., Awaitable[T]], *args: object, rejected: Rejected | None = None
    ) -> Coroutine[Any, Any, T]:
        return self.around(partial(f, *args) if args else f, rejected)

    def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> Coroutine[Any, Any, T]:
        raise NotImplementedError

    def __repr__(self) -> str:
        """As one writes it: what was left to its default is left out."""
        said: list[str] = []
        own: dict[str, Field[Any]] = getattr(self, "__dataclass_fields__", {})
        for field in own.values():
            value = getattr(self, field.name)
            if not field.repr:
                continue
            if field.default is MISSING and field.default_factory is MISSING:
                said.append(_in_words(value))
            elif value != field.default:
                said.append(f"{field.name}={_in_words(value)}")
        return f"{self.kind or type(self).__name__}({', '.join(said)})"


def _in_words(value: object) -> str:
    return getattr(value, "__qualname__", None) or repr(value)


class _Layers(Policy):
    """Several layers in an order that makes sense."""

    def __init__(self, outer: tuple[Layer, ...], inner: tuple[Layer, ...]) -> None:
        self._layers = layers = (*outer, *inner)
        reason = why_senseless(layers)
        if reason:
            raise InvalidValue("policy", self, reason)
        told = [*doubts_of(outer), *doubts_of(inner)]  # when these were put together
        for doubt in doubts_of(layers):
            if doubt not in told:
                warnings.warn(f"{self!r}: {doubt}", PolicyWarning, stacklevel=3)
        self._outermost = layers[0].around
        self._innermost_first = tuple(layer.around for layer in reversed(layers[1:]))

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self._layers

    def call(
        self, f: Callable[..., Awaitable[T]], *args: object, rejected: Rejected | None = None
    ) -> Coroutine[Any, Any, T]:
        inner: Callable[[], Awaitable[T]] = partial(f, *args) if args else f
        for around in self._innermost_first:
            inner = partial(around, inner, rejected)
        return self._outermost(inner, rejected)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self._layers))
