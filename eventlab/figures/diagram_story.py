"""A saga as boxes and arrows, from its definition or from a run: what stands where, and in which role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from eventlab.sagas import Kind, Saga, SavePoint, StepStatus
from eventlab.sagas.attempts import Attempt, Outcome
from eventlab.sagas.events import StepOutline
from eventlab.sagas.timeline import StepTimeline, Timeline

from .diagram_places import Place, places
from .style import COMPENSATION, FAILED, OK, REFUSED, UNKNOWN, Role
from .subject import clock


class Box(NamedTuple):
    """A step, or what undoes it. Without a *role* nothing of it happened; *ticks* has the role of each attempt."""

    step: str
    says: str = ""
    role: Role | None = None
    ticks: tuple[Role, ...] = ()


class Cell(NamedTuple):
    """The place of a step: *column* counts from the left, *row* from the top, in halves."""

    step: Box
    undo: Box | None
    column: int
    row: float
    kind: str
    needs: tuple[str, ...]
    is_stuck: bool = False


class DiagramStory(NamedTuple):
    """All that the diagram shows."""

    title: str
    reason: str
    cells: tuple[Cell, ...]
    savepoints: tuple[tuple[str, int], ...]
    """Name, and the column before which it stands."""
    is_run: bool

    @property
    def columns(self) -> int:
        return 1 + max((cell.column for cell in self.cells), default=0)

    def rows_of(self, column: int) -> int:
        return sum(cell.column == column for cell in self.cells)

    @property
    def rows(self) -> float:
        return 1 + max((cell.row for cell in self.cells), default=0.0)

    @property
    def pivot(self) -> Cell | None:
        return next((cell for cell in self.cells if cell.kind == Kind.PIVOT.value), None)

    @property
    def arrows(self) -> list[tuple[Cell, Cell]]:
        """From each step to those that wait for it, but for what follows from other arrows."""
        at = {cell.step.step: cell for cell in self.cells}
        wanted = {name: [need for need in cell.needs if need in at] for name, cell in at.items()}
        return [(at[need], at[name]) for name, needs in _shortest(wanted).items() for need in needs]

    @property
    def arrows_back(self) -> list[tuple[Cell, Cell]]:
        """From each undoing to those that come after it: of what the step needed, passing over what is not undone.

        What follows from other arrows is left out here as well.
        """
        at = {cell.step.step: cell for cell in self.cells}

        def before(cell: Cell) -> dict[str, None]:
            found: dict[str, None] = {}
            for need in (at[name] for name in cell.needs if name in at):
                found.update({need.step.step: None} if need.undo is not None else before(need))
            return found

        wanted = {name: list(before(cell)) for name, cell in at.items() if cell.undo is not None}
        return [(at[name], at[then]) for name, thens in _shortest(wanted).items() for then in thens]


def _shortest(links: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The links without those that follow from others: a and b from c, and a from b, needs no a from c."""

    def reached(names: Sequence[str]) -> dict[str, None]:
        found, waiting = dict[str, None](), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = None
                waiting.extend(links.get(name, ()))
        return found

    return {
        name: [to for to in direct if to not in reached([n for via in direct for n in links.get(via, ())])]
        for name, direct in links.items()
    }


def story_of(saga: Saga | Timeline) -> DiagramStory:
    """What the diagram of a definition, or of a run, shows."""
    return _of_run(saga) if isinstance(saga, Timeline) else _of_definition(saga)


def _of_definition(saga: Saga) -> DiagramStory:
    at, cells = places(saga.outline), []
    for outlined in saga.outline:
        step = saga.by_name[outlined.name]
        says = " · ".join([*(["if wanted"] if step.when else []), *([f"saga {step.child.name}"] if step.child else [])])
        undo = Box(step.name) if step.can_be_undone else None
        cells.append(Cell(Box(step.name, says), undo, *at[step.name], outlined.kind, outlined.needs))
    return DiagramStory(f"Saga {saga.name} v{saga.version}", "", tuple(cells), _savepoints(saga, at), False)


