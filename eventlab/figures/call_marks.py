"""Services as boxes in rows, and an arrow for each pair, with its number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventlab.simulation import CallEdge

from .call_story import CallStory
from .style import FAILED, HALO, INK, OK, PALE_INK
from .subject import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]

_CHARACTERS = 46
"""So many characters of a name fit across the panel."""

_DASHED_SHARE = 0.01
_NUMBER_AT = 0.62
"""How far along its arrow a number stands: there, arrows that cross or share an end are apart."""


def draw_services(ax: Axes, story: CallStory, shown: Sequence[CallEdge]) -> None:
    """The services of the story, and arrows for the pairs that are *shown*."""
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    places = _places(story.rows)
    pairs = {(edge.source, edge.target) for edge in shown}
    busiest = max((edge.attempts for edge in shown), default=1)
    for number, edge in enumerate(shown, start=1):
        if edge.source != edge.target:
            begin, end = places[edge.source], places[edge.target]
            beside = begin[1] == end[1]  # round the boxes between them
            bend = 0.35 if beside else 0.18 if (edge.target, edge.source) in pairs else 0.0
            _arrow(ax, begin, end, bend, edge, number, busiest)
    for row in story.rows:
        for name in row:
            ax.text(
                *places[name], shortened(name, max(4, _CHARACTERS // len(row) - 2)), ha="center", va="center",
                fontsize=8, color=INK, zorder=5,
                bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": INK, "linewidth": 0.8},
            )  # fmt: skip
    if not story.edges:
        ax.text(0.5, 0.5, "no service called another", ha="center", va="center", fontsize=8, color=PALE_INK)


def _places(rows: Sequence[Sequence[str]]) -> dict[str, Point]:
    places = {}
    for level, row in enumerate(rows):
        y = 0.5 if len(rows) == 1 else 0.92 - 0.84 * level / (len(rows) - 1)
        for at, name in enumerate(row):
            # Rows that are equally long are shifted a little, so that no arrow runs through a box between its ends.
            shift = 0.04 * (level % 2) if len(row) > 1 else 0.0
            places[name] = (min(0.93, (at + 0.5) / len(row) + shift), y)
    return places


def _arrow(ax: Axes, begin: Point, end: Point, bend: float, edge: CallEdge, number: int, busiest: int) -> None:
    from matplotlib.patches import FancyArrowPatch

    is_sound = edge.ok_share >= 1 - _DASHED_SHARE
    role = OK if is_sound else FAILED
    ax.add_patch(
        FancyArrowPatch(
            begin, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=9, shrinkA=11, shrinkB=12,
            linewidth=0.8 + 2.4 * math.sqrt(edge.attempts / busiest), linestyle="-" if is_sound else (0, (3, 1.4)),
            color=role.colour, zorder=2,
        )
    )  # fmt: skip
    ax.text(
        *_along(begin, end, bend), str(number), fontsize=7.5, ha="center", va="center", color=INK, bbox=HALO, zorder=4
    )


def _along(begin: Point, end: Point, bend: float) -> Point:
    """A point of the arrow's curve, which is Bézier's with one handle."""
    t = _NUMBER_AT
    across, up = end[0] - begin[0], end[1] - begin[1]
    handle = ((begin[0] + end[0]) / 2 + bend * up, (begin[1] + end[1]) / 2 - bend * across)
    x, y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(begin, handle, end, strict=True))
    return x, y
