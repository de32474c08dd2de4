"""A saga: steps in an order that can always be carried through, or else undone.

First the compensatable steps, then at most one pivot, the point of no return,
then the retriable steps, which can only go forward. Any other order could
strand a saga halfway, so it is refused when the saga is defined.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eventlab.errors import InvalidValue, SagaMisdefined
from eventlab.resilience.backoff import Backoff
from eventlab.sagas.events import StepOutline
from eventlab.sagas.fitting import check_plain, is_count, is_number
from eventlab.sagas.step import RETRY, Kind, Step


@dataclass(frozen=True, slots=True)
class Parallel:
    """Steps that are under way at the same time, but for those that come *after* others of the group."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SavePoint:
    """A place to roll back to, and to go forward from again.

    A step after it that fails undoes what came since, and after a pause the saga goes on from here, in a new *round*;
    *rounds_max* such returns, then everything is undone. After H. Garcia-Molina and K. Salem, *Sagas*, SIGMOD 1987.
    """

    name: str
    rounds_max: int = 1
    backoff: Backoff = RETRY

    def __post_init__(self) -> None:
        if not (is_count(self.rounds_max) and self.rounds_max >= 1):
            raise InvalidValue("rounds_max", self.rounds_max, "a whole number, at least 1")


STEP_NAME_CHARACTERS_MAX = 100
"""So that the id of a child, ``<saga>.<step>``, has room for its saga's: a stream's name holds 255 characters."""

_CHILD = re.compile(r"[\w-]+")

Entry = Step | Parallel | SavePoint
WhenLocked = Literal["wait", "refuse"]


def parallel(*steps: Step) -> Parallel:
    """The steps as one group: all compensatable, or all retriable."""
    return Parallel(steps)


def savepoint(name: str, *, rounds_max: int = 1, backoff: Backoff = RETRY) -> SavePoint:
    """A place to roll back to; see `SavePoint`."""
    return SavePoint(name, rounds_max, backoff)


