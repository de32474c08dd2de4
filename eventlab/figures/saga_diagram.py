"""A saga as a diagram: its steps from left to right, what undoes them beneath, and, of a run, what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlab.sagas import Saga
from eventlab.sagas.timeline import Timeline

from .diagram_marks import CELL, draw_arrows, draw_bounds, draw_cell
from .diagram_story import Cell, DiagramStory, story_of
from .style import INK, house_style, one_panel
from .subject import counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMN_IN, _ROW_IN = 1.12, 1.6
_TITLE_CHARACTERS_MAX = 100
_TOP = -0.75


def draw_saga_diagram(saga: Saga | Timeline, *, ax: Axes | None = None) -> Axes:
    """Of a definition, or of a run by its `Timeline`: then each box tells its outcome, with a mark for each attempt."""
    story = story_of(saga)
    with house_style():
        ax = one_panel(ax, (max(8.0, _COLUMN_IN * story.columns), max(3.0, 1.2 + _ROW_IN * story.rows)))
        ax.set_axis_off()
        ax.set_xlim(-0.55, max(story.columns, 4) - 0.45)
        bottom = story.rows * CELL - 0.1
        ax.set_ylim(bottom + 0.35, _TOP)
        ax.set_title(shortened(story.title, _TITLE_CHARACTERS_MAX), color=INK)
        draw_bounds(ax, story, _TOP, bottom + (0.3 if story.savepoints else 0.0))
        draw_arrows(ax, story)
        for cell in story.cells:
            draw_cell(ax, story, cell)
        if story.reason:
            ax.text(
                0.0, 0.0, shortened(story.reason, 110), transform=ax.transAxes, fontsize=7.5, color=INK, va="bottom"
            )
    return ax


def describe_saga_diagram(saga: Saga | Timeline) -> str:
    """What the diagram shows, in sentences: the order of the steps, the point of no return, what became of each."""
    story = story_of(saga)
    sentences = [f"{story.title}, {counted(len(story.cells), 'step')}."]
    if story.reason:
        sentences.append(f"Because of {story.reason.rstrip('.')}.")
    sentences.append(f"Forward: {'; '.join(_forward(story, cell) for cell in story.cells)}.")
    undone = [cell for cell in reversed(story.cells) if cell.undo is not None]
    if undone:
        sentences.append(f"{'Undone' if story.is_run else 'Can be undone'}, last step first: {_undone(story, undone)}.")
    if story.pivot is not None:
        sentences.append(f"Nothing is undone once {story.pivot.step.step} has happened.")
    return " ".join(sentences)


def _forward(story: DiagramStory, cell: Cell) -> str:
    box = cell.step
    beside = [other.step.step for other in story.cells if other.column == cell.column and other.row < cell.row]
    says = [f"beside {beside[0]}"] if beside else []
    if box.says:
        says.append(box.says.replace("\n", " at "))
    if len(box.ticks) > 1:
        says.append(counted(len(box.ticks), "attempt"))
    return f"{box.step} ({', '.join(says)})" if says else box.step


def _undone(story: DiagramStory, cells: list[Cell]) -> str:
    if not story.is_run:
        return ", ".join(cell.step.step for cell in cells)
    parts = []
    for cell in cells:
        assert cell.undo is not None
        says = cell.undo.says.replace("\n", " ")
        tried = f" in {counted(len(cell.undo.ticks), 'attempt')}" if cell.undo.ticks else ""
        parts.append(f"{cell.step.step} ({says}{tried})")
    return "; ".join(parts)
