"""The marks of the figure of conflicts: bars from read to append, dots, crosses, and lines to the append that won."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from .conflicts_story import Append, Attempt, ConflictStory, Row, follows
from .style import FAILED, HALO, INK, OK, PALE_INK, REFUSED, Role, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 0.5
_CHARACTER = 0.0086
"""The width of a small letter, as a share of the axis."""

Beside = Literal["bars", "ends", ""]

_MARK = 0.010
"""Half the width of a mark with its air, as a share of the axis."""

_ROLES = {"written": OK, "unchanged": OK, "conflict": FAILED, "refused": REFUSED}


class Placed(NamedTuple):
    """A row with its height in the picture."""

    y: float
    row: Row


class _Room:
    """What is taken on one row: marks and texts, that no further text may cover."""

    def __init__(self, ax: Axes, bars: Sequence[tuple[float, float]]) -> None:
        self.left, right = ax.get_xlim()
        self.unit = right - self.left
        self.bars = bars
        self.taken: list[tuple[float, float]] = []

    def take(self, began: float, ended: float) -> None:
        self.taken.append((began, ended))

    def fit(self, text: str, x: float, *, leftward: bool = False, beside: Beside = "") -> float | None:
        """Where *text* begins, if there is room from *x* on, or up to it, that touches no bar, or only no bar's end."""
        width = len(text) * _CHARACTER * self.unit
        began = x - width if leftward else x
        ended = began + width
        bars = [(one, end) for one, end in self.bars if one < ended and began < end]
        crossed = [edge for bar in bars for edge in bar if began < edge < ended]
        touched = {"bars": bars, "ends": crossed, "": []}[beside]
        inside = self.left <= began and ended <= self.left + self.unit
        if not inside or touched or any(began < end and one < ended for one, end in self.taken):
            return None
        self.take(began, ended)
        return began


def draw_row(ax: Axes, placed: Placed, story: ConflictStory) -> None:
    """One writer in one stream: its attempts, the pauses between them, and what it appended without having read."""
    y, row = placed
    room = _Room(ax, [(attempt.began_s, attempt.acted_s) for attempt in row.attempts])
    moments = [*(attempt.acted_s for attempt in row.attempts), *(append.at_s for append in row.alone)]
    for at in moments:
        room.take(at - _MARK * room.unit, at + _MARK * room.unit)
    for attempt in row.attempts:
        _bar(ax, y, attempt)
        _mark(ax, y, attempt, row.stream)
    _gaps(ax, y, row.attempts)
    for attempt in row.attempts:
        _say_read(ax, y, room, attempt, row.stream)
    for attempt in row.attempts:
        _say_end(ax, y, room, attempt.acted_s, _endings(attempt, row.stream, story))
    for append in row.alone:
        _dot(ax, append.at_s, y)
        _say_end(ax, y, room, append.at_s, [f"→ v{dict(append.versions)[row.stream]}"])


def _gaps(ax: Axes, y: float, attempts: Sequence[Attempt]) -> None:
    """The pauses after conflicts, dotted; the last one reaches to the end of the picture at most."""
    for before, after in pairwise(attempts):
        if follows(before, after):
            _gap(ax, y, before.ended_s, after.began_s)
    if attempts and attempts[-1].backoff_s is not None:
        last = attempts[-1]
        _gap(ax, y, last.ended_s, min(last.ended_s + (last.backoff_s or 0.0), ax.get_xlim()[1]))


def _bar(ax: Axes, y: float, attempt: Attempt) -> None:
    """From reading to appending; what it waits for the answer after that is a line only."""
    role = _ROLES.get(attempt.outcome, REFUSED)
    ax.barh(
        y, attempt.acted_s - attempt.began_s, left=attempt.began_s, height=_HEIGHT, zorder=3,
        facecolor="white" if role is REFUSED else tint(role, 0.25), edgecolor=role.edge, linewidth=0.9,
        linestyle=role.line,
    )  # fmt: skip
    if attempt.ended_s > attempt.acted_s:
        ax.plot((attempt.acted_s, attempt.ended_s), (y, y), color=role.edge, linewidth=0.9, zorder=3)


def _mark(ax: Axes, y: float, attempt: Attempt, stream: str) -> None:
    """How the attempt ended on this stream. Where it only read, nothing but the bar's end is there."""
    if attempt.wrote(stream) is not None:
        _dot(ax, attempt.acted_s, y)
    elif attempt.outcome == "refused":
        ax.plot(
            attempt.ended_s, y, marker=REFUSED.marker, markerfacecolor="white", markeredgecolor=REFUSED.edge,
            markersize=5.5, markeredgewidth=1.3, zorder=6,
        )  # fmt: skip
    elif _conflict(attempt, stream) is not None:
        ax.plot(
            attempt.ended_s, y, marker=FAILED.marker, color=FAILED.colour, markersize=6.5, markeredgewidth=1.9, zorder=6
        )


