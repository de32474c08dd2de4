"""Who read what, who appended what, and who came too late: a history of attempts. Nothing is drawn here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eventlab.history import of_kind
from eventlab.hooks import CommandAttempted, EventsAppended

from .subject import RunLike

Version = tuple[str, int]
"""A stream and one of its versions."""

_SAME_MOMENT_S = 1e-6


class Append(NamedTuple):
    """One atomic append: the last version that it gave each of its streams."""

    at_s: float
    writer: str
    versions: tuple[Version, ...]


class Attempt(NamedTuple):
    """One attempt of a command, from its reading to its end: ``written``, ``unchanged``, ``conflict``, ``refused``.

    *append* is the one that it made; *conflicts* are ``(stream, expected, found)``.
    """

    writer: str
    command: str
    number: int
    began_s: float
    ended_s: float
    outcome: str
    reads: tuple[Version, ...]
    conflicts: tuple[tuple[str, int | str, int], ...]
    backoff_s: float | None
    append: Append | None

    @property
    def acted_s(self) -> float:
        """When it appended, or learned that it could not."""
        return self.append.at_s if self.append else self.ended_s

    def read(self, stream: str) -> int | None:
        return dict(self.reads).get(stream)

    def wrote(self, stream: str) -> int | None:
        return dict(self.append.versions).get(stream) if self.append else None


class ConflictStory(NamedTuple):
    """All that the figure shows. *by_version* finds the append that gave a stream its version; *first* are the
    versions before the history began."""

    attempts: tuple[Attempt, ...]
    appends: tuple[Append, ...]
    streams: tuple[str, ...]
    steps: dict[str, tuple[tuple[float, int], ...]]
    by_version: dict[Version, Append]
    first: dict[str, int]

    def version(self, stream: str, at_s: float) -> int:
        """The stream's version at a moment."""
        return max((version for at, version in self.steps.get(stream, ()) if at <= at_s), default=self.first[stream])

    def version_before(self, stream: str, at_s: float) -> int:
        """The stream's version just before a moment."""
        return max((version for at, version in self.steps.get(stream, ()) if at < at_s), default=self.first[stream])

    def winner(self, stream: str, expected: int | str) -> Append | None:
        """The append that made *expected* stale: the first one after what was read."""
        return self.by_version.get((stream, expected + 1 if isinstance(expected, int) else 1))

    def unseen(self, attempt: Attempt, stream: str) -> tuple[Version, ...]:
        """What others wrote to a stream between its reading there and its append, there or elsewhere."""
        read = attempt.read(stream)
        if read is None or attempt.append is None:
            return ()
        wrote = attempt.wrote(stream)
        last = self.version(stream, attempt.acted_s) if wrote is None else wrote - 1
        between = ((stream, version) for version in range(read + 1, last + 1))
        return tuple(key for key in between if self.by_version.get(key, attempt.append) != attempt.append)


def tell(run: RunLike) -> ConflictStory:
    """The attempts of the run. Raises LookupError when it has none."""
    appends, by_version, steps = _appends(run)
    attempts = tuple(_attempts(run, appends))
    if not attempts:
        raise LookupError("no command was attempted in this run")
    first: dict[str, int] = {stream: version for attempt in reversed(attempts) for stream, version in attempt.reads}
    for stream, version in by_version:
        first[stream] = min(first.get(stream, version - 1), version - 1)
    streams = sorted({stream for attempt in attempts for stream, _ in attempt.reads})
    lines = {stream: tuple(line) for stream, line in steps.items()}
    return ConflictStory(attempts, tuple(appends), tuple(streams), lines, by_version, first)


