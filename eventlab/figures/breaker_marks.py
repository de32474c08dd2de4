"""The marks of the breaker figure, one function for each of its panels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .breaker_story import BreakerStory
from .labels import place
from .style import FAILED, HALO, INK, OK, PALE_INK, REFUSED, UNKNOWN, Role, tint
from .subject import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STATES = {
    "closed": (OK, ""),
    "open": (FAILED, "xx"),
    "half-open": (UNKNOWN, ".."),
}
_ROWS = 4
_ROW_HEIGHT = 0.62

_SLOW = Role("#009E73", "", ":", "", "#00694d")
"""The rate of slow calls: a dashed line between the solid one of failures and the dotted one of its own threshold."""

_OUTCOMES: dict[str, tuple[Role, str]] = {
    "ok": (OK, "ok"),
    "refused": (REFUSED, "refused"),
    "failed": (FAILED, "failed"),
    "unavailable": (FAILED, "unavailable"),
    "unknown": (UNKNOWN, "no answer"),
}


def draw_states(ax: Axes, story: BreakerStory) -> None:
    """The ribbon of states, and over each border the reason for it. A reason that comes again is told once."""
    left, right = ax.get_xlim()
    for stretch in story.stretches:
        began, ended = max(stretch.began_s, left), min(stretch.ended_s, right)
        if ended <= began:
            continue
        role, hatch = _STATES.get(stretch.state, (REFUSED, "//"))
        ax.barh(
            0.5, ended - began, left=began, height=1, facecolor=tint(role), edgecolor=role.edge,
            hatch=hatch, linewidth=0.8, zorder=3,
        )  # fmt: skip
        name = stretch.state
        if (ended - began) / (right - left) > 0.0125 * len(name):
            ax.text(
                (began + ended) / 2, 0.5, name, ha="center", va="center", fontsize=8, color=INK, zorder=5, bbox=HALO
            )
    rows = _reasons(ax, story)
    ax.set_ylim(0, 1.25 + max(rows, 1) * _ROW_HEIGHT)
    ax.set_yticks([0.5], ["state"])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _reasons(ax: Axes, story: BreakerStory) -> int:
    """The labels over the borders. Gives back how many rows they take up."""
    left, right = ax.get_xlim()
    times: dict[tuple[str, str], list[float]] = {}
    for stretch in story.transitions:
        if left <= stretch.began_s <= right:
            times.setdefault((stretch.state, stretch.reason), []).append(stretch.began_s)
    labels = []
    for (state, reason), moments in times.items():
        often = f", {len(moments)} times" if len(moments) > 1 else ""
        wordings = [f"{state}: {shortened(reason, limit)}{often}" for limit in (48, 30, 18)]
        labels.append((moments[0], [*wordings, state]))
    placed = place(labels, (left, right), (right - left) * 0.0084, _ROWS)
    for label in placed:
        y = 1.25 + label.row * _ROW_HEIGHT
        top = y + 0.35 if label.began == label.x else y
        ax.plot((label.x, label.x), (1, top), color=PALE_INK, linewidth=0.7, zorder=2)
        ax.text(
            label.began + (right - left) * 0.004, y, label.text, fontsize=7.5, color=INK, va="bottom", zorder=6,
            bbox=HALO,
        )  # fmt: skip
    return max((label.row + 1 for label in placed), default=0)


def draw_calls(ax: Axes, story: BreakerStory) -> None:
    """Each call where it ended, as high as it was long; those that the breaker rejected stand on the baseline."""
    left, right = ax.get_xlim()
    inside = [call for call in story.calls if left <= call.at_s <= right]
    durations = [max(call.duration_s, 1e-4) for call in inside if call.outcome in _OUTCOMES]
    floor = min(durations, default=1e-2) / 3
    ax.set_yscale("log")
    ax.set_ylim(floor / 2, max(durations, default=1.0) * 6)
    names: list[tuple[float, str, Role]] = []
    for outcome, (role, name) in _OUTCOMES.items():
        marks = [(call.at_s, max(call.duration_s, 1e-4)) for call in inside if call.outcome == outcome]
        if marks:
            _scatter(ax, marks, role)
            names.append((sorted(took for _, took in marks)[len(marks) // 2], f"{len(marks)} {name}", role))
    rejected = [(call.at_s, floor) for call in inside if call.outcome == "rejected"]
    if rejected:
        _scatter(ax, rejected, REFUSED)
        names.append((floor, f"{len(rejected)} rejected", REFUSED))
    _name_marks(ax, names)
    ax.set_ylabel("call took (s)")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()


def _scatter(ax: Axes, marks: list[tuple[float, float]], role: Role) -> None:
    x, y = [at for at, _ in marks], [took for _, took in marks]
    if role.marker == "x":
        ax.scatter(x, y, s=26, marker="x", c=role.colour, linewidths=1.4, zorder=4)
    else:
        ax.scatter(
            x, y, s=15 if role is OK else 22, marker=role.marker, zorder=4, linewidths=0.7,
            facecolors=role.colour if role.filled else "white", edgecolors="white" if role is OK else role.edge,
        )  # fmt: skip


def _name_marks(ax: Axes, names: list[tuple[float, str, Role]]) -> None:
    """Each outcome's mark and name in the right margin, as high as its median call, none on another."""
    bottom, top = (math.log(limit) for limit in ax.get_ylim())
    free_from = 0.0
    for y, text, role in sorted(names, key=lambda name: name[0]):
        height = max((math.log(y) - bottom) / (top - bottom), free_from)
        free_from = height + 0.13
        ax.plot(
            1.015, height, transform=ax.transAxes, clip_on=False, marker=role.marker, markersize=5, linestyle="",
            markerfacecolor=role.colour if role.filled else "white", markeredgecolor=role.edge,
        )  # fmt: skip
        ax.text(1.03, height, text, transform=ax.transAxes, fontsize=7.5, va="center", color=INK)


