"""From a run's history to its summary: pure, so that a saved history gives the same summary again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from .. import hooks
from ..checks import CheckResult
from ..history import Entry, of_kind, operations
from .expecting import judge
from .model import Scenario
from .summary import (
    COMMAND_ENDS,
    OUTCOMES,
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

ENDINGS = {"completed": "completed", "compensation_completed": "compensated", "stuck": "stuck"}
"""The phases in which a saga rests, and how they are counted."""


def summarise(
    entries: Sequence[Entry],
    scenario: Scenario,
    *,
    name: str,
    seed: int,
    clock: Literal["virtual", "real"],
    orders: int,
    invariants: Iterable[CheckResult] = (),
    duration_s: float | None = None,
) -> Summary:
    """The summary of a history. *duration_s* is by default the time of its last entry."""
    if duration_s is None:
        duration_s = entries[-1].at if entries else 0.0
    checks = [check_line(result) for result in invariants]
    attempts = [what for _, what in of_kind(entries, hooks.CommandAttempted)]
    summary = Summary(
        scenario=name,
        question=scenario.question,
        seed=seed,
        clock=clock,
        duration_s=round(duration_s, 6),
        orders=orders,
        answers=count_answers(entries),
        sagas=count_sagas(entries),
        conflicts=sum(attempt.outcome == "conflict" for attempt in attempts),
        command_retries=sum(attempt.attempt > 1 for attempt in attempts),
        call_retries=_call_retries(entries),
        commands=count_commands(attempts),
        calls=count_calls(entries, scenario),
        breakers=breaker_logs(entries),
        faults=fault_spans(entries),
        latency_ms=latency_percentiles_ms(entries),
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


def count_answers(entries: Iterable[Entry]) -> AnswerCounts:
    """How the load's own operations ended, as customers saw it."""
    return AnswerCounts(**Counter(one.outcome for one in operations(entries)))


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
    found = [what.value["sagas"] for _, what in of_kind(entries, hooks.Observed) if "sagas" in what.value]
    if found:
        counts = Counter(status for sagas in found for status in sagas.values())
        ended_as = {status: counts[status] for status in ENDINGS.values()}
        return SagaCounts(started=counts.total(), unfinished=counts.total() - sum(ended_as.values()), **ended_as)
    ended: dict[str, str] = {}
    for _, moved in of_kind(entries, hooks.SagaMoved):
        ended[moved.saga] = ENDINGS.get(moved.phase, "unfinished")
    return SagaCounts(started=len(ended), **Counter(ended.values()))


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
    logs: dict[str, list[Transition]] = {}
    for entry, changed in of_kind(entries, hooks.BreakerChanged):
        transition = Transition(
            at=round(entry.at, 6), before=changed.before, after=changed.after, reason=changed.reason
        )
        logs.setdefault(changed.breaker, []).append(transition)
    return [BreakerLog(name=name, transitions=logs[name]) for name in sorted(logs)]


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


def latency_percentiles_ms(entries: Sequence[Entry]) -> dict[str, float]:
    """From start to completion: of sagas, or of the load's own requests where there are no sagas."""
    began: dict[str, float] = {}
    took_s: list[float] = []
    for entry, moved in of_kind(entries, hooks.SagaMoved):
        if moved.phase == "started":
            began[moved.saga] = entry.at
        elif moved.phase == "completed" and moved.saga in began:
            took_s.append(entry.at - began[moved.saga])
    if not began:
        answered = (one.latency_s for one in operations(entries) if one.outcome == "ok")
        took_s = [latency_s for latency_s in answered if latency_s is not None]
    took_s.sort()
    return {f"p{share}": round(1000 * percentile(took_s, share), 3) for share in (50, 95, 99)} if took_s else {}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that *share* % of all do not exceed. Always one that occurred."""
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]
