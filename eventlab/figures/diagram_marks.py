"""The marks of the saga diagram: boxes with what they say, a mark for each attempt, arrows there and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .diagram_story import Box, Cell, DiagramStory
from .style import COMPENSATION, FAILED, HALO, INK, OK, PALE_INK, Role, tint
from .subject import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, UNDO_HEIGHT = 0.8, 0.9, 0.62
"""Of a box; a column is 1 wide."""
CELL = HEIGHT + UNDO_HEIGHT + 0.55
"""From the top of a step to the top of the one below it."""
_UNDO_TOP = HEIGHT + 0.2
_TICKS_MAX = 9
_NAME_CHARACTERS_MAX = 14
_PALE = "#b5b5b5"
_BEHIND = {**HALO, "alpha": 1.0, "pad": 1.2}
"""White behind words on a hatch."""


def top_of(cell: Cell) -> float:
    """The upper edge of a step; y grows downward."""
    return cell.row * CELL


def draw_cell(ax: Axes, story: DiagramStory, cell: Cell) -> None:
    """The step, and beneath it what undoes it."""
    top = top_of(cell)
    _box(ax, cell.column, top, HEIGHT, cell.step, is_run=story.is_run)
    if cell.undo is not None:
        middle = cell.column
        ax.plot((middle, middle), (top + HEIGHT, top + _UNDO_TOP), color=PALE_INK, linewidth=0.8, linestyle=":")
        _box(ax, cell.column, top + _UNDO_TOP, UNDO_HEIGHT, cell.undo, is_run=story.is_run, undoes=True)
    if cell.is_stuck:
        undoing = cell.undo is not None and cell.undo.says == "not undone"
        at = top + _UNDO_TOP + UNDO_HEIGHT if undoing else top
        ax.text(
            cell.column, at + (0.06 if undoing else -0.06), "stuck here", fontsize=7.5, weight="bold", color=INK,
            ha="center", va="top" if undoing else "bottom", bbox=HALO, zorder=6,
        )  # fmt: skip


def _box(ax: Axes, column: int, top: float, height: float, box: Box, *, is_run: bool, undoes: bool = False) -> None:
    from matplotlib.patches import Rectangle

    face, edge, hatch, line = _looks(box.role, is_run=is_run, undoes=undoes)
    left = column - WIDTH / 2
    ax.add_patch(
        Rectangle(
            (left, top), WIDTH, height, facecolor=face, edgecolor=edge, hatch=hatch, linestyle=line, linewidth=1.1,
            zorder=3,
        )
    )  # fmt: skip
    says = ([] if undoes and is_run else [_name(box.step)]) + ([box.says] if box.says else [])
    if undoes and not is_run:
        says = [f"undo\n{_name(box.step)}"]
    pale = is_run and box.role is None
    ax.text(
        column, top + (0.42 if box.ticks else 0.5) * height, "\n".join(says), fontsize=6.8,
        color=PALE_INK if pale else INK, ha="center", va="center", linespacing=1.05, zorder=5,
        bbox=_BEHIND if hatch else None,
    )  # fmt: skip
    _ticks(ax, column, top + height - 0.1, box.ticks, on_hatch=bool(hatch))


def _looks(role: Role | None, *, is_run: bool, undoes: bool) -> tuple[str, str, str, str]:
    """Face, edge, hatch and line of a box."""
    if not is_run:
        return (tint(COMPENSATION, 0.25), COMPENSATION.edge, COMPENSATION.hatch, "-") if undoes else (
            "white", INK, "", "-",
        )  # fmt: skip
    if role is None:
        return "white", _PALE, "", "-"
    hatch = COMPENSATION.hatch if undoes and role is COMPENSATION else role.hatch
    face = tint(role, 0.25) if role.filled else "white"
    return face, role.edge, hatch, "--" if role.line in ("--", ":") else role.line


def _name(step: str) -> str:
    """A step's name in lines that fit into its box, broken where its words end."""
    lines: list[str] = []
    for word in step.replace("-", "_").split("_"):
        if lines and len(lines[-1]) + len(word) < _NAME_CHARACTERS_MAX:
            lines[-1] += f" {word}"
        else:
            lines.append(shortened(word, _NAME_CHARACTERS_MAX))
    return "\n".join(lines[:3])


