"""A literal run with its summary, by shape: what `made_up_run` tells, counted by hand-written code."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from eventlab import hooks
from eventlab.history import Entry, of_kind
from eventlab.scenarios.summary import (
    BreakerLog,
    CallCounts,
    CheckLine,
    ExpectationLine,
    FaultSpan,
    SagaCounts,
    Summary,
    Transition,
)
from tests.unit.figures.made_up_run import made_up_run


@dataclass(frozen=True)
class MadeUpReport:
    entries: list[Entry]
    summary: Summary


def check(name: str, valid: bool | None, because: str, *witnesses: str) -> CheckLine:
    return CheckLine(name=name, valid=valid, because=because, witnesses=list(witnesses))


def expectation(text: str, measured: str, met: bool | None) -> ExpectationLine:
    return ExpectationLine(text=text, measured=measured, met=met)


CHECKS = [
    check("money", True, "4,812,633 cents were captured, the sum of 429 confirmed orders; nothing is still reserved"),
    check("stock", True, "for each of 50 titles, opening less available is what confirmed orders hold"),
    check("shipping", True, "429 shipments were dispatched and every one of them was paid"),
]

EXPECTATIONS = [
    expectation("every saga ends within 60 s after the outage", "the last one after 8.1 s", True),
    expectation("at least 80 % of the sagas complete", "85.8 %", True),
    expectation("the breaker opens within 10 s of the outage", "5.20 s", True),
    expectation("no saga is stuck", "0", True),
]


def made_up_report(orders: int = 500) -> MadeUpReport:
    """A run that met all that was expected of it."""
    entries = made_up_run(orders).entries
    phases = [moved.phase for _, moved in of_kind(entries, hooks.SagaMoved)]
    outcomes: dict[str, dict[str, int]] = {}
    for _, ended in of_kind(entries, hooks.CallEnded):
        row = outcomes.setdefault(ended.target, {})
        row[ended.outcome] = row.get(ended.outcome, 0) + 1
    turns = [
        Transition(at=entry.at, before=what.before, after=what.after, reason=what.reason)
        for entry, what in of_kind(entries, hooks.BreakerChanged)
    ]
    summary = Summary(
        scenario="payment-outage",
        question="What becomes of checkouts while payments cannot be reached for 30 s?",
        seed=7,
        clock="virtual",
        duration_s=entries[-1].at,
        orders=orders,
        sagas=SagaCounts(
            started=phases.count("started"),
            completed=phases.count("completed"),
            compensated=phases.count("compensation_completed"),
        ),
        conflicts=38,
        command_retries=37,
        call_retries=487,
        calls={target: CallCounts(**row) for target, row in sorted(outcomes.items())},
        breakers=[BreakerLog(name="payments", transitions=turns)],
        faults=[FaultSpan(fault="partition", detail="orders | payments", began_s=60.0, ended_s=90.0)],
        latency_ms={"p50": 171.4, "p95": 302.9, "p99": 1730.2},
        invariants=CHECKS,
        expectations=EXPECTATIONS,
        verdict="met",
    )
    return MadeUpReport(entries, summary)


def failed_report(orders: int = 150) -> MadeUpReport:
    """The same run as a checker sees it when compensations were left out, with text that HTML must escape."""
    run = made_up_report(orders)
    money = check(
        "money",
        False,
        "3 payments are still reserved for orders that were cancelled",
        "payment-order-00146: 2,970 cents",
        "payment-order-00147: 1,400 cents",
        "payment-<b>9</b> & more",
    )
    return MadeUpReport(
        run.entries,
        msgspec.structs.replace(
            run.summary,
            question='Does <script>alert(1)</script> & "compensation" keep money whole?',
            invariants=[money, *CHECKS[1:2], check("shipping", None, "the history ends before the last dispatch")],
            expectations=[
                *EXPECTATIONS[:2],
                expectation("no money stays reserved", "5,770 cents", False),
                expectation("the breaker opens within 10 s", "it never opened", None),
            ],
            verdict="failed",
        ),
    )
