"""What a file says of a service's queue and of its store is what the run has."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.errors import RunRefused, ScenarioInvalid
from eventlab.history import of_kind
from eventlab.scenarios import run_real, run_virtual
from eventlab.scenarios.loading import load
from eventlab.scenarios.virtual import VirtualRun
from eventlab.simulation.modelled import ModelledService

from .documents import MODELLED, put

DESK = """\
question: Is a seat that was sold still sold?
services:
  desk:
    boxoffice: {seats: 400, sections: 20}
    store: {read: 0s, append: 10ms}
network: {latency: 1ms}
load:
  closed: {target: desk, clients: 20, each: 5, thinking: 50ms}
policies: {breaker: {enabled: false}}
"""

TWICE = """\
question: What does a page cost that asks its database three times?
services:
  web: {model: {latency: 1ms, calls: [db, db], optional: [db]}}
  db: {model: {latency: 1ms}}
network: {latency: 1ms}
load:
  open: {target: web, rate: 20/s, count: 20, arrivals: constant}
"""

LATER = "services.desk.store={append: 10ms, synchronous: write-back, flush_every: 100ms}"
CRASH = "faults=[{crash: desk, at: 150ms, for: 1s}]"


def lost(folder: Path, *sets: str) -> list[str]:
    entries = run_virtual(load(put(folder, DESK, orders=None), sets)).entries
    return [what.fault for _, what in of_kind(entries, hooks.StorageChanged) if what.on]


def test_a_queue_has_the_discipline_of_its_file(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, MODELLED, orders=None), ["services.web.model.discipline=lifo"])
    with VirtualRun(loaded) as run:
        web, db = run.assembly.services["web"], run.assembly.services["db"]
        assert isinstance(web, ModelledService) and isinstance(db, ModelledService)
        assert [each.replicas[0].discipline for each in (web, db)] == ["lifo", "fifo"]


def test_a_service_that_is_called_twice_is_asked_anew_and_not_once_more(tmp_path: Path) -> None:
    """Nobody tries again here: three calls of one database are what a request takes."""
    summary = run_virtual(load(put(tmp_path, TWICE, orders=None))).summary
    assert (summary.answers.ok, summary.calls["db"].ok, summary.call_retries) == (20, 60, 0)


def test_what_a_request_calls_when_it_is_tried_again_is_called_once_more(tmp_path: Path) -> None:
    late = ["policies.call_timeout=95ms", "policies.retry.attempts=2", "policies.breaker.enabled=false"]
    summary = run_virtual(load(put(tmp_path, TWICE, orders=None), [*late, "services.db.model.latency=30ms"])).summary
    assert (summary.answers.unknown, summary.calls["web"].total) == (20, 40)
    assert summary.call_retries == 20 + 60  # of web by who asks, and of the database by none: web is asked anew


def test_a_crash_takes_what_a_store_had_not_flushed_and_nothing_of_a_sound_one(tmp_path: Path) -> None:
    assert lost(tmp_path, LATER, CRASH) == ["unsynced writes lost"]
    assert lost(tmp_path, CRASH) == []


def test_a_disk_that_flushes_one_at_a_time_makes_twenty_wait(tmp_path: Path) -> None:
    path = put(tmp_path, DESK, orders=None)
    at_once = run_virtual(load(path)).summary.duration_s
    in_turn = run_virtual(load(path, ["services.desk.store.flushes_at_once=1"])).summary.duration_s
    assert at_once < 1 <= in_turn  # 100 flushes of 10 ms


@pytest.mark.parametrize(("key", "value"), [("target", "20ms"), ("interval", "1s")])
def test_a_target_is_only_for_a_discipline_that_has_one(tmp_path: Path, key: str, value: str) -> None:
    told = f"services.web.model.{key}={value}"
    with pytest.raises(ScenarioInvalid, match=f"web.model.{key}: goes with 'discipline: codel' or 'adaptive_lifo'"):
        load(put(tmp_path, MODELLED, orders=None), [told])
    assert load(put(tmp_path, MODELLED, orders=None), [told, "services.web.model.discipline=codel"])


@pytest.mark.parametrize(
    ("store", "problem"),
    [
        ("{synchronous: write-back}", "flush_every: 'flush_every' is missing"),
        ("{flush_every: 1s}", "flush_every: goes with 'synchronous: write-back'"),
        ("{reads_at_once: 0}", "reads_at_once: expected a whole number of at least 1, found 0"),
    ],
)
def test_a_store_that_cannot_be_is_refused(tmp_path: Path, store: str, problem: str) -> None:
    with pytest.raises(ScenarioInvalid, match=problem):
        load(put(tmp_path, DESK, orders=None), [f"services.desk.store={store}"])


def test_on_the_real_clock_no_store_pretends(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match=r"services\.desk\.store is written back later"):
        run_real(load(put(tmp_path, DESK, orders=None), [LATER]))
