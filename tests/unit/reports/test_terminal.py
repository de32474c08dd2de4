"""The summary in the terminal: everything a person asks first, on eighty columns, without a colour."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from eventlab.reports import plain_summary, terminal_summary
from eventlab.scenarios.summary import BreakerLog, Transition
from tests.unit.reports.made_up_summary import failed_report, made_up_report

FOLDER = Path("runs/payment-outage-7")


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_or_than_a_hundred_columns(width: int) -> None:
    for run in (made_up_report(120), failed_report(120)):
        text = plain_summary(run.summary, folder=FOLDER, report=FOLDER / "report.html", width=width)
        assert max(map(len, text.splitlines())) <= min(width, 100)


def test_every_answer_has_its_word_beside_its_sign() -> None:
    text = plain_summary(failed_report(120).summary)
    for words in ("✗ failed", "✓ met", "? inconclusive", "✗ broken", "✓ holds", "? unknown"):
        assert words in text


def test_it_tells_counts_transitions_invariants_expectations_and_places() -> None:
    run = made_up_report(150)
    lines = plain_summary(run.summary, folder=FOLDER, report=FOLDER / "report.html").splitlines()
    assert lines[0] == "What becomes of checkouts while payments cannot be reached for 30 s?"
    assert lines[1] == "✓ met: 4 of 4 expectations met, 3 of 3 invariants hold"
    text = "\n".join(" ".join(line.split()) for line in lines)
    sagas = run.summary.sagas
    for expected in (
        f"Sagas 150 started: {sagas.completed} completed, {sagas.compensated} compensated, 0 stuck, 0 unfinished",
        "Retries 38 conflicts, 37 command retries, 487 call retries",
        "Faults partition (orders | payments) from 60.0 to 90.0 s",
        f"payments {run.summary.breakers[0].transitions[0].at:.2f} s closed → open 10 of 20 calls failed",
        "✓ met the breaker opens within 10 s of the outage measured 5.20 s",
        "Run folder runs/payment-outage-7",
        "Report runs/payment-outage-7/report.html",
    ):
        assert expected in text, expected


def test_a_resumed_run_says_from_when_on_it_tells() -> None:
    run = made_up_report(20)
    assert "resumed" not in plain_summary(run.summary)
    resumed = msgspec.structs.replace(run.summary, clock="real", resumed_s=21.26)
    assert "seed 7, resumed at 21.3 s (only sagas and invariants tell of the time before)" in " ".join(
        plain_summary(resumed).split()
    )


def test_what_is_not_as_the_file_has_it_is_told() -> None:
    run = made_up_report(20)
    assert "Changed" not in plain_summary(run.summary)
    changed = msgspec.structs.replace(run.summary, changed=["policies.retry.attempts=1", "faults=[]"])
    assert "Changed --set policies.retry.attempts=1; --set faults=[]" in " ".join(plain_summary(changed).split())


def test_a_long_series_of_transitions_is_cut_and_says_so() -> None:
    turns = [Transition(at=float(at), before="closed", after="open", reason="r") for at in range(40)]
    summary = msgspec.structs.replace(made_up_report(20).summary, breakers=[BreakerLog(name="b", transitions=turns)])
    assert "… and 26 more" in plain_summary(summary)


def test_text_of_a_run_is_never_taken_for_markup_of_the_terminal() -> None:
    summary = msgspec.structs.replace(made_up_report(20).summary, question="[red]why[/red] [link=x]?")
    assert plain_summary(summary).startswith("[red]why[/red] [link=x]?\n")


def test_a_terminal_gets_colours_and_a_pipe_gets_none() -> None:
    summary = made_up_report(20).summary
    terminal, pipe = io.StringIO(), io.StringIO()
    Console(file=terminal, width=80, force_terminal=True, color_system="standard").print(terminal_summary(summary))
    Console(file=pipe, width=80, force_terminal=False).print(terminal_summary(summary))
    assert "\x1b[" in terminal.getvalue() and "\x1b[" not in pipe.getvalue()
