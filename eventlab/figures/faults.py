"""The faults of a run: when each held, and the hatched band that says so behind a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from eventlab import hooks

from .style import HALO, INK, OUTAGE, tint
from .subject import RunLike, clock, end_s, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME_PT = 7.5
LINE_PT = 1.5 * NAME_PT
NAMES_MAX = 3
"""So many names stand below one another, if they leave most of the panel to what it shows; the others are in words."""


class FaultSpan(NamedTuple):
    """One fault, from when it took hold until it was lifted, or until the run ended."""

    fault: str
    detail: str
    began_s: float
    ended_s: float
    lifted: bool

    def shares_time_with(self, other: FaultSpan) -> bool:
        """Whether both held at some moment; one that begins as the other ends did not."""
        return self.began_s < other.ended_s and other.began_s < self.ended_s

    def overlaps(self, began_s: float, ended_s: float) -> bool:
        return self.began_s <= ended_s and began_s <= self.ended_s


def fault_spans(run: RunLike) -> list[FaultSpan]:
    """Every fault of the run in the order in which they began."""
    spans: list[FaultSpan] = []
    open_: list[int] = []
    last = end_s(run)
    for entry in run.entries:
        if isinstance(entry.what, hooks.FaultBegan):
            open_.append(len(spans))
            spans.append(FaultSpan(entry.what.fault, entry.what.detail, entry.at, last, False))
        elif isinstance(entry.what, hooks.FaultEnded):
            ended = entry.what
            same = [at for at in open_ if spans[at].fault == ended.fault]
            exact = [at for at in same if spans[at].detail == ended.detail]
            for at in (exact or same)[:1]:
                open_.remove(at)
                spans[at] = spans[at]._replace(ended_s=entry.at, lifted=True)
    return spans


def shade(axes: Sequence[Axes], spans: Sequence[FaultSpan], *, label_on: Axes | None = None) -> None:
    """The hatched grey band behind every panel; its name once, inside the top of *label_on*.

    A band over another one has lines at its edges: nobody could tell the two apart.
    """
    for panel in axes:
        for at, span in enumerate(spans):
            panel.axvspan(
                span.began_s, span.ended_s, facecolor=tint(OUTAGE, 0.2), edgecolor=tint(OUTAGE, 0.5),
                hatch=OUTAGE.hatch, linewidth=0, zorder=0,
            )  # fmt: skip
            if any(span.shares_time_with(other) for other in (*spans[:at], *spans[at + 1 :])):
                for edge_s in (span.began_s, span.ended_s):
                    panel.axvline(edge_s, color=tint(OUTAGE, 0.8), linewidth=0.8, linestyle=(0, (4, 2)), zorder=0.5)
    if label_on is not None:
        _name(label_on, spans)


def _name(panel: Axes, spans: Sequence[FaultSpan]) -> None:
    """The names of the faults, as far as they fall inside it and have room: of those at one time, below one another."""
    left, right = panel.get_xlim()
    room_pt = 0.3 * panel.get_window_extent().height * 72 / panel.figure.dpi
    free_from = [left] * max(1, min(NAMES_MAX, int(room_pt / LINE_PT)))
    named: list[tuple[int, FaultSpan]] = []
    for span in spans:
        middle = (max(span.began_s, left) + min(span.ended_s, right)) / 2
        text = shortened(f"{span.fault}: {span.detail}" if span.detail else span.fault, 48)
        half = len(text) * (right - left) / 115 / 2
        middle = min(max(middle, left + half), right - half)
        row = 1 + max((row for row, other in named if other.shares_time_with(span)), default=-1)
        if not span.overlaps(left, right) or row == len(free_from) or middle - half < free_from[row]:
            continue
        panel.annotate(
            text, (middle, 0.985), (0, -row * LINE_PT), xycoords=panel.get_xaxis_transform(),
            textcoords="offset points", ha="center", va="top", fontsize=NAME_PT, color=INK, bbox=HALO,
        )  # fmt: skip
        free_from[row] = middle + half
        named.append((row, span))


def in_words(spans: Sequence[FaultSpan]) -> str:
    """A sentence on the faults: what, from when, until when."""
    if not spans:
        return "No fault was in force."
    parts = []
    for span in spans:
        name = f"{span.fault} ({span.detail})" if span.detail else span.fault
        end = f"to {clock(span.ended_s)}" if span.lifted else "to the end"
        parts.append(f"{name} from {clock(span.began_s)} {end}")
    return f"Fault in force: {'; '.join(parts)}."
