"""How long people wait and how often they try, by the way in which they pause after a conflict."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from .contention import beside
from .style import FAILED, INK, OK, PALE_INK, UNKNOWN, Role, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROLES = (FAILED, UNKNOWN, OK)


class Waits(NamedTuple):
    """What befell everybody under one policy: the time until they had written, and the attempts it took."""

    policy: str
    waits_s: tuple[float, ...]
    attempts: tuple[int, ...]

    def wait_s(self, share: float) -> float:
        """The wait that *share* of them did not exceed."""
        return percentile(self.waits_s, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least *share* of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def draw_waits(policies: Sequence[Waits], *, ax: Axes | None = None) -> Axes:
    """Who still waits after how long, on log axes, and who needed more attempts than so many; a line per policy.

    Marks stand where half of them, and where 95 %, have written. At most three policies, the slowest first.
    """
    with house_style():
        left, right = beside(ax)
        left.set_xscale("log")
        left.set_yscale("log")
        for waits, role in zip(policies, _ROLES, strict=False):
            _survivors(left, [1000 * wait_s for wait_s in waits.waits_s], role)
            _survivors(right, [float(tried) for tried in waits.attempts], role)
        longest_ms = 1000 * max(max(waits.waits_s) for waits in policies)
        left.set_xlim(1, max(1500.0, 3 * longest_ms))
        left.set_ylim(2e-3, 1.6)
        left.set_yticks([0.01, 0.1, 1], ["1 %", "10 %", "100 %"])
        left.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        left.minorticks_off()
        _names(left, policies)
        left.set_xlabel("ms since they came")
        left.set_ylabel("have not written yet")
        left.set_title("Time until written", color=INK)
        right.set_xlim(left=0)
        right.locator_params(axis="x", integer=True)
        right.set_xlabel("attempts   ·   marks: half, and 95 %, have written")
        right.tick_params(labelleft=False)
        right.set_title("Attempts until written", color=INK)
        for panel in (left, right):
            panel.grid(axis="y", color="#ececec", linewidth=0.6)
    return left


def describe_waits(policies: Sequence[Waits]) -> str:
    """Median, 95th and 99th percentile, mean and attempts of each policy."""
    return " ".join(
        f"{waits.policy.capitalize()}: half had written after {_ms(waits.wait_s(0.5))}, 95 % after "
        f"{_ms(waits.wait_s(0.95))}, 99 % after {_ms(waits.wait_s(0.99))}, the mean being {_ms(fmean(waits.waits_s))}; "
        f"{fmean(waits.attempts):.1f} attempts each on average, {max(waits.attempts)} at most."
        for waits in policies
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"


def _survivors(ax: Axes, values: Sequence[float], role: Role) -> None:
    """The share of *values* above each of them; the last one falls to nothing, which has no place on a log axis."""
    ordered = sorted(values)
    left = [1 - rank / len(ordered) for rank in range(1, len(ordered))]
    x, y = [1e-3, *ordered], [1.0, *left, 1e-4]
    ax.step(x, y, where="post", color=role.colour, linestyle=role.line, linewidth=1.6, zorder=3)
    ax.plot(
        [percentile(values, 0.5), percentile(values, 0.95)], [0.5, 0.05], linestyle="", marker=role.marker,
        color=role.edge, markersize=5.5, zorder=4,
    )  # fmt: skip


def _names(ax: Axes, policies: Sequence[Waits]) -> None:
    """Each line's name with a leader to its mark: the slowest to the right of all lines, the others to the left."""
    for number, waits in enumerate(policies):
        half, most = 1000 * waits.wait_s(0.5), 1000 * waits.wait_s(0.95)
        mark = (half, 0.5) if number == 0 else (most, 0.05)
        text = (2 * half, 0.8) if number == 0 else (1.2, 0.012 if number == 1 else 0.05)
        ax.annotate(
            waits.policy, mark, text, fontsize=8, color=INK, va="center", ha="left",
            arrowprops={"arrowstyle": "-", "color": PALE_INK, "linewidth": 0.7, "shrinkB": 3},
        )  # fmt: skip