def _ticks(ax: Axes, column: int, y: float, ticks: Sequence[Role], *, on_hatch: bool) -> None:
    """A mark for each attempt, in the role of its outcome; of many, the first ones and the last, and how many."""
    from matplotlib.patches import Rectangle

    many = len(ticks) > _TICKS_MAX
    shown = [*ticks[:4], *ticks[-1:]] if many else list(ticks)
    gap = 0.085
    begin = column - gap * (len(shown) - 1) / 2 - (0.11 if many else 0)
    if on_hatch and shown:
        strip = (gap * (len(shown) + 0.2) + (0.24 if many else 0), 0.13)
        ax.add_patch(Rectangle((begin - 0.6 * gap, y - strip[1] / 2), *strip, facecolor="white", zorder=4))
    for index, role in enumerate(shown):
        ax.plot(
            begin + gap * index, y, marker=role.marker, markersize=3.6, color=role.colour, linestyle="",
            markerfacecolor=role.colour if role.filled else "white", markeredgecolor=_edge(role), markeredgewidth=0.8,
            zorder=6,
        )  # fmt: skip
    if many:
        ax.text(
            begin + gap * len(shown) - 0.02, y, f"×{len(ticks)}", fontsize=6.2, color=INK, va="center", ha="left",
            zorder=6, bbox=_BEHIND,
        )  # fmt: skip


def _edge(role: Role) -> str:
    return role.colour if role in (FAILED, OK) else role.edge


def draw_arrows(ax: Axes, story: DiagramStory) -> None:
    """Forward between the steps; back, leftward, between what undoes them."""
    for arrows, middle, colour in (
        (story.arrows, HEIGHT / 2, INK),
        (story.arrows_back, _UNDO_TOP + UNDO_HEIGHT / 2, COMPENSATION.edge),
    ):
        for tail, head in arrows:
            ends = (tail.column, top_of(tail) + middle), (head.column, top_of(head) + middle)
            keeps_height = story.rows_of(tail.column) >= story.rows_of(head.column)
            _arrow(ax, *ends, colour, keeps_height=keeps_height)


def _arrow(ax: Axes, tail: tuple[int, float], head: tuple[int, float], colour: str, *, keeps_height: bool) -> None:
    """Straight; over several columns at the height of its end in the fuller one, so as to pass by what is between."""
    side = 1 if head[0] > tail[0] else -1
    line = "-" if side > 0 else "--"
    start, end = (tail[0] + side * WIDTH / 2, tail[1]), (head[0] - side * WIDTH / 2, head[1])
    gap = side * (1 - WIDTH)
    if abs(head[0] - tail[0]) > 1 and tail[1] != head[1]:
        turn = (end[0] - gap, tail[1]) if keeps_height else (start[0] + gap, head[1])
        ax.plot((start[0], turn[0]), (start[1], turn[1]), color=colour, linewidth=1.0, linestyle=line, zorder=2)
        start = turn
    ax.annotate(
        "", xy=end, xytext=start, zorder=2,
        arrowprops={
            "arrowstyle": "-|>", "color": colour, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8,
            "linestyle": line,
        },
    )  # fmt: skip


def draw_bounds(ax: Axes, story: DiagramStory, top: float, bottom: float) -> None:
    """The pivot as a double line before it, save-points as single ones, and the classes of the steps above."""
    if story.pivot is not None:
        for shift in (-0.02, 0.02):
            x = story.pivot.column - 0.5 + shift
            ax.plot((x, x), (top + 0.42, bottom), color=INK, linewidth=0.9, zorder=1.5)
    for name, column in story.savepoints:
        x = column - 0.5
        ax.plot((x, x), (top + 0.42, bottom), color=PALE_INK, linewidth=0.9, linestyle="--", zorder=1.5)
        ax.text(
            x, bottom, f"save-point\n{name}", fontsize=6.8, color=INK, ha="center", va="bottom", bbox=HALO, zorder=6
        )
    for kind, first, last in _spans(story):
        ax.plot((first - 0.42, last + 0.42), (top + 0.36, top + 0.36), color=PALE_INK, linewidth=0.8)
        ax.text((first + last) / 2, top + 0.3, kind, fontsize=7.5, color=INK, ha="center", va="bottom")


def _spans(story: DiagramStory) -> list[tuple[str, int, int]]:
    """Each class of steps with its first and its last column."""
    kinds = {cell.column: cell.kind for cell in story.cells}
    borders = [0, *(b for a, b in pairwise(sorted(kinds)) if kinds[a] != kinds[b]), story.columns]
    return [(kinds[first], first, end - 1) for first, end in pairwise(borders) if kinds.get(first)]
