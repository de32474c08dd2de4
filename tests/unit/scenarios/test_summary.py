"""A summary follows from the history alone, and expectations from the summary."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from eventlab import hooks
from eventlab.checks import CheckResult
from eventlab.errors import InvalidValue
from eventlab.history import Entry, from_lines, to_lines
from eventlab.reports.wording import sagas_line
from eventlab.scenarios.expecting import Expectation, judge, parse
from eventlab.scenarios.latencies import percentile
from eventlab.scenarios.loading import from_document
from eventlab.scenarios.metrics import metrics_csv
from eventlab.scenarios.model import SHOP, Scenario
from eventlab.scenarios.summarising import count_sagas, summarise
from eventlab.scenarios.summary import CallCounts, SagaCounts, Summary
from eventlab.scenarios.units import Misread

from .histories import ENTRIES, HAPPENINGS, saga


def scenario(*expectations: str) -> Scenario:
    return from_document(
        {
            "question": "Does it hold?",
            "services": {name: {"shop": name} for name in SHOP},
            "load": {"orders": {"file": "orders.csv"}},
            "expectations": list(expectations),
        }
    )


def summed_up(*expectations: str, invariants: tuple[CheckResult, ...] = ()) -> Summary:
    return summarise(
        ENTRIES, scenario(*expectations), name="x", seed=1, clock="virtual", orders=4, invariants=invariants
    )


def test_what_was_cancelled_or_given_up_has_ended() -> None:
    moves = [saga("a", "stuck"), saga("a", "abandoned"), saga("b", "cancelled"), saga("c", "started")]
    told = [Entry(float(at), "orders", what) for at, what in enumerate(moves)]
    read = {"sagas": {"a": "abandoned", "b": "cancelled", "c": "running"}}
    counts = SagaCounts(started=3, unfinished=1, cancelled=1, abandoned=1)
    assert [count_sagas(told), count_sagas([Entry(9.0, "", hooks.Observed("audit/orders", read))])] == [counts] * 2
    assert sagas_line(counts).endswith("1 unfinished, 1 cancelled, 1 abandoned")
    assert b"".join(metrics_csv(told).splitlines()[-1:]).split(b",")[6] == b"1"  # still running: c alone


HOLDS = CheckResult("money", True, "it adds up")
BROKEN = CheckResult("stock", False, "2 are missing", ("album-01",))
UNKNOWN = CheckResult("stock", None, "it was not read")


def test_a_history_is_summed_up_whole() -> None:
    summary = summed_up(invariants=(HOLDS, BROKEN))
    assert summary.sagas == SagaCounts(started=4, completed=1, compensated=1, stuck=1, unfinished=1)
    assert summary.calls["payments"] == CallCounts(ok=1, unknown=1)
    assert summary.calls["users"] == CallCounts()
    assert (summary.conflicts, summary.command_retries, summary.call_retries) == (1, 1, 1)
    assert [(change.at, change.after) for change in summary.breakers[0].transitions] == [
        (1.2, "open"),
        (3.1, "half-open"),
        (3.2, "closed"),
    ]
    assert [(span.fault, span.began_s, span.ended_s) for span in summary.faults] == [("partition", 1.0, 3.0)]
    assert summary.latency_ms == {"p50": 1500.0, "p95": 1500.0, "p99": 1500.0}
    assert summary.duration_s == 4.0
    assert summary.invariants[1].witnesses == ["album-01"]


def test_a_summary_survives_its_file() -> None:
    summary = summed_up("sagas.stuck == 0", invariants=(HOLDS,))
    assert Summary.from_json(summary.to_json()) == summary


def test_a_saved_history_gives_the_same_summary_and_metrics() -> None:
    again = from_lines(to_lines(ENTRIES))
    assert summarise(again, scenario(), name="x", seed=1, clock="virtual", orders=4) == summed_up()
    assert metrics_csv(again, SHOP) == metrics_csv(ENTRIES, SHOP)


def test_an_empty_history_has_a_summary() -> None:
    summary = summarise([], scenario(), name="x", seed=1, clock="real", orders=0)
    assert (summary.sagas, summary.latency_ms, summary.duration_s) == (SagaCounts(), {}, 0.0)
    assert metrics_csv([]).count(b"\n") == 1


@pytest.mark.parametrize(
    ("line", "measured", "met"),
    [
        ("sagas.stuck == 0", "1", False),
        ("sagas.stuck <= 1", "1", True),
        ("sagas.completed >= 25%", "25 % (1 of 4)", True),
        ("sagas.completed > 25 %", "25 % (1 of 4)", False),
        ("calls.payments.unknown != 0", "1", True),
        ("calls.payments.ok >= 50%", "50 % (1 of 2)", True),
        ("calls.users.ok >= 50%", "nothing to take a share of", None),
        ("calls.payments.total == 2", "2", True),
        ("latency.p95 < 5s", "1.500 s", True),
        ("latency.p95 < 1500ms", "1.500 s", False),
        ("duration <= 1min", "4.000 s", True),
        ("orders == 4", "4", True),
        ("breakers.payments.opened == 1", "1", True),
        ("breaker payments opens", "opened 1 time, first at 1.2 s", True),
        ("breaker payments closes", "closed at 3.2 s", True),
        ("breaker payments never opens", "opened 1 time, first at 1.2 s", False),
        ("breaker users opens", "never opened", False),
        ("breaker users never opens", "never opened", True),
        ("breaker users closes", "never opened", False),
        ("invariants hold", "unknown: none was checked", None),
    ],
)
def test_an_expectation_says_what_was_measured_and_whether_it_was_met(
    line: str, measured: str, met: bool | None
) -> None:
    (judged,) = summed_up(line).expectations
    assert (judged.text, judged.measured, judged.met) == (line, measured, met)


@pytest.mark.parametrize(
    ("invariants", "expectations", "verdict"),
    [
        ((HOLDS,), ("invariants hold", "orders == 4"), "met"),
        ((HOLDS, BROKEN), (), "failed"),
        ((HOLDS, UNKNOWN), ("invariants hold",), "inconclusive"),
        ((HOLDS, UNKNOWN), ("sagas.stuck == 0",), "failed"),
        ((HOLDS,), ("calls.users.ok >= 50%",), "inconclusive"),
        ((), (), "met"),
    ],
)
def test_false_outweighs_unknown_and_unknown_outweighs_true(
    invariants: tuple[CheckResult, ...], expectations: tuple[str, ...], verdict: str
) -> None:
    assert summed_up(*expectations, invariants=invariants).verdict == verdict


@pytest.mark.parametrize(
    ("line", "message", "offset"),
    [
        ("sagas.stuk == 0", "nothing is called 'sagas.stuk'; did you mean 'sagas.stuck'?", 0),
        ("calls.payment.ok > 1", "nothing is called 'calls.payment.ok'; did you mean 'calls.payments.ok'?", 0),
        (
            "sagas.stuck = 0",
            "expected a comparison such as 'sagas.stuck == 0', 'breaker NAME opens' or "
            "'invariants hold'; found 'sagas.stuck = 0'",
            0,
        ),
        ("sagas.stuck == 5s", "sagas.stuck: is a count; expected a whole number or a share, found '5s'", 15),
        ("sagas.stuck == -1", "sagas.stuck: expected a whole number or a share such as 90%, found '-1'", 15),
        ("sagas.completed >= 190%", "sagas.completed: expected a share from 0% to 100%, found '190%'", 19),
        ("orders >= 5%", "orders: is a count that is no share of anything; expected a whole number, found '5%'", 10),
        ("latency.p95 < 5", "latency.p95: 5 has no unit; write 5s, 5ms or 5min", 14),
        ("breaker payment opens", "no service 'payment'; did you mean 'payments'?", 8),
        (
            "breaker payments open",
            "expected 'breaker NAME', then opens, closes, never opens; found 'breaker payments open'",
            0,
        ),
    ],
)
def test_a_line_that_states_nothing_is_told_with_its_place(line: str, message: str, offset: int) -> None:
    with pytest.raises(Misread) as caught:
        parse(line, SHOP)
    assert (str(caught.value), caught.value.offset) == (message, offset)


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (1, 50, 95, 99, 100)] == [1.0, 50.0, 95.0, 99.0, 100.0]
    assert percentile([7.0], 50) == 7.0


def test_metrics_count_each_second_and_keep_states() -> None:
    lines = metrics_csv(ENTRIES, ["payments"]).decode().splitlines()
    rows: list[dict[str, Any]] = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    assert [row["second"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row["orders_started"] for row in rows] == ["1", "0", "0", "0", "0"]
    assert [row["sagas_running"] for row in rows] == ["1", "0", "1", "1", "1"]
    assert [row["breaker_orders→payments"] for row in rows] == ["closed", "open", "open", "closed", "closed"]
    assert [row["calls_payments_unknown"] for row in rows] == ["1", "0", "0", "0", "0"]
    assert sum(int(row["sagas_completed"]) + int(row["sagas_compensated"]) for row in rows) == 2
    assert rows[0]["conflicts"] == "1"


def test_a_breaker_that_opened_last_has_not_recovered() -> None:
    entries = [*ENTRIES, type(ENTRIES[0])(4.5, "orders", ENTRIES[8].what)]
    summary = summarise(entries, scenario("breaker payments closes"), name="x", seed=1, clock="virtual", orders=4)
    assert summary.expectations[0].met is False


def test_a_breaker_goes_with_its_service_and_whoever_starts_that_again_has_closed_none() -> None:
    ends = [(1.9, hooks.NodeChanged("orders", "crashed", 1)), (2.9, hooks.NodeChanged("orders", "up", 2))]
    others = [(at, what) for at, what in HAPPENINGS if at < 3.0]  # the breaker is open to the end
    entries = [Entry(at, "orders", what) for at, what in sorted([*others, *ends], key=lambda each: each[0])]
    line = scenario("breaker payments closes")
    summary = summarise(entries, line, name="x", seed=1, clock="virtual", orders=4)
    assert [(turn.at, turn.after, turn.reason) for turn in summary.breakers[0].transitions] == [
        (1.2, "open", "1 of 1 calls failed"),
        (1.9, "down", "orders crashed"),
        (2.9, "closed", "orders was started again"),
    ]
    assert summary.expectations[0].met is False
    rows = list(csv.DictReader(io.StringIO(metrics_csv([*entries, Entry(3.5, "", HAPPENINGS[0][1])]).decode())))
    assert [row["breaker_orders→payments"] for row in rows] == ["closed", "down", "closed", "closed"]


def test_every_expectation_of_a_scenario_can_be_judged() -> None:
    for path in ("sagas.started", "conflicts", "duration", "calls.users.failed", "breakers.users.opened"):
        expectation: Expectation = parse(f"{path} >= {'0s' if path == 'duration' else 0}", SHOP)
        assert judge(expectation, summed_up()).met is True


def test_a_history_file_with_a_bad_line_names_it() -> None:
    with pytest.raises(InvalidValue):
        from_lines(b"{}\n")