def _savepoints(saga: Saga, at: Mapping[str, Place]) -> tuple[tuple[str, int], ...]:
    points = [entry for entry in saga.entries if isinstance(entry, SavePoint)]
    return tuple((point.name, at[saga.after(point)[0]][0]) for point in points)


def _of_run(story: Timeline) -> DiagramStory:
    outline = story.state.outline or _in_line(story.steps)
    at, cells = places(outline), []
    for outlined in outline:
        step = story.step(outlined.name)
        stuck = story.state.stuck_step == step.name
        cells.append(Cell(_forward(story, step), _backward(step), *at[step.name], outlined.kind, outlined.needs, stuck))
    state = story.state
    definition = f" ({state.definition} v{state.definition_version})" if state.definition else ""
    took = f" after {clock(story.took_s)}" if story.took_s is not None else ""
    title = f"Saga {story.saga_id}{definition}: {story.status.value}{took}"
    return DiagramStory(title, story.reason, tuple(cells), (), True)


def _in_line(steps: Sequence[StepTimeline]) -> list[StepOutline]:
    """Of a log that does not tell the definition: one step after another, in the order in which they were asked for."""
    return [StepOutline(step.name, "", (steps[index - 1].name,) if index else ()) for index, step in enumerate(steps)]


_ROLES: dict[Outcome, Role] = {
    Outcome.OPEN: UNKNOWN,
    Outcome.SUCCEEDED: OK,
    Outcome.REFUSED: REFUSED,
    Outcome.TIMED_OUT: UNKNOWN,
    Outcome.UNREACHED: FAILED,
    Outcome.FAILED: FAILED,
    Outcome.CUT_SHORT: UNKNOWN,
}
_WORDS: dict[Outcome, str] = {
    Outcome.OPEN: "asked",
    Outcome.SUCCEEDED: "done",
    Outcome.REFUSED: "refused",
    Outcome.TIMED_OUT: "in doubt",
    Outcome.UNREACHED: "no contact",
    Outcome.FAILED: "failed",
    Outcome.CUT_SHORT: "cut short",
}


def _forward(story: Timeline, step: StepTimeline) -> Box:
    """How the step went forward, whatever became of it afterwards."""
    ticks = tuple(_ROLES[tried.outcome] for tried in step.attempts)
    by_hand = {
        StepStatus.SKIPPED: ("skipped", None),
        StepStatus.SUCCEEDED: ("done", OK),
        StepStatus.FAILED: ("refused", REFUSED),
    }
    if step.status in by_hand:
        word, role = by_hand[step.status]
    elif step.attempts:
        word, role = _WORDS[step.attempts[-1].outcome], _ROLES[step.attempts[-1].outcome]
    else:
        return Box(step.name, "not begun")
    return Box(step.name, _when(story, word, step.attempts), role, ticks)


def _when(story: Timeline, word: str, attempts: Sequence[Attempt]) -> str:
    ended = [tried.ended_at for tried in attempts if tried.ended_at is not None]
    return f"{word}\n+{clock((ended[-1] - story.started_at).total_seconds())}" if ended else word


def _backward(step: StepTimeline) -> Box | None:
    """How far the undoing is; None where nothing was undone."""
    if not step.undo_attempts and step.status not in (StepStatus.LEFT, StepStatus.COMPENSATED):
        return None
    ticks = tuple(COMPENSATION if e.outcome is Outcome.SUCCEEDED else _ROLES[e.outcome] for e in step.undo_attempts)
    if step.is_again:
        return Box(step.name, "undone for\nsave-point", COMPENSATION, ticks)
    if step.status is StepStatus.COMPENSATED:
        return Box(step.name, "undone", COMPENSATION, ticks)
    if step.status is StepStatus.LEFT:
        return Box(step.name, "left as it is", FAILED, ticks)
    is_open = step.undo_attempts[-1].outcome is Outcome.OPEN
    return Box(step.name, "being undone" if is_open else "not undone", UNKNOWN if is_open else FAILED, ticks)