def draw_rate(ax: Axes, story: BreakerStory) -> None:
    """The failure rate of the breaker's window, with its threshold; grey where too few calls were counted to judge.

    Where it knows of slow calls, their rate and its threshold as well.
    """
    for began, ended in _unjudged(story):
        ax.axvspan(began, ended, ymin=0, ymax=0.13, color="#b3b3b3", linewidth=0, zorder=2)
    _steps(ax, _judged(story, [(at, rate) for at, _, rate in story.counted]), INK, "-")
    free_from = _threshold(ax, story.threshold, FAILED, "" if not story.slow else "failed: ", 0.34)
    if story.slow:
        _steps(ax, _judged(story, story.slow), _SLOW.edge, (0, (4, 1.5)))
        if story.slow_threshold is None:
            _margin(ax, free_from, "slow: dashed")
        _threshold(ax, story.slow_threshold, _SLOW, "slow (dashed):\n", free_from)
    _margin(ax, 0.07, "too few calls\nto judge")
    ax.set_ylim(0, 1.08)
    ax.set_yticks([0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    ax.set_ylabel("failed, slow" if story.slow else "failed")


def _steps(
    ax: Axes, runs: list[tuple[list[float], list[float]]], colour: str, line: str | tuple[int, tuple[float, ...]]
) -> None:
    for x, y in runs:
        ax.step(x, y, where="post", color=colour, linestyle=line, linewidth=1.3, zorder=4)
        ax.plot(x[-1], y[-1], marker="o", markersize=2.5, color=colour, zorder=4)


def _threshold(ax: Axes, threshold: float | None, role: Role, whose: str, free_from: float) -> float:
    """The threshold, with words beside it that begin at *free_from* or above. Gives back where the next may begin."""
    if threshold is None:
        return free_from
    ax.axhline(threshold, color=role.colour, linestyle=role.line, linewidth=1.2, zorder=3)
    beside = max(threshold, free_from)  # a lower one would stand in the words below
    _margin(ax, beside, f"{whose}opens at {threshold * 100:.0f} %")
    return beside + 0.25


def _margin(ax: Axes, y: float, text: str) -> None:
    ax.text(1.015, y, text, transform=ax.get_yaxis_transform(), fontsize=7.5, va="center", color=INK)


def _judged(story: BreakerStory, rates: Sequence[tuple[float, float | None]]) -> list[tuple[list[float], list[float]]]:
    """Runs of counts with a rate. A transition empties the window, so it ends a run."""
    runs: list[tuple[list[float], list[float]]] = []
    turns = [stretch.began_s for stretch in story.transitions]
    going, before = False, 0.0
    for at, rate in rates:
        if rate is None or any(before <= turn < at for turn in turns):
            going = False
        if rate is not None:
            if not going:
                runs.append(([], []))
            runs[-1][0].append(at)
            runs[-1][1].append(rate)
            going = True
        before = at
    return runs


def _unjudged(story: BreakerStory) -> list[tuple[float, float]]:
    """The stretches of time outside the runs of counts with a rate."""
    gaps, free_from = [], 0.0
    for x, _ in _judged(story, [(at, rate) for at, _, rate in story.counted]):
        gaps.append((free_from, x[0]))
        free_from = x[-1]
    ending = story.transitions[-1].began_s if story.transitions else free_from
    if free_from <= ending:
        gaps.append((free_from, story.ended_s))
    return [(began, ended) for began, ended in gaps if ended > began]
