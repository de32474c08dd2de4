"""The marks of the saga figure: bars for attempts, ticks for calls, brackets from an undoing to what it undoes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .saga_story import Attempt, Lane, SagaStory, Way
from .style import COMPENSATION, FAILED, HALO, INK, OK, PALE_INK, REFUSED, UNKNOWN, Role, tint
from .subject import clock, counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 0.26
_CHARACTER = 0.85
"""The width of a small letter, in hundredths of the axis."""

_MIDDLE: dict[Way, float] = {"forward": -0.25, "backward": 0.25}
"""Where a half-lane's bars sit, relative to the lane; y grows downward."""

_ROLES = {"ok": OK, "failed": FAILED, "unknown": UNKNOWN, "open": REFUSED}

_STATE_ROLES = {
    "running": OK,
    "completed": OK,
    "compensating": COMPENSATION,
    "compensated": COMPENSATION,
    "stuck": FAILED,
    "cancelled": COMPENSATION,
    "abandoned": FAILED,
}


def draw_lane(ax: Axes, row: int, lane: Lane, story: SagaStory) -> None:
    """Everything of one step: its tries above, their doubt, its undoing below, and a word on each."""
    for at, words in lane.passed_over:
        ax.plot(at, row, marker=REFUSED.marker, markersize=5, markerfacecolor="white", markeredgecolor=REFUSED.edge,
                zorder=5)  # fmt: skip
        ax.annotate(words, (at, row), (6, 0), textcoords="offset points", fontsize=7.5, color=INK, va="center",
                    bbox=HALO, zorder=6)  # fmt: skip
    if not lane.attempts and lane.passed_over:
        return
    if not lane.attempts:
        ax.text(
            story.began_s, row, "not reached", fontsize=7.5, color=PALE_INK, va="center", ha="left", style="italic",
            bbox=HALO,
        )  # fmt: skip
        return
    if doubt := lane.in_doubt:
        ax.plot(doubt, (row - 0.06, row - 0.06), color=UNKNOWN.colour, linestyle=UNKNOWN.line, linewidth=1.6, zorder=2)
    for way in ("forward", "backward"):
        tries = lane.of(way)
        for tried in tries:
            _bar(ax, row, tried, story)
        _gaps(ax, row, tries)
        _ticks(ax, row, [at for step, went, at in story.calls if step == lane.step and went == way], way)
        if tries:
            _say(ax, row + _MIDDLE[way], tries, _words(tries, lane))
    _bracket(ax, row, lane)


def _bar(ax: Axes, row: int, tried: Attempt, story: SagaStory) -> None:
    """A bar from request to answer. However short, it is wide enough to be seen."""
    left, right = ax.get_xlim()
    least = (right - left) * 0.006
    width = max(tried.ended_s - tried.began_s, least)
    middle = row + _MIDDLE[tried.way]
    role = _bar_role(tried)
    solid = tried.way == "forward" and tried.outcome in ("ok", "unknown")
    ax.barh(
        middle, width, left=tried.began_s, height=_HEIGHT, zorder=3,
        facecolor=role.colour if solid else ("white" if tried.outcome == "open" else tint(role)),
        hatch=COMPENSATION.hatch if tried.way == "backward" else role.hatch,
        edgecolor=role.edge if tried.way == "forward" else COMPENSATION.edge,
        linewidth=0.9, linestyle="--" if tried.outcome == "failed" else "-",
    )  # fmt: skip
    end = tried.began_s + width
    if tried.outcome == "failed":
        ax.plot(end, middle, marker=FAILED.marker, color=FAILED.colour, markersize=6, markeredgewidth=1.8, zorder=5)
    elif tried.outcome == "unknown":
        ax.plot(
            end, middle, marker=UNKNOWN.marker, markerfacecolor=UNKNOWN.colour, markeredgecolor=UNKNOWN.edge,
            markersize=5.5, zorder=5,
        )  # fmt: skip


def _bar_role(tried: Attempt) -> Role:
    if tried.way == "backward":
        return COMPENSATION
    return _ROLES[tried.outcome]


def _gaps(ax: Axes, row: int, tries: list[Attempt]) -> None:
    """The waits between tries, dotted."""
    for before, after in pairwise(tries):
        middle = row + _MIDDLE[before.way]
        ax.plot((before.ended_s, after.began_s), (middle, middle), color=PALE_INK, linestyle=":", linewidth=1, zorder=2)


def _ticks(ax: Axes, row: int, moments: list[float], way: Way) -> None:
    """One tick on the outer edge of the half-lane for each call that left."""
    outer = row + _MIDDLE[way] + (-_HEIGHT / 2 if way == "forward" else _HEIGHT / 2)
    reach = -0.07 if way == "forward" else 0.07
    for at in moments:
        ax.plot((at, at), (outer, outer + reach), color=INK, linewidth=1, zorder=4)


