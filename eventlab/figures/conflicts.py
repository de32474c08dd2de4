"""Attempts, conflicts, and the append that won: who read which version, and who came too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .conflicts_marks import Placed, draw_row, draw_winners
from .conflicts_story import Attempt, ConflictStory, Row, rows, tell
from .style import FAILED, INK, OK, PALE_INK, house_style, stacked_panels
from .subject import RunLike, counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS_MAX = 12
"""Writers that fit below one another; of more, those are shown who won, and then those who lost most."""

WINDOW_ATTEMPTS = 20
"""Of how many of the last attempts the conflict rate is the share."""

_SHOWN_ATTEMPTS = 24
_STREAMS_MAX = 3
_HEADER = 0.75
_DASHES = ("-", "--", ":")


def draw_conflicts(
    run: RunLike,
    *,
    streams: Sequence[str] = (),
    window_s: tuple[float, float] | None = None,
    versions: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A lane for each stream, a row for each writer; above, the versions, below, the conflict rate.

    Without *streams*, those that met the most conflicts; without *window_s*, the whole run, or of a
    long one the time around its densest conflicts. Drawn is what acted in that time. *versions* are
    the lowest and the highest that the axis shows, so that pictures can be compared.
    Raises LookupError for a run without attempts.
    """
    story, chosen, window = _view(run, streams, window_s)
    every = rows(story, chosen, window)
    shown = _most_telling(every)
    with house_style():
        height = min(4.5, max(3.0, 1.9 + 0.3 * len(shown) + 0.2 * len(chosen)))
        main = 1.5 + 0.75 * len(shown)
        above, middle, below = stacked_panels(ax, (8.0, height), (1.6, main, 1.4))
        above.set_xlim(window[0] - 0.02 * (window[1] - window[0]), window[1] + 0.20 * (window[1] - window[0]))
        _staircase(above, story, chosen, window, versions)
        placed = _lanes(middle, shown, chosen)
        draw_winners(middle, placed, story)
        for one in placed:
            draw_row(middle, one, story)
        _rate(below, story, chosen, window)
        above.set_title(_title(story, chosen, window) + _left_out(every, shown, " · {} drawn"), color=INK)
        below.set_xlabel("seconds since the run began")
    return middle


def describe_conflicts(
    run: RunLike,
    *,
    streams: Sequence[str] = (),
    window_s: tuple[float, float] | None = None,
    versions: tuple[int, int] | None = None,
) -> str:
    """What the figure shows, in sentences: the attempts and their ends, the first conflict, what was never seen.

    The counts are of all that acted in that time; what is told of single attempts is told of those that are drawn.
    """
    story, chosen, window = _view(run, streams, window_s)
    attempts = _attempts_in(story, chosen, window)
    every = rows(story, chosen, window)
    shown = _most_telling(every)
    writers = sorted({attempt.writer for attempt in attempts})
    sentences = [
        f"{counted(len(attempts), 'attempt').capitalize()} by {counted(len(writers), 'writer')} on "
        f"{' and '.join(chosen)}, from {_s(window[0])} to {_s(window[1])} s: {_ends(attempts)}.",
        *([f"{left_out} are drawn."] if (left_out := _left_out(every, shown)) else []),
        *_told(story, attempts, chosen, shown),
    ]
    for stream in chosen:
        began, ended = story.version_before(stream, window[0]), story.version(stream, window[1])
        went = f"stayed at version {ended}" if began == ended else f"went from version {began} to {ended}"
        sentences.append(f"{stream} {went}.")
    return " ".join(sentences)


def _view(
    run: RunLike, streams: Sequence[str], window_s: tuple[float, float] | None
) -> tuple[ConflictStory, tuple[str, ...], tuple[float, float]]:
    """The story, and which part of it is shown. A stream that nobody attempted is a LookupError."""
    story = tell(run)
    unknown = [stream for stream in streams if stream not in story.streams]
    if unknown:
        raise LookupError(f"no attempt read {', '.join(unknown)}; there are {', '.join(story.streams[:8])}")
    chosen = tuple(streams) or _contested(story)
    here = [attempt for attempt in story.attempts if any(attempt.read(stream) is not None for stream in chosen)]
    return story, chosen, window_s or _window(here)


def around_break(run: RunLike, at_s: float | None = None) -> dict[str, Any]:
    """Options that show an append which rested on what had passed: the one at *at_s*, or else the first.

    Empty, if there is no such append: then nothing broke without a conflict.
    """
    story = tell(run)
    for attempt in story.attempts:
        unseen = [key for stream, _ in attempt.reads for key in story.unseen(attempt, stream)]
        if unseen and (at_s is None or abs(attempt.acted_s - at_s) < 1e-6):
            over = {id(story.by_version[key]) for key in unseen}
            others = [one for one in story.attempts if id(one.append) in over]
            began = min(one.began_s for one in (attempt, *others))
            air = max(attempt.acted_s - began, 1e-3)
            streams = sorted(stream for stream, _ in attempt.reads)[:_STREAMS_MAX]
            return {"streams": streams, "window_s": (max(0.0, began - air), attempt.acted_s + air)}
    return {}


