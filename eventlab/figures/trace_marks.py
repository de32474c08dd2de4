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
    if deepest < _NAMED_ROWS_MAX:
        character = (right - left) * _CHARACTER * small / 7.0
        for bar, x, text in labels(bars, rows, (left, right), character):
            apart = x >= bar.ended_s or _ROLES[bar.outcome].hatch or bar.queued
            ax.text(
                x + (right - left) * 0.003, rows[bar.id], text, fontsize=small, va="center", ha="left", color=INK,
                zorder=5, clip_on=True, bbox={**HALO, "pad": 0.2} if apart else None,
            )  # fmt: skip


def label_of(bar: Bar) -> str:
    """What was done; of a modelled service, whose every request is ``Work``, who was asked for it."""
    service, _, operation = bar.name.rpartition("/")
    return f"→ {service}" if operation == "Work" and bar.kind == "call" else operation


def labels(
    bars: Sequence[Bar], rows: dict[str, int], limits: tuple[float, float], character: float
) -> list[tuple[Bar, float, str]]:
    """Each name with its place: in its bar, or right of it where that is free, or cut short in it. None on another."""
    left, right = limits
    by_row: dict[int, list[Bar]] = {}
    for bar in bars:
        by_row.setdefault(rows[bar.id], []).append(bar)
    found = []
    for row in by_row.values():
        for bar, following in zip(row, [*row[1:], None], strict=True):
            began, ended = max(bar.began_s, left), min(bar.ended_s, right)
            until = right if following is None else min(following.began_s - following.waited_s, right)
            text = label_of(bar)
            inside, after = (int(room / character) for room in (ended - began, until - ended))
            if inside < len(text) <= after:
                found.append((bar, ended, text))
            elif (cut := shortened(text, max(1, inside))) and len(cut) > min(3, len(text) - 1):
                found.append((bar, began, cut))
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
