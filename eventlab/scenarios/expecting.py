"""Expectations: readable lines, parsed once into values, then judged on a summary.

::

    sagas.completed >= 90%          a share of the orders
    answers.ok == 100%              a share of what was asked
    answers.ok >= 99% after 60s     of what was asked from that moment on
    calls.payments.unknown <= 60    a count
    latency.p95 < 5s                a duration
    breaker payments opens          also: closes, never opens
    invariants hold
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Literal, TypeAlias

import msgspec

from .breaker_lives import DOWN
from .summary import (
    OUTCOMES,
    AnswerCounts,
    BreakerLog,
    CommandCounts,
    ExpectationLine,
    MeanLatency,
    SagaCounts,
    Summary,
)
from .units import NUMBER, SECONDS, Misread, duration_s

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
COUNTS = ("orders", "conflicts", "command_retries", "call_retries", "commands.attempts")
MEAN_LATENCY = "latency.mean"
DURATIONS = ("duration", "latency.p50", "latency.p95", "latency.p99", MEAN_LATENCY)
ANSWERS = tuple(f"answers.{field}" for field in AnswerCounts.__struct_fields__)
COMMANDS = tuple(f"commands.{field}" for field in CommandCounts.__struct_fields__ if field != "attempts")
SAGAS = tuple(f"sagas.{field}" for field in SagaCounts.__struct_fields__)
BREAKER_VERBS = ("opens", "closes", "never opens")


class Compares(msgspec.Struct, frozen=True):
    """*path* compared with *value*: a count, a share (``%``) or seconds (``s``); of what came from *after_s* on."""

    text: str
    path: str
    comparison: str
    value: float
    unit: Literal["", "%", "s"]
    after_s: float | None = None


class BreakerDoes(msgspec.Struct, frozen=True):
    """The breaker before *service* opens, closes again, or never opens."""

    text: str
    service: str
    verb: str


class InvariantsHold(msgspec.Struct, frozen=True):
    """No invariant is broken, and none is unknown."""

    text: str


Expectation: TypeAlias = Compares | BreakerDoes | InvariantsHold


def known_paths(services: Sequence[str]) -> list[str]:
    """Every path that may stand on the left of a comparison, for a scenario with these services."""
    calls = [f"calls.{service}.{outcome}" for service in services for outcome in (*OUTCOMES, "total")]
    return [
        *SAGAS,
        *ANSWERS,
        *COMMANDS,
        *COUNTS,
        *DURATIONS,
        *calls,
        *(f"breakers.{service}.opened" for service in services),
    ]


def parse(text: str, services: Sequence[str]) -> Expectation:
    """The expectation that a line states. Raises Misread with the place in the line."""
    text = " ".join(text.split())
    if text == "invariants hold":
        return InvariantsHold(text)
    words = text.split(" ")
    if words[0] == "breaker":
        return _breaker(text, words, services)
    line, after, moment = text.partition(" after ")
    match = re.fullmatch(r"([A-Za-z_][\w.-]*) ?(==|!=|<=|>=|<|>) ?(\S.*)", line)
    if match is None:
        raise Misread(
            "expected a comparison such as 'sagas.stuck == 0', 'breaker NAME opens' or 'invariants hold'; "
            f"found {text!r}"
        )
    paths = known_paths(services)
    if match[1] not in paths:
        near = get_close_matches(match[1], paths, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join([*SAGAS, *COUNTS, *DURATIONS])}"
        raise Misread(f"nothing is called {match[1]!r}; {hint}")
    try:
        value, unit = _value(match[1], match[3])
    except Misread as problem:
        raise Misread(f"{match[1]}: {problem}", match.start(3)) from None
    after_s = _after_s(match[1], moment, len(line) + len(after)) if after else None
    return Compares(text, match[1], match[2], value, unit, after_s)


def _after_s(path: str, moment: str, at: int) -> float:
    if path not in ANSWERS:
        raise Misread(f"{path}: 'after' goes with {', '.join(ANSWERS)}", at - len(" after ") + 1)
    try:
        return duration_s(moment)
    except Misread as problem:
        raise Misread(f"after: {problem}", at) from None


def _breaker(text: str, words: list[str], services: Sequence[str]) -> BreakerDoes:
    verb = " ".join(words[2:])
    if len(words) < 3 or verb not in BREAKER_VERBS:
        raise Misread(f"expected 'breaker NAME', then {', '.join(BREAKER_VERBS)}; found {text!r}")
    if words[1] not in services:
        near = get_close_matches(words[1], services, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(services) or 'none'}"
        raise Misread(f"no service {words[1]!r}; {hint}", len("breaker "))
    return BreakerDoes(text, words[1], verb)


def _value(path: str, text: str) -> tuple[float, Literal["", "%", "s"]]:
    if path in DURATIONS:
        return duration_s(text), "s"
    if re.fullmatch(rf"{NUMBER} ?%", text):
        if not path.startswith(("sagas.", "answers.", "calls.", "commands.")) or path in COUNTS:
            raise Misread(f"is a count that is no share of anything; expected a whole number, found {text!r}")
        share = float(text[:-1])
        if not 0 <= share <= 100:
            raise Misread(f"expected a share from 0% to 100%, found {text!r}")
        return share, "%"
    if re.fullmatch(r"\d+", text):
        return float(text), ""
    if text.endswith(tuple(SECONDS)):
        raise Misread(f"is a count; expected a whole number or a share, found {text!r}")
    raise Misread(f"expected a whole number or a share such as 90%, found {text!r}")


def judge(expectation: Expectation, summary: Summary) -> ExpectationLine:
    """Whether *summary* meets the expectation, with what was measured in words."""
    match expectation:
        case InvariantsHold(text):
            return _judge_invariants(text, summary)
        case BreakerDoes(text, service, verb):
            return _judge_breaker(text, breakers_of(service, summary.breakers), verb)
        case Compares():
            return _judge_comparison(expectation, summary)


def breakers_of(service: str, breakers: Sequence[BreakerLog]) -> list[BreakerLog]:
    """The breakers that stand before *service*: named like it, or `CALLER→SERVICE`."""
    return [log for log in breakers if log.name.rpartition("→")[2].strip() == service]


def _judge_invariants(text: str, summary: Summary) -> ExpectationLine:
    broken = [line.name for line in summary.invariants if line.valid is False]
    unknown = [line.name for line in summary.invariants if line.valid is None]
    if broken:
        return ExpectationLine(text=text, measured=f"broken: {', '.join(broken)}", met=False)
    if unknown or not summary.invariants:
        return ExpectationLine(text=text, measured=f"unknown: {', '.join(unknown) or 'none was checked'}", met=None)
    return ExpectationLine(text=text, measured=f"all {len(summary.invariants)} hold", met=True)


def _judge_breaker(text: str, logs: list[BreakerLog], verb: str) -> ExpectationLine:
    changes = sorted((change for log in logs for change in log.transitions), key=lambda change: change.at)
    opened = [change.at for change in changes if change.after == "open"]
    closed = [change.at for change in changes if change.after == "closed" and change.before != DOWN]
    times = f"opened {len(opened)} time{'s' if len(opened) != 1 else ''}, first at {opened[0]:.1f} s" if opened else ""
    if verb == "closes":
        measured = f"closed at {closed[-1]:.1f} s" if closed else (f"{times}, and never closed" if times else "")
        # Closed after it last opened: a breaker that opens once more and stays open has not recovered.
        met = bool(opened and closed and closed[-1] > opened[-1])
        return ExpectationLine(text=text, measured=measured or "never opened", met=met)
    return ExpectationLine(text=text, measured=times or "never opened", met=bool(opened) == (verb == "opens"))


def _judge_comparison(line: Compares, summary: Summary) -> ExpectationLine:
    found, base = _asked_after(line, summary) if line.after_s is not None else measure(line.path, summary)
    if found is None or (line.unit == "%" and not base):
        why = "no checkout completed" if line.unit == "s" else "nothing to take a share of"
        why = "too few answers for a mean with its interval" if line.path == MEAN_LATENCY else why
        return ExpectationLine(text=line.text, measured=why, met=None)
    if line.unit == "%":
        measured = f"{100 * found / (base or 1):.4g} % ({found:g} of {base:g})"
        found = 100 * found / (base or 1)
    else:
        measured = f"{found:.3f} s" if line.unit == "s" else f"{found:g}"
        if line.path == MEAN_LATENCY and isinstance(summary.latency_mean, MeanLatency):
            measured = summary.latency_mean.text
    return ExpectationLine(text=line.text, measured=measured, met=COMPARISONS[line.comparison](found, line.value))


def _asked_after(line: Compares, summary: Summary) -> tuple[float | None, float]:
    after = summary.answers_after or {}
    counts = after.get(f"{line.after_s:g}", AnswerCounts())
    return getattr(counts, line.path.removeprefix("answers.")), counts.total


def measure(path: str, summary: Summary) -> tuple[float | None, float]:
    """What the summary says at *path*, and the whole that a share of it is taken of."""
    match path.split("."):
        case ["duration"]:
            return summary.duration_s, 0
        case ["latency", "mean"]:
            mean = summary.latency_mean
            return (mean.mean_ms / 1000 if isinstance(mean, MeanLatency) else None), 0
        case ["latency", percentile]:
            latency_ms = summary.latency_ms.get(percentile)
            return (None if latency_ms is None else latency_ms / 1000), 0
        case ["sagas", field]:  # an order that never became a saga counts in the whole, or losing it would look good
            told = getattr(summary.sagas, field)
            return 0 if told is msgspec.UNSET else told, max(summary.sagas.started, summary.orders)
        case ["answers", field]:
            return getattr(summary.answers, field), summary.answers.total
        case ["commands", field]:  # conflicts are met by attempts; everything else is how a command ended
            counted = summary.commands
            return getattr(counted, field), counted.attempts if field == "conflicts" else counted.total
        case ["calls", service, field]:
            counts = summary.calls.get(service)
            return (getattr(counts, field), counts.total) if counts else (0, 0)
        case ["breakers", service, _]:
            logs = breakers_of(service, summary.breakers)
            return sum(change.after == "open" for log in logs for change in log.transitions), 0
        case _:
            return getattr(summary, path), 0
