"""The words that the page and the terminal share, so that both say the same about a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from eventlab.scenarios.summary import (
    COMMAND_ENDS,
    OUTCOMES,
    SELDOM,
    CallCounts,
    CommandCounts,
    FaultSpan,
    SagaCounts,
    Summary,
)


class Mark(NamedTuple):
    """An answer as a sign and a word; *tone* picks its colour, which is never the only cue."""

    sign: str
    word: str
    tone: str

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


def met(answer: bool | None) -> Mark:
    """What became of an expectation."""
    return _mark(answer, "met", "failed", "inconclusive")


def holds(answer: bool | None) -> Mark:
    """What a check says of an invariant."""
    return _mark(answer, "holds", "broken", "unknown")


def verdict_mark(verdict: str) -> Mark:
    """The run as a whole: ``met``, ``failed`` or ``inconclusive``."""
    return met({"met": True, "failed": False}.get(verdict))


def _mark(answer: bool | None, yes: str, no: str, neither: str) -> Mark:
    if answer is None:
        return Mark("?", neither, "unknown")
    return Mark("✓", yes, "good") if answer else Mark("✗", no, "bad")


def tally(answers: Iterable[bool | None], what: str, word: str) -> str:
    """``4 of 5 expectations met``; none at all says so too."""
    listed = list(answers)
    return f"{listed.count(True)} of {len(listed)} {what} {word}" if listed else f"no {what} stated"


def verdict_line(summary: Summary) -> str:
    """The verdict in one line, without its mark."""
    expected = tally((line.met for line in summary.expectations), "expectations", "met")
    held = tally((line.valid for line in summary.invariants), "invariants", "hold")
    return f"{expected}, {held}"


def has_sagas(summary: Summary) -> bool:
    """Whether the run is one of orders; a scenario without code sends requests, and has no sagas to tell of."""
    return bool(summary.orders or summary.sagas.started)


def answers_line(summary: Summary) -> str:
    """What became of everything that was asked; what nobody answered is said first, if there is any."""
    answers = summary.answers
    what = plural(answers.total, "order", "orders") if summary.orders else plural(answers.total, "request", "requests")
    parts = [f"{answers.unknown} without an answer"] if answers.unknown else []
    parts += [f"{answers.failed} turned away"] if answers.failed else []
    return f"{what}: {', '.join([*parts, f'{answers.ok} answered'])}"


def sagas_line(sagas: SagaCounts) -> str:
    helped = f"; {sagas.helped} went on by hand" if sagas.helped else ""
    seldom = "".join(f", {count} {word}" for word in SELDOM if (count := getattr(sagas, word)))
    return (
        f"{sagas.started} started: {sagas.completed} completed, {sagas.compensated} compensated, "
        f"{sagas.stuck} stuck, {sagas.unfinished} unfinished{seldom}{helped}"
    )


def retries_line(summary: Summary) -> str:
    return (
        f"{plural(summary.conflicts, 'conflict', 'conflicts')}, "
        f"{plural(summary.command_retries, 'command retry', 'command retries')}, "
        f"{plural(summary.call_retries, 'call retry', 'call retries')}"
    )


def decides_alone(summary: Summary) -> bool:
    """Whether commands are what the run is about: they were executed, and by no saga."""
    return bool(summary.commands.attempts) and not has_sagas(summary)


def commands_line(counts: CommandCounts) -> str:
    """How commands ended, and what it took: the conflict rate is a share of the attempts."""
    ended = [(end.replace("_", " "), getattr(counts, end)) for end in COMMAND_ENDS]
    done = [f"{count} {end}" for end, count in ended if count]
    rate = 100 * counts.conflicts / counts.attempts if counts.attempts else 0.0
    return (
        f"{plural(counts.total, 'command', 'commands')}: {joined(done, 'none ended', ', ')}; "
        f"{plural(counts.attempts, 'attempt', 'attempts')}, of which {rate:.0f} % met a conflict"
    )


def latency_line(summary: Summary) -> str:
    """Percentiles of completed checkouts or answered requests; a mean never stands alone, so it does not stand here."""
    if not summary.latency_ms:
        return "no checkout completed" if has_sagas(summary) else "no request was answered"
    return ", ".join(f"{name} {milliseconds(value)}" for name, value in summary.latency_ms.items())


def milliseconds(value: float) -> str:
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def clock_line(summary: Summary) -> str:
    orders = f"{summary.orders} orders, " if has_sagas(summary) else ""
    resumed = ""
    if summary.resumed_s is not msgspec.UNSET:
        resumed = f", resumed at {summary.resumed_s:.1f} s (only sagas and invariants tell of the time before)"
    return f"{summary.duration_s:.1f} s on the {summary.clock} clock, {orders}seed {summary.seed}{resumed}"


def changed_items(summary: Summary) -> list[str]:
    """What is not as the scenario's file has it."""
    return [] if summary.changed is msgspec.UNSET else [f"--set {text}" for text in summary.changed]


def again_line(summary: Summary) -> str:
    """What another run of the same would give."""
    if summary.clock == "virtual":
        return f"The same scenario, with the same --set and seed {summary.seed}, gives this same page."
    return "Another run on the real clock has other times, and may have other numbers."


def fault_line(span: FaultSpan) -> str:
    end = f"to {span.ended_s:.1f} s" if span.ended_s is not None else "to the end"
    name = f"{span.fault} ({span.detail})" if span.detail else span.fault
    return f"{name} from {span.began_s:.1f} {end}"


def state(name: str) -> str:
    """A breaker's state as people say it: ``half-open``."""
    return name.lower().replace("_", "-")


def call_row(counts: CallCounts) -> list[int]:
    """The counts in the order of `OUTCOMES`."""
    return [getattr(counts, outcome) for outcome in OUTCOMES]


def plural(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def joined(parts: Sequence[str], none: str, between: str = "; ") -> str:
    return between.join(parts) or none
