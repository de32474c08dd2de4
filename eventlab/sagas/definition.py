"""A saga: steps in an order that can always be carried through, or else undone.

First the compensatable steps, then at most one pivot, the point of no return,
then the retriable steps, which can only go forward. Any other order could
strand a saga halfway, so it is refused when the saga is defined.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from eventlab.errors import InvalidValue, SagaMisdefined
from eventlab.resilience.backoff import Backoff, Exponential


class Kind(Enum):
    """What can be done about a step once it has happened."""

    COMPENSATABLE = "compensatable"
    """It can be undone."""
    PIVOT = "pivot"
    """Once it has happened nothing is undone; until it is known, nothing is undone either."""
    RETRIABLE = "retriable"
    """It comes after the point of no return, and succeeds if tried for long enough."""


class StepContext(msgspec.Struct, frozen=True):
    """What a step knows: its saga, the frozen input, earlier results, and its own key.

    The key is the same on every attempt and after every restart, so that the
    other side can tell a repetition from a new wish.
    """

    saga_id: str
    input: Any
    results: dict[str, Any]
    key: str


Action = Callable[[StepContext], Awaitable[Any]]
Compensation = Callable[[StepContext, Any], Awaitable[Any]]
"""Undoes a step. Gets its result, or None while it is unknown whether the step happened at all."""

RETRY = Exponential(0.2, cap_s=5.0)
"""Between the attempts of a step or of its compensation, unless the step says otherwise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action, what undoes it, and how patiently each is tried.

    *attempts_max* bounds a compensatable step, after which the saga turns
    back. A pivot and what comes after it are tried until *stuck_after_s* has
    passed since the first attempt; so are compensations. Then the saga is stuck.
    """

    name: str
    action: Action
    compensation: Compensation | None = None
    kind: Kind = Kind.COMPENSATABLE
    attempts_max: int = 3
    backoff: Backoff = RETRY
    undo_backoff: Backoff = RETRY
    stuck_after_s: float = 600.0
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.attempts_max < 1:
            raise InvalidValue("attempts_max", self.attempts_max, "at least 1")
        if not self.stuck_after_s > 0:
            raise InvalidValue("stuck_after_s", self.stuck_after_s, "more than 0 seconds")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise InvalidValue("timeout_s", self.timeout_s, "more than 0 seconds, or None")

    @property
    def forward_only(self) -> bool:
        """Whether giving up is no choice: the outcome must become known, or an operator must decide."""
        return self.kind is not Kind.COMPENSATABLE


def step(name: str, action: Action, compensation: Compensation | None = None, **settings: Any) -> Step:
    """A step that can be undone, by *compensation*; without one there is nothing to undo."""
    return Step(name, action, compensation, Kind.COMPENSATABLE, **settings)


def pivot(name: str, action: Action, **settings: Any) -> Step:
    """The point of no return."""
    return Step(name, action, None, Kind.PIVOT, **settings)


def retriable(name: str, action: Action, **settings: Any) -> Step:
    """A step after the point of no return."""
    return Step(name, action, None, Kind.RETRIABLE, **settings)


@dataclass(frozen=True)
class Saga:
    """A named, versioned sequence of steps. *input_type* is what the steps get as ``ctx.input``."""

    name: str
    steps: Sequence[Step]
    version: int = 1
    input_type: Any = Any
    by_name: dict[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})
        if not self.steps:
            raise SagaMisdefined(self.name, "it has no steps")
        self._check_names()
        self._check_order()

    def _check_names(self) -> None:
        if len(self.by_name) < len(self.steps):
            names = [step.name for step in self.steps]
            twice = next(name for name in names if names.count(name) > 1)
            raise SagaMisdefined(self.name, f"two steps are called {twice!r}; keys are made from names")
        for step in self.steps:
            if not step.name or "/" in step.name:
                raise SagaMisdefined(self.name, f"{step.name!r} cannot name a step: keys are split at '/'")

    def _check_order(self) -> None:
        beyond: Step | None = None
        for step in self.steps:
            if step.forward_only and step.compensation is not None:
                raise SagaMisdefined(
                    self.name, f"{step.name!r} is {step.kind.value}: its compensation would never be called"
                )
            if beyond is not None and step.kind is not Kind.RETRIABLE:
                raise SagaMisdefined(
                    self.name,
                    f"{step.kind.value} step {step.name!r} comes after {beyond.kind.value} step {beyond.name!r}, "
                    "from where there is no way back; only retriable steps may follow",
                )
            if step.forward_only:
                beyond = step


def key_of(saga_id: str, step_name: str, direction: str) -> str:
    """The idempotency key of a step in one direction (``forward`` or ``backward``)."""
    return f"{saga_id}/{step_name}/{direction}"