def _dot(ax: Axes, at: float, y: float) -> None:
    ax.plot(at, y, marker=OK.marker, color=OK.colour, markersize=6.5, zorder=6)


def _gap(ax: Axes, y: float, began: float, ended: float) -> None:
    ax.plot((began, ended), (y, y), color=PALE_INK, linestyle=":", linewidth=1.3, zorder=2)


def _conflict(attempt: Attempt, stream: str) -> tuple[int | str, int] | None:
    return next(((expected, found) for name, expected, found in attempt.conflicts if name == stream), None)


def _endings(attempt: Attempt, stream: str, story: ConflictStory) -> list[str]:
    """What stands behind the mark, from long to short."""
    if attempt.append is not None:
        wrote = attempt.wrote(stream)
        what = "only read" if wrote is None else f"→ v{wrote}"
        unseen = story.unseen(attempt, stream)
        return [f"{what}, {_versions(unseen)} unseen", f"{what}, unseen: {len(unseen)}", what] if unseen else [what]
    if (met := _conflict(attempt, stream)) is not None:
        return [f"expected {met[0]}, found {met[1]}", f"{met[0]} ≠ {met[1]}"]
    return [attempt.outcome] if attempt.outcome in ("refused", "unchanged") else []


def _versions(unseen: Sequence[tuple[str, int]]) -> str:
    first, last = unseen[0][1], unseen[-1][1]
    return f"v{first}" if first == last else f"v{first}–v{last}"


def _say_read(ax: Axes, y: float, room: _Room, attempt: Attempt, stream: str) -> None:
    """What it read: inside the bar's left end, or before the bar where that is too short."""
    air = 0.004 * room.unit
    wordings = [f"read v{attempt.read(stream)}", f"v{attempt.read(stream)}"]
    for text in wordings:
        if (found := room.fit(text, attempt.began_s + air, beside="ends")) is not None:
            return _say(ax, y, found, text)
    for text in wordings:
        if (
            found := room.fit(
                text, min(attempt.began_s, attempt.acted_s - _MARK * room.unit) - air, leftward=True, beside="ends"
            )
        ) is not None:
            return _say(ax, y, found, text)


def _say_end(ax: Axes, y: float, room: _Room, at: float, wordings: Sequence[str]) -> None:
    """How it ended: behind the mark, or before it inside the bar; shorter where room is scarce, at last over edges."""
    air = _MARK * room.unit
    apart: list[tuple[float, bool, Beside]] = [(at + air, False, "bars"), (at - air, True, "ends")]
    anyhow: list[tuple[float, bool, Beside]] = [(at + air, False, "")]
    for places in (apart, anyhow):
        for text in wordings:
            for x, leftward, beside in places:
                found = room.fit(text, x, leftward=leftward, beside=beside)
                if found is not None:
                    return _say(ax, y, found, text)


def _say(ax: Axes, y: float, began: float, text: str) -> None:
    ax.text(
        began, y, text, fontsize=7, color=INK, va="center", ha="left", zorder=7,
        bbox={**HALO, "alpha": 0.75, "pad": 0.3},
    )  # fmt: skip


def draw_winners(ax: Axes, placed: Sequence[Placed], story: ConflictStory) -> None:
    """A thin line from each × to the append that won, and from each append to the first one that it never saw."""
    heights = {(one.row.stream, id(append)): one.y for one in placed for append in _appends_on(one.row)}
    for y, row in placed:
        for attempt in row.attempts:
            met, unseen = _conflict(attempt, row.stream), story.unseen(attempt, row.stream)
            won = story.winner(row.stream, met[0]) if met else story.by_version.get(unseen[0]) if unseen else None
            there = heights.get((row.stream, id(won)))
            if won is not None and there is not None:
                _line(ax, (attempt.acted_s, y), (won.at_s, there), FAILED if met else REFUSED)


def _line(ax: Axes, start: tuple[float, float], end: tuple[float, float], role: Role) -> None:
    dash = "-" if role is FAILED else ":"
    ax.plot((start[0], end[0]), (start[1], end[1]), color=role.colour, linewidth=0.8, linestyle=dash, zorder=4)


def _appends_on(row: Row) -> list[Append]:
    return [*row.alone, *(attempt.append for attempt in row.attempts if attempt.append is not None)]
