"""How often attempts conflict, measured and by the formula, against the number of rivals and the hold time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, stdev
from typing import TYPE_CHECKING, NamedTuple

from .style import INK, OK, PALE_INK, REFUSED, house_style, one_panel
from .subject import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_SIZE_IN = (8.0, 3.2)


class Share(NamedTuple):
    """The share of attempts that conflicted in each of several independent runs, at one setting."""

    clerks: int
    hold_s: float
    rate_per_s: float
    shares: tuple[float, ...]
    confidence: float = 0.99

    @property
    def load(self) -> float:
        """How many attempts begin during one hold."""
        return self.clerks * self.rate_per_s * self.hold_s

    @property
    def mean(self) -> float:
        return fmean(self.shares)

    @property
    def within(self) -> float:
        """Half the width of the confidence interval of the mean."""
        return (
            student(len(self.shares) - 1, (1 + self.confidence) / 2) * stdev(self.shares) / math.sqrt(len(self.shares))
        )


class Sweep(NamedTuple):
    """One setting varied at a time; *formula* gives the expected share for a load.

    The intervals are as wide as it takes for all of them to be right together, 99 times in 100.
    """

    by_clerks: tuple[Share, ...]
    by_hold: tuple[Share, ...]
    formula: Callable[[float], float]
    name: str = "a / (1 + a)"


def student(freedom: int, quantile: float) -> float:
    """Student's t by the expansion of Fisher and Cornish: right to the third digit from five degrees on."""
    z = NormalDist().inv_cdf(quantile)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def draw_conflict_rates(sweep: Sweep, *, ax: Axes | None = None) -> Axes:
    """Measured shares with their confidence intervals, beside two lines: the formula, and the plausible wrong one."""
    with house_style():
        left, right = beside(ax)
        _panel(left, sweep, sweep.by_clerks, lambda one: one.clerks)
        _panel(right, sweep, sweep.by_hold, lambda one: 1000 * one.hold_s)
        left.set_xlabel(f"clerks, holding for {1000 * sweep.by_clerks[0].hold_s:.0f} ms")
        right.set_xlabel(f"hold time in ms, {sweep.by_hold[0].clerks} clerks")
        left.set_ylabel("attempts that conflict")
        right.tick_params(labelleft=False)
        left.set_title("More rivals", color=INK)
        right.set_title("Longer holds", color=INK)
    return left


def describe_conflict_rates(sweep: Sweep) -> str:
    """The measured shares with their intervals, and how the formula fits."""
    points = [*sweep.by_clerks, *sweep.by_hold]
    inside = sum(abs(one.mean - sweep.formula(one.load)) <= one.within for one in points)
    clerks = ", ".join(f"{_percent(one)} with {one.clerks}" for one in sweep.by_clerks)
    holds = ", ".join(f"{_percent(one)} at {1000 * one.hold_s:.0f} ms" for one in sweep.by_hold)
    return (
        f"Attempts that conflict, mean of {len(points[0].shares)} runs each, with 99 % confidence "
        "for all of them together. "
        f"By clerks, holding for {1000 * sweep.by_clerks[0].hold_s:.0f} ms: {clerks}. "
        f"By hold time, with {sweep.by_hold[0].clerks} clerks: {holds}. "
        f"The formula {sweep.name} lies inside {inside} of {counted(len(points), 'interval')}; "
        f"1 − e⁻ᵃ, inside {sum(abs(one.mean - 1 + math.exp(-one.load)) <= one.within for one in points)}."
    )


def _percent(one: Share) -> str:
    return f"{100 * one.mean:.0f} ± {100 * one.within:.0f} %"


def beside(ax: Axes | None) -> tuple[Axes, Axes]:
    """Two panels with one scale, in a new figure or in the place of *ax*."""
    ax = one_panel(ax, _SIZE_IN)
    figure: Figure | SubFigure | None = ax.get_figure()
    place = ax.get_subplotspec()
    if figure is None or place is None:
        raise TypeError("these axes have no place in a grid to be divided; make them with subplots()")
    ax.remove()
    grid = place.subgridspec(1, 2, wspace=0.04)
    left = figure.add_subplot(grid[0])
    return left, figure.add_subplot(grid[1], sharey=left)


def _panel(ax: Axes, sweep: Sweep, points: Sequence[Share], at: Callable[[Share], float]) -> None:
    last = max(at(one) for one in points)
    per_x = points[-1].load / at(points[-1])  # the load grows in proportion to what is varied
    x = [last * 1.04 * step / 60 for step in range(61)]
    right = [sweep.formula(per_x * one) for one in x]
    wrong = [1 - math.exp(-per_x * one) for one in x]
    ax.plot(x, right, color=OK.colour, linewidth=1.6, zorder=3)
    ax.plot(x, wrong, color=REFUSED.colour, linewidth=1.1, linestyle="--", zorder=2)
    ax.errorbar(
        [at(one) for one in points], [one.mean for one in points], yerr=[one.within for one in points], fmt="o",
        color=INK, markersize=4, linewidth=1.1, capsize=3, zorder=4,
    )  # fmt: skip
    ax.set_xlim(0, last * 1.30)
    ax.set_ylim(0, 1.06)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ax.grid(axis="y", color="#ececec", linewidth=0.6)
    ax.text(x[-1] * 1.015, right[-1], sweep.name, fontsize=8, color=OK.colour, va="center")
    ax.text(x[-1] * 1.015, wrong[-1], "1 − e⁻ᵃ", fontsize=8, color=PALE_INK, va="center")
