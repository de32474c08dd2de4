"""One saga from its first step to its end: what was done, what was undone, and what nobody knew meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .faults import fault_spans, in_words, shade
from .saga_marks import draw_lane, draw_pivot, draw_state
from .saga_story import Lane, SagaStory, tell
from .saga_world import draw_world, world_in_words, world_of
from .style import INK, house_style, one_panel
from .subject import RunLike, clock, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 4.5)


def draw_saga_lanes(
    run: RunLike,
    *,
    saga: str | None = None,
    pivot: str | None = None,
    steps: Mapping[str, str] | None = None,
    window_s: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A lane for each step: its tries on the upper half, its undoing, hatched, on the lower half.

    Below them a strip for the saga's own state, and where somebody watched the books one for the laws: which of
    them did not hold meanwhile.

    Without *saga*, one that was undone during a fault. *pivot* names the step
    after which nothing is undone, and *steps* all lanes with their services, where the history does not tell
    them; *window_s* the time axis, where two pictures are to be compared.
    """
    story = tell(run, saga, pivot, steps)
    world = world_of(run, story)
    with house_style():
        ax = one_panel(ax, _SIZE_IN)
        _frame(ax, story, window_s, ["saga", "laws"] if world else ["saga"])
        shade([ax], fault_spans(run), label_on=ax)
        for row, lane in enumerate(story.lanes):
            draw_lane(ax, row, lane, story)
        draw_pivot(ax, story)
        draw_state(ax, len(story.lanes), story)
        draw_world(ax, len(story.lanes) + 1, world)
    return ax


def _frame(ax: Axes, story: SagaStory, window_s: tuple[float, float] | None, strips: list[str]) -> None:
    """Lanes from the top down in the order of the steps, time to the right, room for labels at the end."""
    span = max(story.ended_s - story.began_s, 1e-3)
    ax.set_xlim(window_s or (story.began_s - 0.03 * span, story.ended_s + 0.25 * span))
    rows, last = len(story.lanes), len(story.lanes) + len(strips) - 1
    ax.set_ylim(last + 0.62, -0.95)
    ax.set_yticks(range(last + 1), [*(_lane_name(lane) for lane in story.lanes), *strips])
    ax.tick_params(axis="y", length=0)
    for row in range(last + 1):
        ax.axhline(row + 0.5, color="#d9d9d9", linewidth=0.8, zorder=0.5)
    for row in range(rows):
        ax.axhline(row, color="#ececec", linewidth=0.6, zorder=0.5)
    ax.set_xlabel("seconds since the run began   ·   upper half of a lane: done, lower half, hatched: undone")
    ax.set_title(f"Saga {story.saga} ({story.definition}): {story.state}", color=INK)
    ax.spines["left"].set_visible(False)


def _lane_name(lane: Lane) -> str:
    return f"{lane.step}\n{lane.service}" if lane.service and lane.service != lane.step else lane.step


def describe_saga_lanes(
    run: RunLike,
    *,
    saga: str | None = None,
    pivot: str | None = None,
    steps: Mapping[str, str] | None = None,
    window_s: tuple[float, float] | None = None,
) -> str:
    """What the lanes show, in sentences: the steps, the doubts, the undoing, the end. Of all of it, in any window."""
    story = tell(run, saga, pivot, steps)
    sentences = [
        f"Saga {story.saga} ({story.definition}) began at {clock(story.began_s)} and was {story.state} "
        f"at {clock(story.ended_s)}, {clock(story.ended_s - story.began_s)} later.",
        _forward(story),
        *_doubts(story),
        *_backward(story),
        *_helped(story),
        *world_in_words(world_of(run, story)),
    ]
    during = [span for span in fault_spans(run) if span.overlaps(story.began_s, story.ended_s)]
    return " ".join([*sentences, in_words(during)])


def _forward(story: SagaStory) -> str:
    reached = [lane for lane in story.lanes if lane.of("forward")]
    done = [lane.step for lane in reached if any(tried.outcome == "ok" for tried in lane.of("forward"))]
    text = f"{len(done)} of {counted(len(story.lanes), 'step')} succeeded ({', '.join(done) or 'none'})"
    for lane in reached:
        if lane.step not in done:
            tries = lane.of("forward")
            because = f" ({tries[-1].detail})" if tries[-1].detail else ""
            text += f"; {lane.step} did not, in {counted(len(tries), 'attempt')}{because}"
    return text + "."


def _doubts(story: SagaStory) -> list[str]:
    sentences = []
    for lane in story.lanes:
        if doubt := lane.in_doubt:
            sentences.append(f"{lane.step} was in doubt for {clock(doubt[1] - doubt[0])}.")
    return sentences


def _helped(story: SagaStory) -> list[str]:
    """Who else had a hand in it: later drivers, and people."""
    sentences = []
    if story.taken_up:
        sentences.append(f"Another driver took it up at {', '.join(map(clock, story.taken_up))}.")
    for lane in story.lanes:
        sentences += [f"{lane.step} was {words} at {clock(at)}." for at, words in lane.passed_over]
    stuck = [phase.began_s for phase in story.phases if phase.state == "stuck"]
    if stuck:
        sentences.append(f"It was stuck from {clock(stuck[0])} on.")
    if story.hands:
        sentences.append(f"By hand it was {', '.join(f'{how} at {clock(at)}' for at, how in story.hands)}.")
    return sentences


def _backward(story: SagaStory) -> list[str]:
    tried = sorted(
        (min(attempt.began_s for attempt in lane.of("backward")), lane) for lane in story.lanes if lane.of("backward")
    )
    parts = []
    for _, lane in tried:
        attempts = lane.of("backward")
        done = attempts[-1].outcome == "ok"
        how = f"at {clock(attempts[-1].ended_s)}" if done else "not yet"
        parts.append(f"{lane.step} {how} in {counted(len(attempts), 'attempt')}")
    return [f"Undone, last step first: {'; '.join(parts)}."] if parts else []
