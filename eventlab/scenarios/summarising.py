"""From a run's history to its summary: pure, so that a saved history gives the same summary again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from .. import hooks
from ..checks import CheckResult
from ..history import Entry, of_kind, operations
from .breaker_lives import breaker_changes
from .expecting import MEAN_LATENCY, Compares, judge
from .latencies import latencies_s, mean_latency, percentiles_ms
from .model import Scenario
from .summary import (
    COMMAND_ENDS,
    OUTCOMES,
    SELDOM,
    AnswerCounts,
    BreakerLog,
    CallCounts,
    CheckLine,
    CommandCounts,
    FaultSpan,
    SagaCounts,
    Summary,
    Transition,
    verdict_of,
)

ENDINGS = {
    "completed": "completed",
    "compensation_completed": "compensated",
    "stuck": "stuck",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
}
"""The phases in which a saga rests, and how they are counted."""

UNFINISHED = "unfinished"

HELPING = ("retried", "skipped_by_hand", "resolved")
"""The phases in which a person lets a saga go on that is stuck."""


def summarise(
    entries: Sequence[Entry],
    scenario: Scenario,
    *,
    name: str,
    seed: int,
    clock: Literal["virtual", "real"],
    orders: int,
    changed: Sequence[str] = (),
    invariants: Iterable[CheckResult] = (),
    duration_s: float | None = None,
) -> Summary:
    """The summary of a history. *duration_s* is by default the time of its last entry."""
    if duration_s is None:
        duration_s = entries[-1].at if entries else 0.0
    checks = [check_line(result) for result in invariants]
    latencies = latencies_s(entries)
    asks_mean = any(isinstance(line, Compares) and line.path == MEAN_LATENCY for line in scenario.expectations)
    attempts = [what for _, what in of_kind(entries, hooks.CommandAttempted)]
    summary = Summary(
        scenario=name,
        question=scenario.question,
        seed=seed,
        changed=list(changed) or msgspec.UNSET,
        clock=clock,
        duration_s=round(duration_s, 6),
        orders=orders,
        answers=count_answers(entries),
        answers_after=_answers_after(entries, scenario),
        sagas=count_sagas(entries),
        conflicts=sum(attempt.outcome == "conflict" for attempt in attempts),
        command_retries=sum(attempt.attempt > 1 for attempt in attempts),
        call_retries=_call_retries(entries),
        commands=count_commands(attempts),
        calls=count_calls(entries, scenario),
        breakers=breaker_logs(entries),
        faults=fault_spans(entries),
        latency_ms=percentiles_ms(latencies),
        latency_mean=mean_latency(latencies) if asks_mean else msgspec.UNSET,
        invariants=checks,
        expectations=[],
        verdict="met",
    )
    lines = [judge(expectation, summary) for expectation in scenario.expectations]
    values = {field: getattr(summary, field) for field in summary.__struct_fields__}
    return Summary(**(values | {"expectations": lines, "verdict": verdict_of(checks, lines)}))


def check_line(result: CheckResult) -> CheckLine:
    witnesses = [str(witness) for witness in result.witnesses]
    return CheckLine(name=result.name, valid=result.valid, because=result.because, witnesses=witnesses)


def count_answers(entries: Iterable[Entry], after_s: float = 0.0) -> AnswerCounts:
    """How the load's own operations ended, as customers saw it: those that were asked from *after_s* on."""
    return AnswerCounts(**Counter(one.outcome for one in operations(entries) if one.invoked >= after_s))


def _answers_after(entries: Sequence[Entry], scenario: Scenario) -> dict[str, AnswerCounts] | msgspec.UnsetType:
    lines = [line for line in scenario.expectations if isinstance(line, Compares)]
    moments = dict.fromkeys(line.after_s for line in lines if line.after_s is not None)
    return {f"{after_s:g}": count_answers(entries, after_s) for after_s in moments} or msgspec.UNSET


def count_commands(attempts: Iterable[hooks.CommandAttempted]) -> CommandCounts:
    """How commands ended: as their last attempt did, which is one that no other follows."""
    counts = Counter(
        "gave_up" if attempt.outcome == "conflict" and attempt.backoff_s is None else attempt.outcome
        for attempt in attempts
    )
    ends = {end: counts[end] for end in COMMAND_ENDS}
    return CommandCounts(attempts=counts.total(), conflicts=counts["gave_up"] + counts["conflict"], **ends)


def count_sagas(entries: Sequence[Entry]) -> SagaCounts:
    """Where every saga stands: by the final reads, or without them by what was announced.

    A crash can come between a saga's last event and its announcement; the store knows better.
    """
    moves = [moved for _, moved in of_kind(entries, hooks.SagaMoved)]
    helped = len({moved.saga for moved in moves if moved.phase in HELPING}) or msgspec.UNSET
    found = [what.value["sagas"] for _, what in of_kind(entries, hooks.Observed) if "sagas" in what.value]
    if found:
        stands = Counter(_counted_as(status) for sagas in found for status in sagas.values())
    else:
        moved_last = {moved.saga: moved.phase for moved in moves}
        stands = Counter(ENDINGS.get(phase, UNFINISHED) for phase in moved_last.values())
    counts: dict[str, Any] = {name: stands[name] for name in (*ENDINGS.values(), UNFINISHED)}
    counts |= {name: counts[name] or msgspec.UNSET for name in SELDOM}
    return SagaCounts(started=stands.total(), helped=helped, **counts)


def _counted_as(status: str) -> str:
    return status if status in ENDINGS.values() else UNFINISHED


def count_calls(entries: Iterable[Entry], scenario: Scenario) -> dict[str, CallCounts]:
    """Outcomes of calls by the service that was called; every service of the scenario has its line."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in scenario.services}
    for _, call in of_kind(entries, hooks.CallEnded):
        counts.setdefault(call.target, Counter())[call.outcome] += 1
    return {name: CallCounts(**{outcome: found[outcome] for outcome in OUTCOMES}) for name, found in counts.items()}


def _call_retries(entries: Iterable[Entry]) -> int:
    """Calls made once more: by a client's own retry, or by a saga that asks again with the same key."""
    seen: set[tuple[str, str, str, str]] = set()
    retries = 0
    for _, call in of_kind(entries, hooks.CallStarted):
        what = (call.source, call.target, call.operation, call.key)
        if call.attempt > 1 or (call.key and what in seen):
            retries += 1
        seen.add(what)
    return retries


def breaker_logs(entries: Iterable[Entry]) -> list[BreakerLog]:
    """Every breaker that changed its state, by name."""
    return [
        BreakerLog(
            name=name,
            transitions=[
                Transition(at=round(at, 6), before=what.before, after=what.after, reason=what.reason)
                for at, what in changes
            ],
        )
        for name, changes in sorted(breaker_changes(entries).items())
    ]


def fault_spans(entries: Iterable[Entry]) -> list[FaultSpan]:
    """Every fault, from when it began to when it was lifted."""
    spans: list[FaultSpan] = []
    for entry in entries:
        match entry.what:
            case hooks.FaultBegan(fault=fault, detail=detail):
                spans.append(FaultSpan(fault=fault, detail=detail, began_s=round(entry.at, 6), ended_s=None))
            case hooks.FaultEnded(fault=fault, detail=detail):
                for at, span in enumerate(spans):
                    if (span.fault, span.detail, span.ended_s) == (fault, detail, None):
                        began_s, ended_s = span.began_s, round(entry.at, 6)
                        spans[at] = FaultSpan(fault=fault, detail=detail, began_s=began_s, ended_s=ended_s)
                        break
    return spans
