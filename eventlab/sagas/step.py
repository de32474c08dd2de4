"""One step of a saga: an action, what undoes it, and how patiently each is tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from eventlab.errors import InvalidValue
from eventlab.errors.given import check_seconds
from eventlab.resilience.backoff import Backoff, Exponential
from eventlab.sagas.events import CompensationRequested, StepRequested
from eventlab.sagas.fitting import check_awaited, check_plain, is_count

if TYPE_CHECKING:
    from eventlab.sagas.definition import Saga


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
    other side can tell a repetition from a new wish. *round* is 1, and one
    more each time the saga was rolled back to a save-point before this step:
    then the key is a new one, for it is a new wish.
    """

    saga_id: str
    input: Any
    results: dict[str, Any]
    key: str
    round: int = 1


Action = Callable[[StepContext], Awaitable[Any]]
Compensation = Callable[[StepContext, Any], Awaitable[Any]]
"""Undoes a step. Gets its result, or None while it is unknown whether the step happened at all."""
Condition = Callable[[StepContext], bool]
"""Whether a step is wanted at all: a pure function of the input and the results before it."""

RETRY = Exponential(0.2, cap_s=5.0)
"""Between the attempts of a step or of its compensation, unless the step says otherwise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action, what undoes it, and how patiently each is tried.

    *attempts_max* bounds a compensatable step, after which the saga turns
    back. A pivot and what comes after it are tried until *stuck_after_s* has
    passed since the first attempt; so are compensations, and steps that are
    sagas. Then the saga is stuck. *timeout_s* ends a single attempt, either way.

    Without *when*, or where it holds, the step is carried out; else it is
    skipped, and nothing has to be undone for it. *after* names steps of the
    same parallel group that must have succeeded before. *requested* and
    *undo_requested* are what the log calls the two intents: event classes of
    one's own, derived from `StepRequested` and `CompensationRequested`.

    Raises InvalidValue for a setting that could not work, and for a function that could not be called so: an *action*
    takes the context, a *compensation* the result as well, and both are awaited; *when* is not.
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
    when: Condition | None = None
    after: str | Sequence[str] = ()
    requested: type[StepRequested] = StepRequested
    undo_requested: type[CompensationRequested] = CompensationRequested
    child: Saga | None = None

    def __post_init__(self) -> None:
        if not (is_count(self.attempts_max) and self.attempts_max >= 1):
            raise InvalidValue("attempts_max", self.attempts_max, "a whole number, at least 1")
        check_seconds("stuck_after_s", self.stuck_after_s, endless_too=True)
        if self.timeout_s is not None:
            check_seconds("timeout_s", self.timeout_s, otherwise="None")
        self._check_calls()
        object.__setattr__(self, "after", (self.after,) if isinstance(self.after, str) else tuple(self.after))
        for field, wanted in (("requested", StepRequested), ("undo_requested", CompensationRequested)):
            given = getattr(self, field)
            if not (isinstance(given, type) and issubclass(given, wanted)):
                raise InvalidValue(field, given, f"an event class derived from {wanted.__name__}")

    def _check_calls(self) -> None:
        of = f"of step {self.name!r}"
        check_awaited(f"action {of}", self.action, "the context")
        if self.compensation is not None:
            check_awaited(f"compensation {of}", self.compensation, "the context", "the result")
        if self.when is not None:
            check_plain(f"when {of}", self.when, "the context")
        for pause in ("backoff", "undo_backoff"):
            if not callable(getattr(getattr(self, pause), "delay_s", None)):
                raise InvalidValue(f"{pause} {of}", getattr(self, pause), "a backoff, such as Constant(0.5)")

    @property
    def forward_only(self) -> bool:
        """Whether giving up is no choice: the outcome must become known, or an operator must decide."""
        return self.kind is not Kind.COMPENSATABLE

    @property
    def until_stuck(self) -> bool:
        """Whether it is tried until *stuck_after_s* has passed, and not for a number of attempts."""
        return self.forward_only or self.child is not None

    @property
    def can_be_undone(self) -> bool:
        return self.compensation is not None or self.child is not None


def step(name: str, action: Action, compensation: Compensation | None = None, **settings: Any) -> Step:
    """A step that can be undone, by *compensation*; without one there is nothing to undo. *settings* are `Step`'s."""
    return Step(name, action, compensation, Kind.COMPENSATABLE, **settings)


def pivot(name: str, action: Action, **settings: Any) -> Step:
    """The point of no return. *settings* are `Step`'s."""
    return Step(name, action, kind=Kind.PIVOT, **settings)


def retriable(name: str, action: Action, **settings: Any) -> Step:
    """A step after the point of no return. *settings* are `Step`'s."""
    return Step(name, action, kind=Kind.RETRIABLE, **settings)


def subsaga(
    name: str,
    child: Saga,
    input: Callable[[StepContext], Any],
    *,
    kind: Kind = Kind.COMPENSATABLE,
    **settings: Any,
) -> Step:
    """A step that is a saga of its own, with the *input* that is made from the context.

    Its id is ``<saga>.<step>``, its result the results of the child's steps. If the child was undone, the step
    counts as refused; undoing the step undoes the child, also one that has completed. So a child with a point of no
    return can only stand where nothing is undone any more, as *kind* must say.
    """

    check_plain(f"input of step {name!r}", input, "the context")

    async def action(ctx: StepContext) -> Any:
        return input(ctx)

    return Step(name, action, kind=kind, child=child, **settings)


def key_of(saga_id: str, step_name: str, direction: str, round: int = 1) -> str:
    """The idempotency key of a step in one direction, ``forward`` or ``backward``. Later rounds have their own."""
    key = f"{saga_id}/{step_name}/{direction}"
    return key if round == 1 else f"{key}/{round}"


def child_id(saga_id: str, step_name: str, round: int = 1) -> str:
    """The id of the saga that is a step of another one, from the second round on with it."""
    own = f"{saga_id}.{step_name}"
    return own if round == 1 else f"{own}.{round}"


def possible_parents(saga_id: str) -> list[tuple[str, str]]:
    """Whose step it is by its id, if it is one: ``1.leg.2`` would be step 2 of ``1.leg``, or leg of ``1``."""
    parent_id, _, last = saga_id.rpartition(".")
    earlier_id, _, step_name = parent_id.rpartition(".")
    found = [(parent_id, last)] if parent_id else []
    return [*found, (earlier_id, step_name)] if earlier_id and last.isdigit() else found
