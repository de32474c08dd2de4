"""Open loads of a file: rates that change, and requests as they were recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.errors import ScenarioInvalid
from eventlab.history import Entry, operations
from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.latencies import latencies_s, percentiles_ms
from eventlab.scenarios.loading import Loaded
from eventlab.simulation.workload import OpenLoad, Profile, Ramp, Rate, Replay, Spike, Steady

from .documents import MODELLED, put

TEXT = MODELLED.replace("{rate: 20/s, for: 60s, target: web}", "{target: web, LOAD}")


def loaded(folder: Path, words: str, recorded: str = "at,who\n30,b\n10,a\n50,c\n") -> Loaded:
    (folder / "log.csv").write_text(recorded)
    return load(put(folder, TEXT.replace("LOAD", words), orders=None))


RATES = [
    ("rate: 20/s", Steady(20)),
    ("ramp: {from: 0/s, to: 30/min, over: 1min}", Ramp(0, 0.5, 60)),
    ("spike: {rate: 1/s, peak: 50/s, at: 10s, for: 2s}", Spike(1, 50, 10, 2)),
    ("profile: [{rate: 1/s, for: 1h}, {rate: 0/s, for: 1min}]", Profile(((3600, 1), (60, 0)))),
]


@pytest.mark.parametrize(("words", "rate"), RATES)
def test_a_rate_that_changes_is_read(tmp_path: Path, words: str, rate: Rate) -> None:
    rule = loaded(tmp_path, f"{words}, for: 10s, count: 7, arrivals: constant").scenario.load.open
    assert rule is not None
    assert rule.as_load() == OpenLoad(rate, 10, 7, "even")


REPLAYS = [
    ("replay: {file: log.csv, column: at}", (0, 20, 40)),
    ("replay: {file: log.csv, column: at, faster: 4}", (0, 5, 10)),
    ("replay: {file: log.csv, column: at, rate: 1/s}", (0, 1, 2)),
    ("replay: {file: log.csv, column: at, unit: 500ms}, for: 15s", (0, 10)),
    ("replay: {file: log.csv, column: at, holds: gaps}, count: 2", (30, 40)),
]


@pytest.mark.parametrize(("words", "times_s"), REPLAYS)
def test_recorded_requests_are_read_in_order_pressed_together_and_cut(
    tmp_path: Path, words: str, times_s: tuple[float, ...]
) -> None:
    assert loaded(tmp_path, words).recorded == Replay(times_s)


def test_recorded_requests_come_when_they_were(tmp_path: Path) -> None:
    run = run_virtual(loaded(tmp_path, "replay: {file: log.csv, column: at}"))
    assert [round(one.invoked, 6) for one in operations(run.entries)] == [0, 20, 40]


def test_a_spike_is_where_it_was_put(tmp_path: Path) -> None:
    spike = "spike: {rate: 1/s, peak: 50/s, at: 10s, for: 2s}, for: 20s"
    came = [one.invoked for one in operations(run_virtual(loaded(tmp_path, spike)).entries)]
    assert 70 < sum(10 <= at_s < 12 for at_s in came) < 130  # three standard deviations
    assert 5 < sum(not 10 <= at_s < 12 for at_s in came) < 31


REFUSED = [
    ("rate: 20/s", "9:9: load.open.for: every load ends; say how long it goes on, 'for', or how many requests"),
    ("for: 10s", "9:9: load.open: expected exactly one of rate, ramp, spike, profile, replay"),
    ("rate: 1/s, ramp: {from: 1/s, to: 2/s, over: 1s}, for: 1s", "9:9: load.open: expected exactly one of rate,"),
    ("rate: 1/s, count: 2000000", "load.open.count: expected at most 1,000,000"),
    ("ramp: {from: 0/s, to: 0/s, over: 1s}, for: 1s", "load.open.ramp.to: expected a rate above zero"),
    ("ramp: {from: -1/s, to: 0/s, over: 1s}, for: 1s", "load.open.ramp.from: expected a rate of zero or more"),
    ("ramp: {from: 1/s, to: 4000/s, over: 1s}, for: 1h", "load.open.for: these rates for 1h are 14,398,000 requests"),
    ("profile: [], for: 1h", "load.open.profile: expected at least one step with a rate above zero"),
    ("spike: {rate: 1/s, peak: 0/s, at: 1s, for: 1s}, for: 1h", "load.open.spike.peak: expected a rate above zero"),
    ("replay: {file: lag.csv, column: at}", "9:38: load.open.replay.file: there is no file 'lag.csv'; did you mean"),
    (
        "replay: {file: log.csv, column: when}",
        "load.open.replay.file: column of log.csv is 'when'; expected one of at,",
    ),
    ("replay: {file: log.csv, column: who}", "load.open.replay.file: log.csv, line 2 is 'b'; expected a finite number"),
    ("replay: {file: log.csv}", "load.open.replay.file: log.csv, line 1 is 'at,who'; expected a finite number"),
    ("replay: {file: log.csv, column: at, faster: 0}", "load.open.replay.faster: expected a number above 0"),
    ("replay: {file: log.csv, column: at, faster: 2, rate: 1/s}", "load.open.replay.faster: expected either 'faster'"),
    ("replay: {file: log.csv, column: at, holds: gaps}, for: 5s", "load.open.replay.file: Replay.cut for_s is 5.0;"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_a_load_that_cannot_be_is_refused_with_its_place(tmp_path: Path, words: str, says: str) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        loaded(tmp_path, words)
    (line,) = str(caught.value).splitlines()[-1:]
    assert says in line


def test_latency_counts_from_where_a_request_was_to_come() -> None:
    invoked, late = hooks.OperationInvoked(1, "web", "work", "request-1"), hooks.OperationLate(1, 0.25)
    entries = [Entry(1, "front", invoked), Entry(1, "front", late), Entry(1.5, "front", hooks.OperationEnded(1, "ok"))]
    assert percentiles_ms(latencies_s(entries)) == {"p50": 750, "p95": 750, "p99": 750}
