"""The faults of a scenario file: what is written is what befalls the run, for as long as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import RunRefused, ScenarioInvalid
from eventlab.history import Entry, of_kind
from eventlab.scenarios import run_real, run_virtual
from eventlab.scenarios.course import faults_of
from eventlab.scenarios.loading import Loaded, load
from eventlab.simulation import (
    BitFlipFault,
    ClockFault,
    Constant,
    CrashFault,
    DegradationFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    Exponential,
    Fault,
    FlappingFault,
    IsolationFault,
    PartitionFault,
    PauseFault,
    SlowFault,
)

from .documents import MODELLED, SHOP, put

WHEN: dict[str, Any] = {"at_s": 5, "for_s": 2}

WRITTEN: list[tuple[str, Fault]] = [
    ("partition: [[orders], [users, front]]", PartitionFault(left=("orders",), right=("users", "front"), **WHEN)),
    (
        "partition: [[orders], [users]], one_way: true, in_flight: lost, seen_as: broken",
        PartitionFault(left=("orders",), right=("users",), one_way=True, in_flight="lost", seen_as="broken", **WHEN),
    ),
    (
        "partition: [[orders], [users]], flapping: 4s, in_flight: lost, seen_as: silence",
        FlappingFault(left=("orders",), right=("users",), period_s=4, in_flight="lost", seen_as="silence", **WHEN),
    ),
    ("isolate: users", IsolationFault(node="users", **WHEN)),
    ("degrade: users, latency_factor: 3", DegradationFault(left=("users",), latency_factor=3, **WHEN)),
    (
        "degrade: front, towards: [users, orders], one_way: true, extra_latency: exponential(20ms), loss: 1%, "
        "duplicate: 2%, reorder: 3%, holding: 1s, bandwidth: 8kbit/s",
        DegradationFault(
            left=("front",), right=("users", "orders"), one_way=True, extra_latency=Exponential(0.02), loss=0.01,
            duplication=0.02, reordering=0.03, holding=Constant(1), bandwidth_bytes_s=1000, **WHEN,
        ),
    ),
    ("crash: users", CrashFault(node="users", **WHEN)),
    ("pause: users", PauseFault(node="users", **WHEN)),
    ("slow: users, factor: 3", SlowFault(node="users", factor=3, **WHEN)),
    ("slow: users", SlowFault(node="users", factor=10, **WHEN)),
    ("clock: users, ahead: 30s", ClockFault(node="users", offset_s=30, **WHEN)),
    ("clock: users, behind: 30s", ClockFault(node="users", offset_s=-30, **WHEN)),
    ("stall: users", DiskStallFault(disk="users", **WHEN)),
    ("slow_disk: users, factor: 3", DiskSlowFault(disk="users", factor=3, **WHEN)),
    ("full: users", DiskFullFault(disk="users", **WHEN)),
    ("flip_bit: users", BitFlipFault(store="users", **WHEN)),
    ("flip_bit: users, stream: user-3", BitFlipFault(store="users", stream="user-3", **WHEN)),
]  # fmt: skip


@pytest.mark.parametrize(("written", "fault"), WRITTEN, ids=[written for written, _ in WRITTEN])
def test_what_is_written_is_what_is_played(tmp_path: Path, written: str, fault: Fault) -> None:
    loaded = load(put(tmp_path, f"{SHOP}faults: [{{{written}, at: 5s, for: 2s}}]\n"))
    assert faults_of(loaded.scenario).faults == (fault,)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("degrade: users", "faults[0].degrade: nothing is worse; expected latency_factor, extra_latency, loss"),
        ("degrade: users, towards: [orders]", "faults[0].degrade: nothing is worse"),
        ("degrade: users, loss: 1%, towards: [users]", "faults[0].towards: a link joins two services; 'users' stands"),
        ("degrade: users, loss: 1%, towards: [order]", "faults[0].towards[0]: no service 'order'; did you mean"),
        ("degrade: users, loss: 1%, holding: 1s", "faults[0].holding: holds nothing back without 'reorder'"),
        ("degrade: users, loss: 120%", "faults[0].loss: '120%' is not a probability"),
        ("degrade: users, latency_factor: 0.5", "faults[0].latency_factor: expected a number of at least 1, found 0.5"),
        ("degrade: front, duplicate: 1%", "faults[0].duplicate: links that are fifo neither duplicate nor reorder"),
        ("degrade: front, reorder: 1%", "faults[0].reorder: links that are fifo neither duplicate nor reorder"),
        ("flip_bit: front", "faults[0].flip_bit: no service 'front'; there are"),
        ("flip_bit: users, stream: ''", "faults[0].stream: expected a text"),
        ("clock: users", "faults[0].clock: expected one of ahead and behind"),
        ("clock: users, ahead: 10000000h", "faults[0].ahead: expected at most a hundred years"),
    ],
)
def test_what_cannot_befall_anything_is_refused_by_its_key(tmp_path: Path, fault: str, problem: str) -> None:
    text = f"{SHOP}network: {{fifo: true}}\nfaults: [{{{fault}, at: 5s, for: 2s}}]\n"
    with pytest.raises(ScenarioInvalid) as caught:
        load(put(tmp_path, text))
    assert any(problem in line for line in caught.value.problems), caught.value.problems


def test_a_link_that_is_not_fifo_may_be_degraded_beside_others_that_are(tmp_path: Path) -> None:
    network = "network: {fifo: true, links: [{from: users, to: orders, fifo: false}]}"
    load(put(tmp_path, f"{SHOP}{network}\nfaults: [{{degrade: users, reorder: 1%, at: 5s, for: 2s}}]\n"))


@pytest.mark.parametrize("key", ["flip_bit", "full", "stall", "slow_disk"])
def test_what_keeps_nothing_has_no_disk_and_no_bits(tmp_path: Path, key: str) -> None:
    with pytest.raises(ScenarioInvalid, match="'db' is a modelled service, which keeps nothing on a disk"):
        load(put(tmp_path, f"{MODELLED}faults: [{{{key}: db, at: 5s, for: 2s}}]\n", orders=None))


def modelled(folder: Path, fault: str, *sets: str) -> Loaded:
    text = f"{MODELLED}network: {{latency: 1ms}}\nfaults: [{{{fault}}}]\n"
    return load(put(folder, text, orders=None), ["services.web.model.latency=1ms", "load.open.for=9s", *sets])


def travelling_s(entries: list[Entry]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """When each message was sent, and how long it took, by its way."""
    sent = {what.id: (entry.at, (what.source, what.target)) for entry, what in of_kind(entries, hooks.MessageSent)}
    took: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for entry, what in of_kind(entries, hooks.MessageArrived):
        sent_s, way = sent[what.id]
        took.setdefault(way, []).append((sent_s, entry.at - sent_s))
    return took


def test_links_are_degraded_in_their_time_and_no_others(tmp_path: Path) -> None:
    run = run_virtual(modelled(tmp_path, "degrade: db, latency_factor: 20, at: 3s, for: 3s"))
    for way, messages in travelling_s(run.entries).items():
        slow = [sent_s for sent_s, took_s in messages if took_s == pytest.approx(0.020)]
        expected = [sent_s for sent_s, _ in messages if "db" in way and 3 <= sent_s < 6]
        assert slow == expected
        assert ("db" in way) == bool(slow)


def test_both_clocks_meet_the_same_degradation(tmp_path: Path) -> None:
    short = "load.open={target: web, rate: 200/s, count: 3}"
    for run in (run_virtual, run_real):
        loaded = modelled(tmp_path, "degrade: front, towards: [web], duplicate: 100%, at: 0s, for: 100ms", short)
        assert len(list(of_kind(run(loaded).entries, hooks.MessageDuplicated))) > 0


def test_a_bit_flips_in_its_time_and_is_put_right(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, f"{SHOP}faults: [{{flip_bit: users, at: 2s, for: 30s}}]\n"))
    run = run_virtual(loaded)
    told = [(entry.at, what.storage, what.on) for entry, what in of_kind(run.entries, hooks.StorageChanged)]
    assert told == [(2, "users", True), (32, "users", False)]


@pytest.mark.parametrize(
    ("written", "fault"),
    [("stall: payments", "disk stall"), ("slow_disk: payments", "slow disk"), ("full: payments", "full disk")],
)
def test_the_disk_that_is_named_is_the_one_it_befalls(tmp_path: Path, written: str, fault: str) -> None:
    run = run_virtual(load(put(tmp_path, f"{SHOP}faults: [{{{written}, at: 1s, for: 2s}}]\n")))
    told = [(entry.at, what.storage, what.fault, what.on) for entry, what in of_kind(run.entries, hooks.StorageChanged)]
    assert told == [(1, "payments", fault, True), (3, "payments", fault, False)]


@pytest.mark.parametrize(
    ("written", "states"),
    [
        ("crash: payments", ["crashed", "up"]),
        ("pause: payments", ["paused", "resumed"]),
        ("slow: payments", ["slowed", "restored"]),
    ],
)
def test_the_node_that_is_named_is_the_one_it_befalls(tmp_path: Path, written: str, states: list[str]) -> None:
    run = run_virtual(load(put(tmp_path, f"{SHOP}faults: [{{{written}, at: 1s, for: 2s}}]\n")))
    told = [(entry.at, what.name, what.state) for entry, what in of_kind(run.entries, hooks.NodeChanged)]
    assert told == [(at, "payments", state) for at, state in zip((1, 3), states, strict=True)]


def test_the_real_clock_flips_no_bits(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, f"{SHOP}faults: [{{flip_bit: users, at: 2s, for: 1s}}]\n"))
    with pytest.raises(RunRefused, match=r"faults\.0 is a bit flip of 'users'"):
        run_real(loaded)
