"""A circuit breaker against the truth: what it believed, what it let through, what it counted, what was really so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import breaker_marks as marks
from .breaker_story import BreakerStory, tell, window_of_interest
from .faults import FaultSpan, in_words, shade
from .style import house_style, stacked_panels
from .subject import RunLike, clock, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 4.5)


def draw_breaker_strip(
    run: RunLike,
    *,
    breaker: str | None = None,
    threshold: float | None = None,
    window_s: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Three panels on one time axis: states with their reasons, calls by outcome, the rates that it counted.

    The faults of the run are shaded behind all three: the gap between them and
    the states is what the breaker costs and saves. Without *breaker*, the one
    that changed most; without *window_s*, the faults and transitions with some
    calm around them. *threshold* where no reason in the history states it.
    Returns the first panel; *ax*, when given, is divided into the three.
    """
    story = tell(run, breaker, threshold)
    with house_style():
        panels = stacked_panels(ax, _SIZE_IN, (1.35, 1.6, 1.05))
        panels[0].set_xlim(*(window_s or window_of_interest(story)))
        shade(panels, story.faults, label_on=panels[1])
        marks.draw_states(panels[0], story)
        marks.draw_calls(panels[1], story)
        marks.draw_rate(panels[2], story)
        panels[0].set_title(f"Circuit breaker {story.breaker}")
        panels[2].set_xlabel("seconds since the run began")
    return panels[0]


def describe_breaker_strip(
    run: RunLike,
    *,
    breaker: str | None = None,
    threshold: float | None = None,
    window_s: tuple[float, float] | None = None,
) -> str:
    """What the strip shows, in sentences: each turn with its time and reason, the calls, the lag behind the fault."""
    story = tell(run, breaker, threshold)
    left, right = window_s or window_of_interest(story)
    return " ".join(
        [
            f"Circuit breaker {story.breaker} from {clock(left)} to {clock(right)}.",
            in_words([span for span in story.faults if span.overlaps(left, right)]),
            _turns(story),
            *_lags(story),
            _calls(story, left, right),
            *_slow(story, left, right),
        ]
    )


def _turns(story: BreakerStory) -> str:
    if not story.transitions:
        return f"It stayed {story.stretches[0].state}."
    opened = [stretch for stretch in story.transitions if stretch.state == "open"]
    parts = [f"{stretch.state} at {clock(stretch.began_s)} ({stretch.reason})" for stretch in story.transitions]
    shown = parts if len(parts) <= 12 else [*parts[:6], f"{len(parts) - 9} more", *parts[-3:]]
    return f"It opened {counted(len(opened), 'time')}: {'; '.join(shown)}."


def _lags(story: BreakerStory) -> list[str]:
    """How far the breaker's belief was behind the fault, at its beginning and at its end."""
    sentences = []
    for span in story.faults:
        fault = _which(span, story)
        opened = [one.began_s for one in story.transitions if one.state == "open" and one.began_s >= span.began_s]
        if opened and opened[0] <= span.ended_s:
            sentences.append(f"It opened {clock(opened[0] - span.began_s)} after {fault} began.")
            closed = [one.began_s for one in story.transitions if one.state == "closed" and one.began_s > span.ended_s]
            if span.lifted and closed:
                sentences.append(f"It closed {clock(closed[0] - span.ended_s)} after {fault} ended.")
    return sentences


def _which(span: FaultSpan, story: BreakerStory) -> str:
    """How to speak of *span*: there may be others, of its kind and on the same links as well."""
    if len(story.faults) == 1:
        return "the fault"
    if [other.fault for other in story.faults].count(span.fault) == 1:
        return f"the {span.fault}"
    return f"the {span.fault} of {clock(span.began_s)}"


def _slow(story: BreakerStory, left: float, right: float) -> list[str]:
    rates = [rate for at, rate in story.slow if rate is not None and left <= at <= right]
    return [f"At most {max(rates) * 100:.0f} % of the calls it counted were slow."] if rates else []


def _calls(story: BreakerStory, left: float, right: float) -> str:
    tally: dict[str, int] = dict.fromkeys(("ok", "refused", "failed", "unavailable", "unknown", "rejected"), 0)
    for call in story.calls:
        if left <= call.at_s <= right:
            tally[call.outcome] = tally.get(call.outcome, 0) + 1
    shown = ", ".join(f"{number} {outcome}" for outcome, number in tally.items() if number)
    before, of_several, _ = story.breaker.partition("→")[0].partition("/")
    whose = f" of all that {before} has" if of_several and "→" in story.breaker else ""
    calls = counted(sum(tally.values()), "call")
    return f"Of {calls}{whose} in that time: {shown}." if shown else "No calls in that time."