def _words(tries: list[Attempt], lane: Lane) -> str:
    """How it ended: how often it was tried, for how long nobody knew, and what the last try said."""
    last = tries[-1]
    parts = [counted(len(tries), "attempt")] if len(tries) > 1 else []
    if last.way == "forward" and (doubt := lane.in_doubt):
        parts.append(f"in doubt {clock(doubt[1] - doubt[0])}")
    if last.outcome == "ok":
        parts.insert(0, "done" if last.way == "forward" else "undone")
    else:
        parts.append(last.detail or {"open": "still open", "unknown": "no answer"}.get(last.outcome, "failed"))
    return " · ".join(parts)


def _say(ax: Axes, y: float, tries: list[Attempt], text: str) -> None:
    """The word on a half-lane: after its last mark, or before its first where the axis ends; cut to the room."""
    left, right = ax.get_xlim()
    unit = (right - left) / 100
    after = (right - tries[-1].ended_s) / unit - 2
    before = (tries[0].began_s - left) / unit - 1
    rightward = after >= min(len(text) * _CHARACTER, before)
    x = tries[-1].ended_s + 1.9 * unit if rightward else tries[0].began_s - 0.8 * unit
    ax.text(
        x, y, shortened(text, max(int((after if rightward else before) / _CHARACTER), 8)), fontsize=7.5, color=INK,
        va="center", ha="left" if rightward else "right", zorder=6, bbox=HALO,
    )  # fmt: skip


def _bracket(ax: Axes, row: int, lane: Lane) -> None:
    """From the undoing back, leftward, to the step that it undoes."""
    forward, backward = lane.of("forward"), lane.of("backward")
    if not forward or not backward:
        return
    start, target = backward[0].began_s, forward[0].began_s
    low, high = row + _MIDDLE["backward"], row + _MIDDLE["forward"] + _HEIGHT / 2
    ax.plot((start, target, target), (low, low, high + 0.06), color=COMPENSATION.edge, linewidth=0.9, zorder=2.5)
    ax.plot(target, high + 0.08, marker="^", markersize=4.5, color=COMPENSATION.edge, zorder=2.6)
    middle = (start + target) / 2
    ax.plot(
        middle, low, marker=COMPENSATION.marker, markersize=6, markerfacecolor=COMPENSATION.colour,
        markeredgecolor=COMPENSATION.edge, zorder=2.7,
    )  # fmt: skip


def draw_pivot(ax: Axes, story: SagaStory) -> None:
    """A double line above the pivot's lane: what stands below is never undone."""
    steps = [lane.step for lane in story.lanes]
    if story.pivot not in steps:
        return
    row = steps.index(story.pivot)
    edge = row - 0.5
    for shift in (-0.035, 0.035):
        ax.axhline(edge + shift, color=INK, linewidth=0.9, zorder=1.5)
    ax.text(
        0.995, row + _MIDDLE["backward"], "pivot: from here on nothing is undone",
        transform=ax.get_yaxis_transform(), fontsize=7.5, color=INK, ha="right", va="center", bbox=HALO,
    )  # fmt: skip


def draw_state(ax: Axes, row: int, story: SagaStory) -> None:
    """The strip of the saga's own state; its last state is a mark at the end."""
    for phase in story.phases:
        role = _STATE_ROLES[phase.state]
        if phase.ended_s > phase.began_s:
            ax.barh(
                row, phase.ended_s - phase.began_s, left=phase.began_s, height=0.5, zorder=3,
                facecolor=tint(role), edgecolor=role.edge, hatch=role.hatch, linewidth=0.9,
            )  # fmt: skip
            _inside(ax, row, phase.state, phase.began_s, phase.ended_s)
    for at in story.taken_up:
        ax.axvline(at, color=INK, linestyle=":", linewidth=1, zorder=1.8)
        ax.annotate("taken up", (at, row - 0.36), (-4, 0), textcoords="offset points", fontsize=7.5, color=INK,
                    va="center", ha="right", zorder=6, bbox=HALO)  # fmt: skip
    for at, how in story.hands:
        ax.plot(at, row - 0.36, marker="v", markersize=6, color=INK, zorder=6)
        ax.annotate(f"{how} by hand", (at, row - 0.36), (-6, 0), textcoords="offset points", fontsize=7.5, color=INK,
                    va="center", ha="right", zorder=6, bbox=HALO)  # fmt: skip
    role = _STATE_ROLES.get(story.state, REFUSED)
    ax.plot(
        story.ended_s, row, marker="o" if role is OK else role.marker, markersize=8, markerfacecolor=role.colour,
        markeredgecolor=role.edge, zorder=5,
    )  # fmt: skip
    unit = (ax.get_xlim()[1] - ax.get_xlim()[0]) / 100
    ax.text(story.ended_s + 1.4 * unit, row, story.state, fontsize=8, weight="bold", color=INK, va="center", zorder=6)


def _inside(ax: Axes, row: int, state: str, began_s: float, ended_s: float) -> None:
    left, right = ax.get_xlim()
    if (ended_s - began_s) / (right - left) > 0.012 * len(state):
        ax.text(
            (began_s + ended_s) / 2, row, state, fontsize=8, color=INK, ha="center", va="center", zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
        )  # fmt: skip
