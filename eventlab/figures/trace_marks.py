"""The marks of the trace figure: bars in rows, hatched waits before them, and the critical path below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .style import COMPENSATION, FAILED, HALO, INK, OK, PALE_INK, REFUSED, UNKNOWN, Role, tint
from .subject import shortened
from .trace_path import Stretch
from .trace_spans import Bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 0.55
_CHARACTER = 0.0098
"""The width of a small letter, as a share of the axis."""

_NAMED_ROWS_MAX = 32
"""With more rows, names would lie on one another."""

_ROLES: dict[str, Role] = {
    "ok": OK,
    "refused": REFUSED,
    "unknown": UNKNOWN,
    "failed": FAILED,
    "undone": COMPENSATION,
}


def rows_of(bars: Sequence[Bar]) -> dict[str, int]:
    """Bar → its row: services one below the other, and in each as many rows as work that overlaps needs."""
    rows: dict[str, int] = {}
    first = 0
    for service in dict.fromkeys(bar.service for bar in bars):
        ends: list[float] = []
        for bar in bars:
            if bar.service != service:
                continue
            free = next((row for row, end in enumerate(ends) if end <= bar.began_s - bar.waited_s), len(ends))
            ends[free : free + 1] = [bar.ended_s]
            rows[bar.id] = first + free
        first += len(ends)
    return rows


def draw_bars(ax: Axes, bars: Sequence[Bar], rows: dict[str, int]) -> None:
    """A bar for each, at least as wide as the eye needs, and its name where there is room for it."""
    left, right = ax.get_xlim()
    deepest = max(rows.values())
    small = 7.0 if deepest < 18 else 5.5
    for bar in bars:
        row, role = rows[bar.id], _ROLES[bar.outcome]
        width = max(bar.ended_s - bar.began_s, (right - left) * 0.003)
        ax.barh(
            row, width, left=bar.began_s, height=_HEIGHT, zorder=3, facecolor=tint(role) if role.filled else "white",
            hatch=role.hatch, edgecolor=role.edge, linewidth=0.8, linestyle=role.line if role is FAILED else "-",
        )  # fmt: skip
        before = [(bar.began_s - bar.waited_s, bar.began_s)] if bar.waited_s > 0 else []
        for since, until in (*before, *bar.queued):
            ax.barh(
                row, until - since, left=since, height=_HEIGHT, zorder=3.5,
                facecolor="white", hatch="xxxx", edgecolor=PALE_INK, linewidth=0.5,
            )  # fmt: skip
    for bar, room in _rooms(bars, rows, right):
        began = max(bar.began_s, left)
        text = shortened(bar.name.rpartition("/")[2], max(1, int(room / (right - left) / _CHARACTER * 7.0 / small)))
        if len(text) > 3 and began < right and deepest < _NAMED_ROWS_MAX:
            ax.text(
                began + (right - left) * 0.003, rows[bar.id], text, fontsize=small, va="center", ha="left", color=INK,
                zorder=5, clip_on=True, bbox={**HALO, "pad": 0.2} if _ROLES[bar.outcome].hatch or bar.queued else None,
            )  # fmt: skip


def _rooms(bars: Sequence[Bar], rows: dict[str, int], right: float) -> list[tuple[Bar, float]]:
    """How far each name may reach: to what comes next in its row."""
    by_row: dict[int, list[Bar]] = {}
    for bar in bars:
        by_row.setdefault(rows[bar.id], []).append(bar)
    found = []
    for row in by_row.values():
        for bar, following in zip(row, [*row[1:], None], strict=True):
            until = right if following is None else following.began_s - following.waited_s
            found.append((bar, min(until, right) - bar.began_s))
    return found


def draw_path(ax: Axes, path: Sequence[Stretch], rows: dict[str, int]) -> None:
    """A thick line under each stretch that the end waited for, and thin ones from stretch to stretch."""
    before = 0.0
    for at, stretch in enumerate(path):
        bar = stretch.bar
        y = rows.get(bar.id, rows.get(bar.parent, 0)) + _HEIGHT / 2 + 0.1  # a command is not drawn, but its work is
        ax.plot((stretch.began_s, stretch.ended_s), (y, y), color=INK, linewidth=2.4, solid_capstyle="butt", zorder=6)
        if at:
            ax.plot((stretch.began_s, stretch.began_s), (before, y), color=INK, linewidth=0.6, zorder=2)
        before = y