class Saga:
    """A named, versioned order of steps. *input_type* is what the steps get as ``ctx.input``.

    *deadline_s*, counted from the start, is how long the saga may take up to its point of no return; after that it
    turns back. A saga that was begun under one version is finished under that version.

    *locks* names, from the input, the things that the saga works on alone: see `eventlab.sagas.locks`. *when_locked*
    says whether it waits for its turn, in the order in which the sagas started, or is refused at once, as ``locked``.
    """

    def __init__(
        self,
        name: str,
        steps: Sequence[Entry],
        version: int = 1,
        input_type: Any = Any,
        *,
        deadline_s: float | None = None,
        locks: Callable[[Any], Iterable[str]] | None = None,
        when_locked: WhenLocked = "wait",
    ) -> None:
        self.name = name
        self.version = version
        self.input_type = input_type
        self.deadline_s = deadline_s
        self.locks = locks
        self.when_locked: WhenLocked = when_locked
        if not isinstance(steps, Iterable):
            raise InvalidValue(f"steps of saga {name!r}", steps, "a list of them, such as [step(…), pivot(…)]")
        self.entries = tuple(steps)
        for entry in self.entries:
            if not isinstance(entry, Step | Parallel | SavePoint):
                raise self._refuse(f"{entry!r} is no step; step(…), pivot(…), retriable(…) and the like make one of it")
        self.steps: tuple[Step, ...] = tuple(step for entry in self.entries for step in _steps_of(entry))
        self.by_name = {step.name: step for step in self.steps}
        self._check()
        self.needs: dict[str, tuple[str, ...]] = _needs(self.entries)
        """Step → the steps that must have succeeded right before it."""
        self.later: dict[str, frozenset[str]] = _later(self.needs)
        """Step → all steps that build upon it, near and far: they are undone before it is."""
        self.is_sequential = all(not isinstance(entry, Parallel) for entry in self.entries)
        self.outline = tuple(StepOutline(step.name, step.kind.value, self.needs[step.name]) for step in self.steps)
        """The steps as the log of every such saga tells them."""

    def __repr__(self) -> str:
        return f"Saga({self.name!r}, version={self.version}, steps={[step.name for step in self.steps]})"

    def savepoints_before(self, step_name: str) -> tuple[SavePoint, ...]:
        """The save-points before a step, the nearest first."""
        passed: list[SavePoint] = []
        for entry in self.entries:
            if isinstance(entry, SavePoint):
                passed.insert(0, entry)
            elif any(step.name == step_name for step in _steps_of(entry)):
                return tuple(passed)
        return ()

    def after(self, point: SavePoint) -> tuple[str, ...]:
        """The names of the steps after a save-point."""
        since = self.entries[self.entries.index(point) + 1 :]
        return tuple(step.name for entry in since for step in _steps_of(entry))

    def _refuse(self, reason: str) -> SagaMisdefined:
        return SagaMisdefined(self.name, reason)

    def _check(self) -> None:
        if not self.name:
            raise self._refuse("it has no name")
        if not self.steps:
            raise self._refuse("it has no steps")
        if self.locks is not None:
            check_plain(f"locks of saga {self.name!r}", self.locks, "the input")
        if not (is_count(self.version) and self.version >= 1):
            raise self._refuse(f"its version is {self.version!r}; versions count from 1")
        if self.deadline_s is not None and not (is_number(self.deadline_s) and 0 < self.deadline_s < math.inf):
            raise self._refuse(f"its deadline_s is {self.deadline_s!r}; it must be more than 0 seconds, or None")
        if self.when_locked not in ("wait", "refuse"):
            raise self._refuse(f"when_locked is {self.when_locked!r}; it is 'wait' or 'refuse'")
        self._check_names()
        self._check_groups()
        self._check_order()
        self._check_savepoints()
        self._check_children()

    def _check_names(self) -> None:
        if len(self.by_name) < len(self.steps):
            names = [step.name for step in self.steps]
            twice = next(name for name in names if names.count(name) > 1)
            raise self._refuse(f"two steps are called {twice!r}; keys are made from names")
        for step in self.steps:
            if not step.name or "/" in step.name:
                raise self._refuse(f"{step.name!r} cannot name a step: keys are split at '/'")
            if len(step.name) > STEP_NAME_CHARACTERS_MAX:
                raise self._refuse(
                    f"the name of step {step.name[:20] + '…'!r} has {len(step.name)} characters, at most "
                    f"{STEP_NAME_CHARACTERS_MAX} are allowed: a step that is a saga has the step's name in its own id"
                )

    def _check_groups(self) -> None:
        for entry in self.entries:
            seen: list[str] = []
            for step in _steps_of(entry):
                for name in step.after:
                    if not isinstance(entry, Parallel):
                        raise self._refuse(f"{step.name!r} comes after {name!r}, but is in no parallel group")
                    if name not in seen:
                        raise self._refuse(f"{step.name!r} comes after {name!r}, which is not before it in its group")
                seen.append(step.name)
            if isinstance(entry, Parallel):
                kinds = {step.kind: None for step in entry.steps}
                if not entry.steps or len(kinds) > 1 or Kind.PIVOT in kinds:
                    raise self._refuse("a parallel group has steps that are all compensatable or all retriable")

    def _check_order(self) -> None:
        beyond: Step | None = None
        for step in self.steps:
            if step.forward_only and step.compensation is not None:
                raise self._refuse(f"{step.name!r} is {step.kind.value}: its compensation would never be called")
            if beyond is not None and step.kind is not Kind.RETRIABLE:
                raise self._refuse(
                    f"{step.kind.value} step {step.name!r} comes after {beyond.kind.value} step {beyond.name!r}, "
                    "from where there is no way back; only retriable steps may follow"
                )
            if step.forward_only and beyond is None:
                beyond = step

    def _check_savepoints(self) -> None:
        points = [entry for entry in self.entries if isinstance(entry, SavePoint)]
        names = [point.name for point in points]
        if len(set(names)) < len(names):
            raise self._refuse(f"two save-points share a name among {', '.join(names)}")
        for point in points:
            after = self.after(point)
            if not after or self.by_name[after[0]].kind is Kind.RETRIABLE:
                raise self._refuse(f"nothing that could fail comes after save-point {point.name!r}")

    def _check_children(self) -> None:
        for step in self.steps:
            if step.child is not None and step.child.locks is not None:
                raise self._refuse(
                    f"saga {step.child.name!r}, a step of it, has locks; they are for the outermost saga"
                )
            if step.child is not None and not _CHILD.fullmatch(step.name):
                raise self._refuse(f"{step.name!r} cannot name a step that is a saga; take letters, digits, - and _")
            if step.child is None or step.forward_only:
                continue
            beyond = next((inner.name for inner in step.child.steps if inner.forward_only), None)
            if beyond is not None:
                raise self._refuse(
                    f"step {step.name!r} could not be undone: saga {step.child.name!r} goes only forward "
                    f"from {beyond!r} on. Make it a pivot or a retriable step"
                )


def _steps_of(entry: Entry) -> tuple[Step, ...]:
    if isinstance(entry, Step):
        return (entry,)
    return entry.steps if isinstance(entry, Parallel) else ()


def _needs(entries: Sequence[Entry]) -> dict[str, tuple[str, ...]]:
    needs: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for entry in entries:
        steps = _steps_of(entry)
        for step in steps:
            needs[step.name] = tuple(step.after) or before
        before = tuple(step.name for step in steps) or before
    return needs


def _later(needs: dict[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    later: dict[str, frozenset[str]] = {name: frozenset() for name in needs}
    for name in reversed(needs):
        for need in needs[name]:
            later[need] |= {name} | later[name]
    return later
