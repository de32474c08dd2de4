"""One trace: who worked on it when, what lay waiting, and what its end was waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .style import INK, house_style, one_panel
from .subject import RunLike, clock, counted
from .trace_marks import draw_bars, draw_path, rows_of
from .trace_path import Stretch, critical_path, shares
from .trace_spans import Bar, bars_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN = 8.0
_SHOWN_MAX = 4


class TraceStory(NamedTuple):
    """All that the figure shows."""

    name: str
    was_traced: bool
    bars: list[Bar]
    path: list[Stretch]

    @property
    def began_s(self) -> float:
        return self.bars[0].began_s

    @property
    def ended_s(self) -> float:
        return max([self.bars[0].ended_s, *(stretch.ended_s for stretch in self.path)])

    @property
    def shown(self) -> list[Bar]:
        """All but the commands of a service's work: they fill it, and would say the same twice."""
        work = {bar.id for bar in self.bars if bar.kind == "work"}
        return [bar for bar in self.bars if bar.kind != "command" or bar.parent not in work]

    @property
    def services(self) -> list[str]:
        """In the order in which the trace came to them."""
        return list(dict.fromkeys(bar.service for bar in self.bars))


def tell(run: RunLike, trace: str | None) -> TraceStory:
    """The story of *trace*. Raises LookupError when the run does not know it, or has none."""
    name, was_traced, bars = bars_of(run, trace)
    path = critical_path(bars)
    return TraceStory(name, was_traced, bars, path)


def draw_trace(
    run: RunLike, *, trace: str | None = None, window_s: tuple[float, float] | None = None, ax: Axes | None = None
) -> Axes:
    """A lane for each service, a bar for each piece of work, hatched before it while its message lay waiting.

    The thick line is the critical path. *run* is any run; one that was traced (see `eventlab.telemetry.tracing`), or a
    `TraceLog`, also shows what services did inside, where another shows a saga, its steps and its calls. *trace* is the
    id of a trace or of a saga; without it, one with a saga that has most to show. *window_s* is the time axis.
    """
    story = tell(run, trace)
    with house_style():
        shown = story.shown
        rows = rows_of(shown)
        ax = one_panel(ax, (_WIDTH_IN, min(max(1.3 + 0.3 * (max(rows.values()) + 1), 3.0), 4.5)))
        _frame(ax, story, rows, window_s)
        draw_bars(ax, shown, rows)
        draw_path(ax, story.path, rows)
    return ax


def _frame(ax: Axes, story: TraceStory, rows: dict[str, int], window_s: tuple[float, float] | None) -> None:
    span = max(story.ended_s - story.began_s, 1e-6)
    ax.set_xlim(window_s or (story.began_s - 0.01 * span, story.began_s + 1.02 * span))
    ax.set_ylim(max(rows.values()) + 1.0, -0.6)
    lanes: dict[str, list[int]] = {}
    for bar in story.shown:
        lanes.setdefault(bar.service, []).append(rows[bar.id])
    ax.set_yticks([(min(lane) + max(lane)) / 2 for lane in lanes.values()], list(lanes))
    ax.tick_params(axis="y", length=0)
    for lane in lanes.values():
        ax.axhline(max(lane) + 0.6, color="#d9d9d9", linewidth=0.8, zorder=0.5)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("seconds since the run began   ·   thick line: what the end waited for, hatched: lay waiting")
    ax.set_title(f"{_title(story)}: {clock(story.ended_s - story.began_s)}", color=INK)


def _title(story: TraceStory) -> str:
    return f"Trace {story.name[:8]}" if story.was_traced else f"Saga {story.name}, as far as its history tells"


def describe_trace(run: RunLike, *, trace: str | None = None, window_s: tuple[float, float] | None = None) -> str:
    """What the figure shows, in sentences: how long, over whom, what went wrong, and what the end waited for."""
    story = tell(run, trace)
    total_s = story.ended_s - story.began_s
    calls = [bar for bar in story.bars if bar.kind == "call"]
    bad = [bar for bar in calls if bar.outcome in ("failed", "unknown")]
    return " ".join(
        [
            f"{_title(story)}: {story.bars[0].name} took {clock(total_s)}, from {clock(story.began_s)} on, "
            f"in {counted(len(story.bars), 'span')} over {counted(len(story.services), 'service')} "
            f"({', '.join(story.services)}).",
            *_sagas(story),
            f"Of {counted(len(calls), 'call')} {len(bad) or 'none'} failed or had no answer.",
            *_waits(story),
            _critical(story, total_s),
        ]
    )


def _sagas(story: TraceStory) -> list[str]:
    steps = [bar for bar in story.bars if bar.kind == "step"]
    if not steps:
        return []
    undone = sum(bar.outcome == "undone" for bar in steps)
    return [f"Its saga took {counted(len(steps) - undone, 'step')} and undid {undone}."]


def _waits(story: TraceStory) -> list[str]:
    waits = [(bar.waited_s, bar.name) for bar in story.bars if bar.waited_s > 0]
    waits += [(until - since, bar.name) for bar in story.bars for since, until in bar.queued]
    if not waits:
        return []
    longest_s, name = max(waits)
    return [f"Work had to wait {counted(len(waits), 'time')}, for {clock(longest_s)} at the longest ({name})."]


def _critical(story: TraceStory, total_s: float) -> str:
    every = shares(story.path)
    if not every or total_s <= 0:
        return "It took no time, so that nothing was waited for: 0.00 s."
    parts = [f"{name} {clock(length_s)} ({length_s / total_s:.0%})" for name, length_s in every[:_SHOWN_MAX]]
    rest_s = sum(length_s for _, length_s in every[_SHOWN_MAX:])
    if rest_s > 0:
        parts.append(f"everything else {clock(rest_s)} ({rest_s / total_s:.0%})")
    return f"What its end waited for: {'; '.join(parts)}."