def _appends(run: RunLike) -> tuple[list[Append], dict[Version, Append], dict[str, list[tuple[float, int]]]]:
    appends: list[Append] = []
    by_version: dict[Version, Append] = {}
    steps: dict[str, list[tuple[float, int]]] = {}
    for entry, what in of_kind(run.entries, EventsAppended):
        last = {stream: version for stream, version, _ in what.events}
        append = Append(entry.at, entry.node, tuple(last.items()))
        appends.append(append)
        by_version.update({(stream, version): append for stream, version, _ in what.events})
        for stream, version in last.items():
            steps.setdefault(stream, []).append((entry.at, version))
    return appends, by_version, steps


def _attempts(run: RunLike, appends: Sequence[Append]) -> Iterable[Attempt]:
    """Each attempt with the append that it made: the first unclaimed one on its node, in its time, to what it read."""
    unclaimed: dict[str, list[Append]] = {}
    for append in appends:
        unclaimed.setdefault(append.writer, []).append(append)
    for entry, what in of_kind(run.entries, CommandAttempted):
        began_s, mine = entry.at - what.duration_s, None
        if what.outcome == "written":
            streams = {stream for stream, _ in what.streams}
            for append in unclaimed.get(entry.node, []):
                in_time = began_s - _SAME_MOMENT_S <= append.at_s <= entry.at + _SAME_MOMENT_S
                if in_time and streams.issuperset(stream for stream, _ in append.versions):
                    mine = append
                    unclaimed[entry.node].remove(append)
                    break
        yield Attempt(
            entry.node, what.command, what.attempt, began_s, entry.at, what.outcome, what.streams, what.conflicts,
            what.backoff_s, mine,
        )  # fmt: skip


class Row(NamedTuple):
    """One writer's line in a stream's lane: what it attempted there, in order of time, nothing overlapping."""

    stream: str
    writer: str
    attempts: tuple[Attempt, ...]
    alone: tuple[Append, ...] = ()
    """Appends of this writer that belong to no attempt."""


def rows(story: ConflictStory, streams: Sequence[str], window_s: tuple[float, float]) -> list[Row]:
    """The rows of *streams*, in their order; a writer that attempts several things at once gets several.

    An attempt belongs to the window in which it acted: so the appends there are those that the versions count.
    """
    began, ended = window_s
    claimed = {id(attempt.append) for attempt in story.attempts if attempt.append}
    found = []
    for stream in streams:
        here = [
            attempt
            for attempt in story.attempts
            if attempt.read(stream) is not None and began <= attempt.acted_s <= ended
        ]
        stray = [
            append
            for append in story.appends
            if id(append) not in claimed and stream in dict(append.versions) and began <= append.at_s <= ended
        ]
        writers = sorted({one.writer for one in here} | {one.writer for one in stray}, key=_with_numbers)
        for writer in writers:
            alone = tuple(append for append in stray if append.writer == writer)
            lines = _apart([attempt for attempt in here if attempt.writer == writer]) or [[]]
            found += [Row(stream, writer, tuple(line), () if number else alone) for number, line in enumerate(lines)]
    return found


def _with_numbers(name: str) -> list[tuple[int, str]]:
    """So that ``client-2`` comes before ``client-10``."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _apart(attempts: Sequence[Attempt]) -> list[list[Attempt]]:
    """Lines on which nothing overlaps; a next attempt stands on the line of the one that it follows."""
    lines: list[list[Attempt]] = []
    for attempt in sorted(attempts, key=lambda one: (one.began_s, one.ended_s)):
        for line in [line for line in lines if follows(line[-1], attempt)] or lines:
            if line[-1].ended_s + (line[-1].backoff_s or 0) <= attempt.began_s + _SAME_MOMENT_S:
                line.append(attempt)
                break
        else:
            lines.append([attempt])
    return lines


def follows(before: Attempt, after: Attempt) -> bool:
    """Whether *after* is the next attempt of the command of *before*, once its pause was over."""
    due_s = before.ended_s + (before.backoff_s or 0)
    return (
        before.outcome == "conflict"
        and (before.command, before.number + 1) == (after.command, after.number)
        and abs(due_s - after.began_s) < _SAME_MOMENT_S
    )