def _contested(story: ConflictStory) -> tuple[str, ...]:
    """The streams with the most conflicts; they stay in one order whatever their number of conflicts."""
    met = Counter(stream for attempt in story.attempts for stream, *_ in attempt.conflicts)
    read = Counter(stream for attempt in story.attempts for stream, _ in attempt.reads)
    busiest = sorted(story.streams, key=lambda stream: (-met[stream], -read[stream], stream))
    return tuple(sorted(busiest[:_STREAMS_MAX] if len(story.streams) <= _STREAMS_MAX else busiest[:1]))


def _window(attempts: Sequence[Attempt]) -> tuple[float, float]:
    """All of it, or the stretch of so many attempts with the most conflicts."""
    inorder = sorted(attempts, key=lambda attempt: attempt.began_s)
    if len(inorder) <= _SHOWN_ATTEMPTS:
        part: Sequence[Attempt] = inorder
    else:
        starts = range(len(inorder) - _SHOWN_ATTEMPTS + 1)
        lost = [attempt.outcome == "conflict" for attempt in inorder]
        best = max(starts, key=lambda start: (sum(lost[start : start + _SHOWN_ATTEMPTS]), -start))
        part = inorder[best : best + _SHOWN_ATTEMPTS]
    began, ended = min(attempt.began_s for attempt in part), max(attempt.ended_s for attempt in part)
    return began, max(ended, began + 1e-3)


def _most_telling(found: Sequence[Row]) -> list[Row]:
    """All of them, or those who won something, and then those who lost most."""
    won = [any(attempt.append for attempt in row.attempts) or bool(row.alone) for row in found]
    lost = [sum(attempt.outcome == "conflict" for attempt in row.attempts) for row in found]
    kept = sorted(range(len(found)), key=lambda at: (not won[at], -lost[at], at))[:ROWS_MAX]
    return [found[at] for at in sorted(kept)]


def _left_out(every: Sequence[Row], shown: Sequence[Row], form: str = "{}") -> str:
    """How many writers are drawn, where that is not everybody."""
    here, there = ({row.writer for row in part} for part in (shown, every))
    if len(shown) == len(every):
        return ""
    return form.format(f"{len(here)} of {counted(len(there), 'writer')}")


def _attempts_in(story: ConflictStory, streams: Sequence[str], window_s: tuple[float, float]) -> list[Attempt]:
    return [
        attempt
        for attempt in story.attempts
        if window_s[0] <= attempt.acted_s <= window_s[1] and any(attempt.read(stream) is not None for stream in streams)
    ]


def _lanes(ax: Axes, shown: Sequence[Row], streams: Sequence[str]) -> list[Placed]:
    """Where each row stands. A lane begins with its stream's name, on a line of its own."""
    placed: list[Placed] = []
    y, left = 0.0, ax.get_xlim()[0]
    for stream in streams:
        ax.axhline(y - 0.5, color="#d9d9d9", linewidth=0.8, zorder=0.5)
        ax.text(left, y - 0.1, f" {stream}", fontsize=8, weight="bold", color=INK, va="center", ha="left", zorder=7)
        y += _HEADER
        for row in (row for row in shown if row.stream == stream):
            placed.append(Placed(y, row))
            ax.axhline(y, color="#ececec", linewidth=0.6, zorder=0.5)
            y += 1
    ax.set_ylim(y - 0.4, -0.55)
    ax.set_yticks([one.y for one in placed], _names(placed))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return placed


def _names(placed: Sequence[Placed]) -> list[str]:
    """The writers; on a second row of the same one, nothing."""
    names, before = [], ("", "")
    for one in placed:
        here = (one.row.stream, one.row.writer)
        names.append("" if here == before else shortened(one.row.writer, 14))
        before = here
    return names


