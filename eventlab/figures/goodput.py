"""Several runs of one load on one time axis: what was asked in each second, and how much of it was answered."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from eventlab import hooks
from eventlab.history import of_kind, operations

from .faults import FaultSpan, fault_spans, in_words, shade
from .outcome_counts import binned
from .style import HALO, INK, OK, PALE_INK, house_style, stacked_panels, tint
from .subject import RunLike, clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _PANEL_IN = 8.0, 0.85
_BIN_S = 1.0
SHARE = 0.9
"""A second of which less is answered counts as one in which the system was down."""


class Goodput(NamedTuple):
    """Requests by the second in which they were asked; those of them that were answered as done; *calls* made for them.

    Calls of whoever asks are not counted, nor those that a breaker or a limiter kept from being made.
    """

    label: str
    asked: list[int]
    answered: list[int]
    calls: int
    faults: tuple[FaultSpan, ...]

    @property
    def usual(self) -> float:
        """What is asked in an ordinary second."""
        return median(self.asked)

    @property
    def down_s(self) -> tuple[float, float | None] | None:
        """The first second of which less than `SHARE` was answered, and the end of the last; None if there is none.

        The end is None if it lies within the last two seconds: nothing tells whether it would have come back.
        """
        seconds = list(zip(self.asked, self.answered, strict=True))
        bad = [at for at, (asked, answered) in enumerate(seconds) if answered < SHARE * asked]
        if not bad:
            return None
        return bad[0] * _BIN_S, (bad[-1] + 1) * _BIN_S if bad[-1] < len(seconds) - 2 else None


def goodput_of(label: str, run: RunLike) -> Goodput:
    """Read it from the run's own operations."""
    found = operations(run.entries)
    asked = [one.invoked for one in found]
    answered = [one.invoked for one in found if one.outcome == "ok"]
    asking = {entry.node for entry in run.entries if isinstance(entry.what, hooks.OperationInvoked)}
    made = [call for _, call in of_kind(run.entries, hooks.CallStarted) if call.source not in asking]
    kept_back = sum(
        call.outcome == "rejected" and call.source not in asking for _, call in of_kind(run.entries, hooks.CallEnded)
    )
    calls = len(made) - kept_back
    last_s = max(asked, default=0.0)
    asked_then, answered_then = (binned(times, _BIN_S, last_s) for times in (asked, answered))
    return Goodput(label, asked_then, answered_then, calls, tuple(fault_spans(run)))


def draw_goodput(runs: Mapping[str, RunLike], *, ax: Axes | None = None) -> Axes:
    """A panel for each of *runs*, by its label: what was asked each second, dotted, and filled what was answered of it.

    All panels have the same axes; a peak of what was asked that does not fit is told in words. Returns the first one;
    *ax*, when given, is divided.
    """
    told = [goodput_of(label, run) for label, run in runs.items()]
    highest = 1.45 * max([1.0, *(max([*one.answered, min(max(one.asked), 2 * one.usual)]) for one in told)])
    with house_style():
        size_in = (_WIDTH_IN, 0.7 + _PANEL_IN * len(told))
        panels = stacked_panels(ax, size_in, [1.0] * len(told))
        panels[0].set_xlim(0, max(len(one.asked) for one in told) * _BIN_S)
        for panel, one in zip(panels, told, strict=True):
            panel.set_ylim(0, highest)
            _panel(panel, one, highest)
            shade([panel], one.faults, label_on=panel if one is told[0] else None)
        panels[0].set_title("Asked each second (dotted), and how much of it was answered")
        panels[-1].set_xlabel("seconds since the run began")
    return panels[0]


def _panel(panel: Axes, one: Goodput, highest: float) -> None:
    edges = [at * _BIN_S for at in range(len(one.asked) + 1)]
    panel.stairs(one.answered, edges, fill=True, facecolor=tint(OK, 0.55), edgecolor=OK.colour, linewidth=0.9, zorder=3)
    panel.stairs(one.asked, edges, color=INK, linestyle=":", linewidth=1.0, zorder=4)
    peak = max(one.asked)
    if peak > highest:
        at = one.asked.index(peak)
        panel.text(
            at * _BIN_S, highest * 0.97, f" {peak} asked", ha="left", va="top", fontsize=7, color=PALE_INK, zorder=5
        )
    panel.text(
        0.995, 0.9, f"{one.label}: {_result(one)}", transform=panel.transAxes, ha="right", va="top", fontsize=8,
        color=INK, bbox=HALO, zorder=6,
    )  # fmt: skip
    panel.locator_params(axis="y", integer=True, nbins=3)


def describe_goodput(runs: Mapping[str, RunLike]) -> str:
    """What the figure shows, in sentences: for each run how much was answered, when it was down, at how many calls."""
    told = [goodput_of(label, run) for label, run in runs.items()]
    sentences = []
    for one in told:
        share = f"{sum(one.answered)} of {sum(one.asked)} answered"
        sentences.append(f"{one.label}: {share}, {_result(one)}{_per_answer(one)}.")
    if told and told[0].faults:
        sentences.append(in_words(told[0].faults))
    return " ".join(sentences)


def _per_answer(one: Goodput) -> str:
    """What an answer cost; nothing to say where no service called another, for then nobody's calls were counted."""
    if not any(one.answered):
        return "; no answer"
    return f"; {one.calls / sum(one.answered):.1f} calls for each answer" if one.calls else ""


def _result(one: Goodput) -> str:
    if one.down_s is None:
        return f"never under {100 * SHARE:g} %"
    since_s, until_s = one.down_s
    span = "to the end" if until_s is None else f"to {clock(until_s)}"
    return f"under {100 * SHARE:g} % from {clock(since_s)} {span}"
