"""The parts of the page that are told in tables: what was expected, what held, and what went on."""

from __future__ import annotations

from eventlab.scenarios.summary import OUTCOMES, CheckLine, Summary

from . import wording
from .markup import Column, Html, items, mark, section, table, text


def heading(summary: Summary) -> Html:
    """The question, what was run, and the verdict."""
    verdict = wording.verdict_mark(summary.verdict)
    codes = ", ".join(f"<code>{text(each)}</code>" for each in wording.changed_items(summary))
    changed = f'<p class="facts">Changed from its file: {codes}.</p>\n' if codes else ""
    return Html(
        f"<header>\n<h1>{text(summary.question)}</h1>\n"
        f'<p class="facts">Scenario <code>{text(summary.scenario)}</code>, {text(wording.clock_line(summary))}.</p>\n'
        f"{changed}"
        f'<p class="verdict {verdict.tone}">{mark(verdict)}: {text(wording.verdict_line(summary))}</p>\n</header>'
    )


def expectations(summary: Summary) -> Html:
    rows = [(line.text, line.measured, mark(wording.met(line.met))) for line in summary.expectations]
    columns = (Column("Expected"), Column("Measured"), Column("Answer"))
    return section("Expectations", table("What the scenario expects, against what was measured", columns, rows))


def invariants(summary: Summary) -> Html:
    rows = [(line.name, mark(wording.holds(line.valid)), _because(line)) for line in summary.invariants]
    columns = (Column("Invariant"), Column("Answer"), Column("Because"))
    return section("Invariants", table("What must hold when the dust has settled", columns, rows))


def _because(line: CheckLine) -> Html:
    return Html(text(line.because) + items(list(line.witnesses)))


def sagas(summary: Summary) -> Html:
    if not wording.has_sagas(summary):
        took = f"<p>Answered requests took {text(wording.latency_line(summary))}.</p>" if summary.latency_ms else ""
        decided = wording.commands_line(summary.commands) if wording.decides_alone(summary) else ""
        return section("Requests", took, f"<p>Decided: {text(decided)}.</p>" if decided else "")
    counts = summary.sagas
    ends = {
        "completed": counts.completed,
        "compensated": counts.compensated,
        "stuck": counts.stuck,
        "unfinished": counts.unfinished,
    }
    columns = [Column("started", number=True), *(Column(name, number=True) for name in ends)]
    row: list[str | int] = [counts.started, *ends.values()]
    return section(
        "Sagas",
        table("How the sagas ended", columns, [row]),
        f"<p>Asked: {text(wording.answers_line(summary))}.</p>" if summary.answers.total else "",
        f"<p>Completed checkouts took {text(wording.latency_line(summary))}.</p>" if summary.latency_ms else "",
    )


def faults(summary: Summary) -> Html:
    rows = [
        (span.fault, span.detail, f"{span.began_s:.1f} s", "never" if span.ended_s is None else f"{span.ended_s:.1f} s")
        for span in summary.faults
    ]
    columns = (Column("Fault"), Column("Where"), Column("began", number=True), Column("lifted", number=True))
    return section("Faults", table("What was done to the system, from outside it", columns, rows))


def breakers(summary: Summary) -> Html:
    rows = [
        (log.name, f"{turn.at:.2f} s", wording.state(turn.before), wording.state(turn.after), turn.reason)
        for log in summary.breakers
        for turn in log.transitions
    ]
    columns = (Column("Breaker"), Column("at", number=True), Column("from"), Column("to"), Column("because"))
    calm = [log.name for log in summary.breakers if not log.transitions]
    note = f"<p>{text(', '.join(calm))}: closed all the time.</p>" if calm else ""
    return section("Circuit breakers", table("Every change of state", columns, rows), note)


def calls(summary: Summary) -> Html:
    rows: list[list[str | int]] = [[target, *wording.call_row(counts)] for target, counts in summary.calls.items()]
    columns = [Column("To"), *(Column(outcome, number=True) for outcome in OUTCOMES)]
    return section(
        "Calls, conflicts and retries",
        table("Calls by target and outcome; “rejected” ones a breaker held back", columns, rows),
        f"<p>{text(wording.retries_line(summary))}.</p>",
    )