def _staircase(
    ax: Axes,
    story: ConflictStory,
    streams: Sequence[str],
    window_s: tuple[float, float],
    versions: tuple[int, int] | None,
) -> None:
    """The versions of the streams over time."""
    left, right = window_s
    tops: list[float] = []
    for stream, dash in zip(streams, _DASHES * len(streams), strict=False):
        inside = [(at, version) for at, version in story.steps.get(stream, ()) if left <= at <= right]
        x = [left, *(at for at, _ in inside), right]
        y = [story.version_before(stream, left), *(version for _, version in inside)]
        ax.step(x, [*y, y[-1]], where="post", color=OK.colour, linewidth=1.4, linestyle=dash, zorder=3)
        tops.append(y[-1])
    low, high = ax.get_ylim() if versions is None else (versions[0] - 0.1, versions[1] + 0.1)
    ax.set_ylim(min(low, (min(tops) if versions is None else low) - 0.5), high + 0.12 * (high - low))
    _label_ends(ax, list(zip(streams, tops, strict=True)))
    ax.set_ylabel("version")
    ax.locator_params(axis="y", integer=True, nbins=4)


def _label_ends(ax: Axes, tops: Sequence[tuple[str, float]]) -> None:
    """The name of each line at its end; those that end together share one label."""
    by_height: dict[float, list[str]] = {}
    for stream, top in tops:
        by_height.setdefault(top, []).append(stream)
    for top, names in by_height.items():
        ax.text(
            1.005, top, shortened(", ".join(names), 26), transform=ax.get_yaxis_transform(), fontsize=7, va="center"
        )


def _rate(ax: Axes, story: ConflictStory, streams: Sequence[str], window_s: tuple[float, float]) -> None:
    """Of the last attempts that acted, the share that met a conflict."""
    ended = sorted(
        (attempt.acted_s, attempt.outcome == "conflict")
        for attempt in story.attempts
        if any(attempt.read(stream) is not None for stream in streams)
    )
    x, y, right = [], [], window_s[1]
    for number, (at, _) in enumerate(ended, start=1):
        last = [lost for _, lost in ended[max(0, number - WINDOW_ATTEMPTS) : number]]
        if at <= right:
            x.append(at)
            y.append(sum(last) / len(last))
    ax.step([*x, right], [*y, y[-1] if y else 0], where="post", color=FAILED.colour, linewidth=1.4, zorder=3)
    ax.plot(x, y, linestyle="", marker=".", markersize=3.5, color=INK, zorder=4)
    ax.set_ylim(-0.06, 1.08)
    ax.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    ax.set_ylabel("conflicts")
    share_of = f"of the last {WINDOW_ATTEMPTS}\nattempts" if len(ended) > WINDOW_ATTEMPTS else "of all attempts\nso far"
    ax.text(
        1.005, 0.5, share_of,
        transform=ax.get_yaxis_transform(), fontsize=7, va="center", color=PALE_INK,
    )  # fmt: skip


def _title(story: ConflictStory, streams: Sequence[str], window_s: tuple[float, float]) -> str:
    attempts = _attempts_in(story, streams, window_s)
    return f"{counted(len(attempts), 'attempt')}: {_ends(attempts)}"


def _ends(attempts: Sequence[Attempt]) -> str:
    count = Counter(attempt.outcome for attempt in attempts)
    parts = [f"{count['written']} written", counted(count["conflict"], "conflict"), f"{count['refused']} refused"]
    return ", ".join([*parts, *([f"{count['unchanged']} unchanged"] if count["unchanged"] else [])])


def _told(story: ConflictStory, attempts: Sequence[Attempt], streams: Sequence[str], shown: Sequence[Row]) -> list[str]:
    """The first conflict that is drawn, and the first drawn append that rested on what had passed."""
    sentences = []
    drawn = {id(attempt) for row in shown for attempt in row.attempts}
    appends = {id(one) for row in shown for one in (*row.alone, *(attempt.append for attempt in row.attempts))}
    met = next((attempt for attempt in attempts if attempt.conflicts and id(attempt) in drawn), None)
    if met is not None:
        stream, expected, found = met.conflicts[0]
        won = story.winner(stream, expected)
        by = f"; {won.writer} had won at {_s(won.at_s)} s" if won and id(won) in appends else ""
        sentences.append(
            f"First conflict: {met.writer} read {stream} at version {met.read(stream)} and at {_s(met.ended_s)} s "
            f"expected {expected}, found {found}{by}."
        )
    blind = [(attempt, stream) for attempt in attempts for stream in streams if story.unseen(attempt, stream)]
    first = next((one for one in blind if id(one[0]) in drawn), None)
    if first:
        attempt, stream = first
        sentences.append(
            f"{counted(len(blind), 'append').capitalize()} rested on what had passed: {attempt.writer} appended at "
            f"{_s(attempt.acted_s)} s, having read version {attempt.read(stream)} of {stream}, and had not seen "
            f"version {story.unseen(attempt, stream)[0][1]}."
        )
    return sentences


def _s(seconds: float) -> str:
    """A moment to the millisecond: conflicts are a matter of milliseconds."""
    return f"{seconds:.3f}"
