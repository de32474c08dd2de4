"""Scenarios of contention: what their files may say, and how commands are counted and judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.errors import ScenarioInvalid
from eventlab.history import Entry, of_kind
from eventlab.scenarios import run_virtual
from eventlab.scenarios.expecting import judge, parse
from eventlab.scenarios.loading import from_document, load
from eventlab.scenarios.model import BoxOfficeService, Scenario
from eventlab.scenarios.summarising import count_commands, summarise
from eventlab.scenarios.summary import CommandCounts
from eventlab.scenarios.units import Misread
from eventlab.simulation.distributions import Constant, Exponential

from .documents import put

DESK = """\
question: What does it cost?
services:
  desk:
    boxoffice: {seats: 60, hold: 20ms}
    store: {read: 1ms, append: 4ms}
  page:
    model: {latency: 5ms, calls: [desk]}
load:
  closed: {target: desk, clients: 4, each: 3, thinking: exponential(1s)}
"""
USHERS = DESK[: DESK.index("load:")] + "load:\n  ushers: {target: desk, each: 5, working: 5s, away: 2s}\n"


def scenario(folder: Path, text: str = DESK, *sets: str) -> Scenario:
    return load(put(folder, text, orders=None), sets).scenario


def problems(folder: Path, text: str, *sets: str) -> list[str]:
    with pytest.raises(ScenarioInvalid) as caught:
        load(put(folder, text, orders=None), sets)
    return [line.replace(f"{folder}/", "") for line in caught.value.problems]


def test_a_box_office_needs_nothing_said(tmp_path: Path) -> None:
    rule = scenario(tmp_path, DESK.replace("{seats: 60, hold: 20ms}", "{}")).services["desk"]
    assert isinstance(rule, BoxOfficeService)
    office = rule.boxoffice
    assert (office.seats, office.sections, office.hold, office.executor) == (1200, 1, Constant(0.0), "sound")


def test_a_closed_load_and_one_of_ushers_are_loads_like_others(tmp_path: Path) -> None:
    closed = scenario(tmp_path).load.closed
    assert closed is not None
    assert (closed.target, closed.clients, closed.each, closed.thinking) == ("desk", 4, 3, Exponential(1.0))
    ushers = scenario(tmp_path, USHERS).load.ushers
    assert ushers is not None
    assert (ushers.target, ushers.count, ushers.each) == ("desk", 2, 5)


def test_the_kept_document_gives_the_same_scenario_again(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, USHERS, orders=None), ["policies.conflicts.backoff={base: 0s, jitter: none}"])
    assert from_document(loaded.document) == loaded.scenario
    assert loaded.scenario.policies.conflicts.backoff.as_backoff().base_s == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            DESK.replace("seats", "seat"),
            "x.yaml:4:17: services.desk.boxoffice.seat: unknown key; did you mean 'seats'?",
        ),
        (
            DESK.replace("seats: 60", "sections: 7"),
            "x.yaml:4:27: services.desk.boxoffice.sections: "
            "expected a number that shares 1200 seats out evenly; found 7",
        ),
        (
            DESK.replace("hold: 20ms", "executor: naif"),
            "x.yaml:4:38: services.desk.boxoffice.executor: found 'naif'; did you mean 'naive'?",
        ),
        (DESK.replace("hold: 20ms", "hold: 20"), None),
        (
            DESK.replace("target: desk", "target: desc"),
            "x.yaml:9:20: load.closed.target: no modelled service 'desc'; did you mean 'desk'?",
        ),
        (
            DESK.replace("clients: 4", "clients: 0"),
            "x.yaml:9:35: load.closed.clients: expected a whole number of at least 1, found 0",
        ),
        (
            DESK.replace("each: 3", "each: 300000"),
            "x.yaml:9:44: load.closed.each: 4 clients make 1,200,000 requests; expected at most 1,000,000",
        ),
        (
            USHERS.replace("target: desk", "target: page"),
            "x.yaml:9:20: load.ushers.target: ushers work at a box office; 'page' is none",
        ),
        (
            USHERS.replace("each: 5", "count: 1, each: 5"),
            "x.yaml:9:33: load.ushers.count: expected a whole number of at least 2, found 1",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, line: str | None) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert found[0] == line or (line is None and found[0].endswith("has no unit; write 20s, 20ms or 20min"))


def attempted(outcome: str, backoff_s: float | None = None) -> hooks.CommandAttempted:
    return hooks.CommandAttempted("SellSeat", 1, outcome, backoff_s=backoff_s)


ATTEMPTS = [
    attempted("conflict", 0.0),
    attempted("written"),
    attempted("refused"),
    attempted("unchanged"),
    attempted("repeated"),
    attempted("conflict", 0.1),
    attempted("conflict"),
    attempted("conflict", 0.1),  # cut off: no attempt follows
]


def test_a_command_ends_as_its_last_attempt_did() -> None:
    counts = count_commands(ATTEMPTS)
    assert counts == CommandCounts(written=1, unchanged=1, repeated=1, refused=1, gave_up=1, attempts=8, conflicts=4)
    assert counts.total == 5
    assert count_commands([]) == CommandCounts()


@pytest.mark.parametrize(
    ("text", "measured", "met"),
    [
        ("commands.gave_up == 1", "1", True),
        ("commands.written >= 30%", "20 % (1 of 5)", False),
        ("commands.conflicts <= 60%", "50 % (4 of 8)", True),
        ("commands.conflicts > 4", "4", False),
        ("commands.attempts == 8", "8", True),
    ],
)
def test_a_line_about_commands_is_judged(tmp_path: Path, text: str, measured: str, met: bool) -> None:
    entries = [Entry(float(at), "desk", what) for at, what in enumerate(ATTEMPTS)]
    summary = summarise(entries, scenario(tmp_path), name="x", seed=1, clock="virtual", orders=0)
    line = judge(parse(text, ["desk"]), summary)
    assert (line.measured, line.met) == (measured, met)


def test_a_share_of_commands_that_never_were_cannot_be_told(tmp_path: Path) -> None:
    summary = summarise([], scenario(tmp_path), name="x", seed=1, clock="virtual", orders=0)
    assert judge(parse("commands.conflicts <= 60%", ["desk"]), summary).met is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("commands.attempts <= 10%", "a count that is no share of anything"),
        ("commands.gaveup == 0", "did you mean 'commands.gave_up'?"),
    ],
)
def test_a_line_that_means_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(Misread) as caught:
        parse(text, ["desk"])
    assert why in str(caught.value)


def begun(folder: Path, *sets: str) -> list[tuple[int, str]]:
    """When each client asked, and who, without a network and without rivals."""
    quick = ("network.latency=0s", "services.desk.boxoffice.hold=0s", "load.closed.thinking=1s")
    run = run_virtual(load(put(folder, DESK, orders=None), [*quick, *sets]))
    return sorted((round(entry.at), invoked.process) for entry, invoked in of_kind(run.entries, hooks.OperationInvoked))


def test_clients_begin_together_and_each_thinks_between_an_answer_and_the_next_question(tmp_path: Path) -> None:
    assert begun(tmp_path, "load.closed.clients=2", "load.closed.each=3") == [
        (second, f"client-{number}") for second in (0, 1, 2) for number in (1, 2)
    ]


def test_a_modelled_service_takes_a_closed_load_and_may_sell_seats_on_its_way(tmp_path: Path) -> None:
    summary = run_virtual(load(put(tmp_path, DESK, orders=None), ["load.closed.target=page"])).summary
    assert (summary.answers.ok, summary.calls["page"].ok, summary.commands.written) == (12, 12, 12)


def test_an_open_load_sells_seats_until_they_are_sold(tmp_path: Path) -> None:
    text = DESK.replace("closed: {target: desk, clients: 4, each: 3, thinking: exponential(1s)}", "open: OPEN")
    text = text.replace("OPEN", "{target: desk, rate: 10/s, for: 10s, arrivals: constant}")
    summary = run_virtual(load(put(tmp_path, text, orders=None))).summary
    assert (summary.commands.written, summary.commands.refused) == (60, summary.answers.failed)
    assert [line.valid for line in summary.invariants] == [True, True, True]


def test_a_sale_that_was_answered_and_then_lost_is_told_of(tmp_path: Path) -> None:
    """The store answers before it flushes, and the box office crashes in between."""
    text = DESK.replace("append: 4ms}", "append: 4ms, synchronous: write-back, flush_every: 10s}")
    text += "faults:\n  - {crash: desk, at: 6s, for: 1s}\n"
    summary = run_virtual(load(put(tmp_path, text, orders=None))).summary
    assert [line.name for line in summary.invariants if not line.valid] == ["no answered sale is lost"]


def test_a_call_that_is_repeated_sells_no_second_seat(tmp_path: Path) -> None:
    """Of all messages a third is lost on the way, and the client asks again with the same key."""
    lossy = ("network.loss=0.3", "policies.call_timeout=200ms", "policies.retry.attempts=30")
    summary = run_virtual(load(put(tmp_path, DESK, orders=None), lossy)).summary
    assert summary.call_retries > 0
    assert summary.commands.repeated > 0
    assert (summary.answers.ok, summary.commands.written) == (12, 12)
