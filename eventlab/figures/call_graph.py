"""The calls between services: who calls whom, how the attempts ended, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventlab.simulation import CallEdge

from .call_marks import draw_services
from .call_story import ENDS, CallStory, call_story, ended
from .style import FAILED, INK, OK, OUTAGE, REFUSED, UNKNOWN, Role, house_style, one_panel, tint
from .subject import RunLike, clock, counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 3.8)
_ROLES: dict[str, Role] = {
    "ok": OK, "refused": REFUSED, "not reached": OUTAGE, "unknown": UNKNOWN, "failed": FAILED,
    "under way": REFUSED,
}  # fmt: skip
_HATCHES = {"refused": "||||", "not reached": "\\\\\\\\", "unknown": "++++", "failed": "xx", "under way": ".."}
_ROWS_MAX = 8


def draw_call_graph(run: RunLike, *, ax: Axes | None = None) -> Axes:
    """Left: services with an arrow for each pair, as wide as it is busy. Right: how the attempts of each pair ended.

    The numbers join them; an arrow is dashed where more than one attempt in a hundred brought
    neither an answer nor a refusal. Returns the left panel; *ax*, when given, is divided into the two.
    """
    story = call_story(run)
    with house_style():
        services, ends = _side_by_side(ax)
        services.set_title("Calls between services")
        shown = story.edges[:_ROWS_MAX]
        draw_services(services, story, shown)
        _draw_ends(ends, story, shown)
    return services


def _side_by_side(ax: Axes | None) -> tuple[Axes, Axes]:
    ax = one_panel(ax, _SIZE_IN)
    figure, place = ax.get_figure(), ax.get_subplotspec()
    if figure is None or place is None:
        raise TypeError("these axes have no place in a grid to be divided; make them with subplots()")
    ax.remove()
    grid = place.subgridspec(1, 2, width_ratios=[1.0, 1.25], wspace=0.03)
    return figure.add_subplot(grid[0]), figure.add_subplot(grid[1])


def _draw_ends(ax: Axes, story: CallStory, shown: Sequence[CallEdge]) -> None:
    """A bar of the shares for each pair, with what it means above it."""
    if not shown:
        ax.set_axis_off()
        return
    used: dict[str, None] = {}
    for row, edge in enumerate(shown):
        left = 0.0
        for word, count in ended(edge).items():
            share = 100 * count / edge.attempts
            role = _ROLES[word]
            ax.barh(
                row + 0.2, share, left=left, height=0.3, facecolor=OK.colour if word == "ok" else tint(role),
                hatch=_HATCHES.get(word, ""), edgecolor="white" if word == "ok" else role.edge, linewidth=0.5,
            )  # fmt: skip
            left += share
            used[word] = None
        ax.text(0, row - 0.02, _row_text(row + 1, edge), fontsize=7.5, va="bottom", ha="left", color=INK)
    if len(story.edges) > len(shown):
        more = counted(len(story.edges) - len(shown), "more pair")
        ax.text(0, len(shown) + 0.05, f"{more} with fewer calls", fontsize=7.5, va="center", color=INK)
    ax.set_xlim(0, 100)
    ax.set_ylim(max(len(shown) + 0.2, 3.4), -0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("% of the attempts")
    _draw_legend(ax, [word for word in ENDS if word in used])


def _draw_legend(ax: Axes, words: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(
            facecolor=OK.colour if word == "ok" else tint(_ROLES[word]), hatch=_HATCHES.get(word, ""),
            edgecolor="white" if word == "ok" else _ROLES[word].edge, linewidth=0.5, label=word,
        )
        for word in words
    ]  # fmt: skip
    if patches:
        ax.legend(
            handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncol=len(patches), frameon=False,
            fontsize=7.5, borderpad=0, handlelength=1.4, columnspacing=1.2, handletextpad=0.5,
        )  # fmt: skip


def _row_text(number: int, edge: CallEdge) -> str:
    pair = f"{shortened(edge.source, 12)} → {shortened(edge.target, 12)}"
    took = f", {_took(edge, 'half', '99 %')}" if _has_ended(edge) else ""
    return f"{number}  {pair}: {counted(edge.attempts, 'attempt')}{took}"


def _has_ended(edge: CallEdge) -> bool:
    return edge.duration_s_p50 is not None


def _took(edge: CallEdge, half: str, most: str) -> str:
    assert edge.duration_s_p50 is not None and edge.duration_s_p99 is not None
    return f"{half} ≤ {_short(edge.duration_s_p50)}, {most} ≤ {_short(edge.duration_s_p99)}"


def _short(seconds: float) -> str:
    """Calls are often shorter than what other figures tell of."""
    return clock(seconds) if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def describe_call_graph(run: RunLike) -> str:
    """What the figure shows, in sentences: all pairs with their attempts, how they ended and how long they took."""
    story = call_story(run)
    if not story.edges:
        return "No service called another."
    pairs = counted(len(story.edges), "pair")
    return " ".join(
        [
            f"{pairs.capitalize()} of services, {counted(story.attempts, 'attempt')} of calls.",
            *(_sentence(edge) for edge in story.edges),
        ]
    )


def _sentence(edge: CallEdge) -> str:
    ends = ", ".join(f"{count} {word}" for word, count in ended(edge).items())
    again = f", {edge.retries} of them retries" if edge.retries else ""
    took = f"; {_took(edge, 'half took', '99 of 100')}" if _has_ended(edge) else ""
    return f"{edge.source} called {edge.target} {counted(edge.attempts, 'time')}{again}: {ends}{took}."
