"""What others see while money moves: the sum of two accounts at every moment, with and without what is in transit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .style import FAILED, HALO, INK, OK, house_style, stacked_panels
from .subject import clock, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eventlab.shop.in_between import Moment

_SIZE_IN = (8.0, 3.4)


def draw_in_between(runs: Mapping[str, Sequence[Moment]], *, ax: Axes | None = None) -> Axes:
    """A panel for each of *runs*, all on the same axes: what somebody sees who reads both accounts, and what there is.

    Where the dashed line leaves the solid one, money is in neither account.
    """
    with house_style():
        panels = stacked_panels(ax, _SIZE_IN, [1.0] * len(runs))
        seen = [moment.seen_cents / 100 for moments in runs.values() for moment in moments]
        counted_ = [moment.counted_cents / 100 for moments in runs.values() for moment in moments]
        ends_s = max(moments[-1].at_s for moments in runs.values())
        room = 0.16 * max(max(counted_) - min(seen), 1.0)
        for panel, (label, moments) in zip(panels, runs.items(), strict=True):
            panel.set_ylim(min(seen) - 1.8 * room, max(counted_) + 2.2 * room)
            panel.set_xlim(0, 1.05 * ends_s)
            _lines(panel, moments, ends_s)
            panel.text(0.005, 0.94, label, transform=panel.transAxes, fontsize=8.5, weight="bold", va="top", bbox=HALO)
            panel.set_ylabel("money")
        panels[-1].set_xlabel("seconds since the run began   ·   solid: counted with what is in transit, dashed: seen")
    return panels[0]


def _lines(panel: Axes, moments: Sequence[Moment], ends_s: float) -> None:
    at_s = [*(moment.at_s for moment in moments), 1.05 * ends_s]
    seen = [moment.seen_cents / 100 for moment in moments]
    counted_ = [moment.counted_cents / 100 for moment in moments]
    panel.fill_between(
        at_s, [*seen, seen[-1]], [*counted_, counted_[-1]], step="post", facecolor="#f6d5bf", linewidth=0, zorder=1
    )
    panel.plot(at_s, [*counted_, counted_[-1]], drawstyle="steps-post", color=OK.colour, linewidth=1.8, zorder=3)
    panel.plot(
        at_s, [*seen, seen[-1]], drawstyle="steps-post", color=FAILED.colour, linewidth=1.2, linestyle="--", zorder=4
    )
    least = min(moments, key=lambda moment: moment.seen_cents)
    if least.in_transit_cents:
        late = least.at_s > 0.6 * ends_s
        panel.annotate(
            f"{least.in_transit_cents / 100:,.2f} in neither account", (least.at_s, least.seen_cents / 100),
            (4 if late else -4, -5), textcoords="offset points", ha="right" if late else "left", va="top",
            fontsize=7.5, color=INK, bbox=HALO, zorder=5,
        )  # fmt: skip


def describe_in_between(runs: Mapping[str, Sequence[Moment]]) -> str:
    """For each: at how many moments not all of the money is to be seen, how little, and whether it is counted."""
    sentences = []
    for label, moments in runs.items():
        total = moments[0].counted_cents
        missing = [moment for moment in moments if moment.seen_cents != total]
        if not missing:
            sentences.append(
                f"{label}: at all {counted(len(moments), 'moment')} both accounts hold {total / 100:,.2f}."
            )
            continue
        least = min(missing, key=lambda moment: moment.seen_cents)
        whole = all(moment.counted_cents == total for moment in moments)
        sentences.append(
            f"{label}: at {len(missing)} of {counted(len(moments), 'moment')} both accounts hold less than "
            f"{total / 100:,.2f}, at the least {least.seen_cents / 100:,.2f} at {clock(least.at_s)}; with what is in "
            f"transit it is {'always all of it' if whole else 'not all of it either'}."
        )
    return " ".join(sentences)
