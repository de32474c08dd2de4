"""All sagas of a run at once: how many ended, how, and how many were under way, with the fault behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .faults import in_words, shade
from .outcome_counts import Outcomes, between, binned, outcomes
from .style import COMPENSATION, FAILED, INK, OK, Role, house_style, stacked_panels
from .subject import RunLike, clock, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 3.6)
_ROLES: dict[str, Role] = {"completed": OK, "compensated": COMPENSATION, "stuck": FAILED}


def draw_outcomes(run: RunLike, *, ax: Axes | None = None) -> Axes:
    """Above: sagas that ended, stacked by how, against those that began. Below: sagas in flight.

    Returns the first panel; *ax*, when given, is divided into the two.
    """
    told = outcomes(run)
    with house_style():
        panels = stacked_panels(ax, _SIZE_IN, (1.7, 1.0))
        panels[0].set_xlim(0, max(told.until_s, 1e-3))
        _ended(panels[0], told)
        _in_flight(panels[1], told)
        shade(panels, told.faults, label_on=panels[0])
        panels[0].set_title("Sagas over time")
        panels[1].set_xlabel("seconds since the run began")
    return panels[0]


def _ended(ax: Axes, told: Outcomes) -> None:
    width = told.bin_s
    starts = binned(told.began, width, told.until_s)
    edges = [at * width for at in range(len(starts) + 1)]
    below = [0] * len(starts)
    names: list[tuple[str, Role]] = []
    for ending, role in _ROLES.items():
        counts = binned(told.ended[ending], width, told.until_s)
        if any(counts):
            ax.bar(
                edges[:-1], counts, width=width, bottom=below, align="edge", facecolor=role.colour,
                hatch="xx" if role is FAILED else role.hatch, edgecolor="white" if role is OK else INK,
                linewidth=0.5, zorder=3,
            )  # fmt: skip
            names.append((f"{len(told.ended[ending])} {ending}", role))
        below = [low + count for low, count in zip(below, counts, strict=True)]
    ax.stairs(starts, edges, color=INK, linewidth=1.1, linestyle=":", zorder=4)
    ax.set_ylim(0, max([*below, *starts, 1]) * 1.3)
    ax.set_ylabel(f"ended in {width:g} s")
    ax.locator_params(axis="y", integer=True, nbins=6)
    _names(ax, names, len(told.began))


def _names(ax: Axes, names: list[tuple[str, Role]], began: int) -> None:
    """In the right margin: each ending's patch and total, and the dotted line of what began."""
    height = 0.12
    for text, role in names:
        ax.barh(
            height, 0.018, left=1.012, height=0.09, transform=ax.transAxes, clip_on=False, facecolor=role.colour,
            edgecolor=INK, linewidth=0.5, hatch="xx" if role is FAILED else role.hatch,
        )  # fmt: skip
        ax.text(1.038, height, text, transform=ax.transAxes, fontsize=7.5, va="center", color=INK)
        height += 0.16
    ax.plot(
        (1.012, 1.03), (height, height), transform=ax.transAxes, clip_on=False, color=INK, linestyle=":", linewidth=1.1
    )
    ax.text(1.038, height, f"{began} began", transform=ax.transAxes, fontsize=7.5, va="center", color=INK)


def _in_flight(ax: Axes, told: Outcomes) -> None:
    curve = told.in_flight
    x, y = [at for at, _ in curve], [count for _, count in curve]
    ax.fill_between(x, y, step="post", color=OK.colour, alpha=0.25, linewidth=0, zorder=2)
    ax.step(x, y, where="post", color=OK.colour, linewidth=1.1, zorder=3)
    peak = max(y)
    at = x[y.index(peak)]
    side = "right" if at > told.until_s / 2 else "left"
    ax.annotate(
        f"at most {peak}, at {clock(at)}", (at, peak), xytext=(0, 4), textcoords="offset points", fontsize=7.5,
        color=INK, ha=side, va="bottom", zorder=5,
    )  # fmt: skip
    ax.plot(at, peak, marker="o", markersize=3.5, color=INK, zorder=5)
    ax.set_ylim(0, max(peak, 1) * 1.45)
    ax.set_ylabel("in flight")
    ax.locator_params(axis="y", integer=True, nbins=4)


def describe_outcomes(run: RunLike) -> str:
    """What the figure shows, in sentences: totals, the peak of sagas in flight, what went on during each fault."""
    told = outcomes(run)
    ends = {ending: len(times) for ending, times in told.ended.items()}
    open_ = len(told.began) - sum(ends.values())
    endings = ", ".join(f"{number} {ending}" for ending, number in ends.items() if number)
    sentences = [
        f"{counted(len(told.began), 'saga').capitalize()} began in {clock(told.until_s)}: {endings or 'none ended'}"
        + (f", {open_} unfinished." if open_ and endings else "."),
        in_words(told.faults),
    ]
    kinds = [span.fault for span in told.faults]
    for span in told.faults:
        which = span.fault if kinds.count(span.fault) == 1 else f"the {span.fault} from {clock(span.began_s)} on"
        sentences.append(
            f"While {which} held, {between(told.began, span.began_s, span.ended_s)} began, "
            f"{between(told.ended['completed'], span.began_s, span.ended_s)} completed and "
            f"{between(told.ended['compensated'], span.began_s, span.ended_s)} were compensated."
        )
    peak_at, peak = max(told.in_flight, key=lambda point: (point[1], -point[0]))
    sentences.append(f"At most {peak} were in flight, at {clock(peak_at)}.")
    return " ".join(sentences)
