"""Calls and completion time of clients that contend for one row, by how they pause: Brooker's experiment."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eventlab.simulation.statistics import Estimate

from .style import COMPENSATION, FAILED, INK, OK, REFUSED, UNKNOWN, Role, house_style, one_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 4.5)
_ROLES: dict[str, Role] = {
    "none": FAILED,
    "exponential": REFUSED,
    "equal": COMPENSATION,
    "full": OK,
    "decorrelated": UNKNOWN,
}


class BackoffPoint(NamedTuple):
    """What some replications of one setting came to: writes that were tried, and seconds until all had written.

    *service_ms* is what the store takes for each request, one at a time; 0 for one that answers at once.
    """

    service_ms: float
    jitter: str
    clients: int
    calls: Estimate
    seconds: Estimate


def read_backoffs(path: str | Path) -> list[BackoffPoint]:
    """The table that ``make experiments`` wrote."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [_point(row) for row in csv.DictReader(file)]


def _point(row: dict[str, str]) -> BackoffPoint:
    def estimate(name: str) -> Estimate:
        return Estimate(float(row[name]), float(row[f"{name}_half_width"]), float(row["confidence"]), int(row["runs"]))

    return BackoffPoint(
        float(row["service_ms"]), row["jitter"], int(row["clients"]), estimate("calls"), estimate("seconds")
    )


def draw_backoffs(points: Sequence[BackoffPoint], *, ax: Axes | None = None) -> Axes:
    """A column for each store; writes that reached it above, seconds until all had written below, on log axes."""
    with house_style():
        services = sorted({point.service_ms for point in points})
        panels = _grid(ax, len(services))
        for column, service_ms in enumerate(services):
            of_store = [point for point in points if point.service_ms == service_ms]
            _panel(panels[0][column], of_store, "calls")
            _panel(panels[1][column], of_store, "seconds")
            panels[0][column].set_title(_store(service_ms).capitalize(), color=INK)
            panels[0][column].tick_params(labelbottom=False)
            panels[1][column].set_xlabel("clients that begin at once")
            for row in panels[:, column] if column else ():
                row.tick_params(labelleft=False)
        panels[0][0].set_ylabel("writes tried")
        panels[1][0].set_ylabel("seconds until all have written")
        first: Axes = panels[0][0]
    return first


def describe_backoffs(points: Sequence[BackoffPoint]) -> str:
    """For each store, with the most clients: every policy's calls and time with their intervals, the quickest first."""
    most = max(point.clients for point in points)
    first = points[0]
    sentences = [
        f"Means of {first.calls.n} runs with {100 * first.calls.confidence:g} % confidence, "
        f"{most} clients that begin at once."
    ]
    for service_ms in sorted({point.service_ms for point in points}):
        there = [point for point in points if point.service_ms == service_ms and point.clients == most]
        ranked = "; ".join(_told(point) for point in sorted(there, key=lambda point: point.seconds.mean))
        sentences.append(f"{_store(service_ms).capitalize()}: {ranked}.")
    return " ".join(sentences)


def _told(point: BackoffPoint) -> str:
    return f"{point.jitter} {point.seconds.interval} s with {point.calls.interval} writes tried"


def _store(service_ms: float) -> str:
    return f"a store that serves {1000 / service_ms:,.0f} a second" if service_ms else "a store that answers at once"


def _grid(ax: Axes | None, columns: int) -> Any:
    ax = one_panel(ax, _SIZE_IN)
    figure, place = ax.get_figure(), ax.get_subplotspec()
    if figure is None or place is None:
        raise TypeError("these axes have no place in a grid to be divided; make them with subplots()")
    ax.remove()
    grid: Any = place.subgridspec(2, columns, wspace=0.04, hspace=0.06)
    return grid.subplots(sharex=True, sharey="row", squeeze=False)


def _panel(ax: Axes, points: Sequence[BackoffPoint], what: str) -> None:
    ends: list[tuple[float, str]] = []
    for jitter, role in _ROLES.items():
        line = sorted((point for point in points if point.jitter == jitter), key=lambda point: point.clients)
        if not line:
            continue
        estimates: list[Estimate] = [getattr(point, what) for point in line]
        x = [point.clients for point in line]
        y = [estimate.mean for estimate in estimates]
        ax.errorbar(
            x, y, yerr=[estimate.half_width for estimate in estimates], color=role.colour, linestyle=role.line,
            linewidth=1.3, marker=role.marker, markersize=3.5, markeredgecolor=role.edge, ecolor=role.edge,
            markerfacecolor=role.colour if role.filled else "white", elinewidth=0.8, capsize=1.5,
        )  # fmt: skip
        ends.append((y[-1], jitter))
    last = max(point.clients for point in points)
    ax.set_yscale("log")
    ax.set_xlim(0, last * 1.42)
    ax.set_xticks([x for x in ax.get_xticks() if 0 <= x <= last])
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:,g}")
    ax.grid(axis="y", color="#ececec", linewidth=0.6)
    for height, (end, jitter) in zip(_apart([end for end, _ in sorted(ends)]), sorted(ends), strict=True):
        ax.annotate(
            jitter, (last, end), (last * 1.06, height), fontsize=7.5, color=INK, va="center",
            arrowprops={"arrowstyle": "-", "color": _ROLES[jitter].edge, "linewidth": 0.6, "shrinkB": 2},
        )  # fmt: skip


def _apart(heights: Iterable[float], factor: float = 1.45) -> list[float]:
    """Heights on a log axis, in rising order, moved up until no label covers the one below."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] * factor) if placed else height)
    return placed
