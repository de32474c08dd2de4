"""The network of a scenario: what a file says of messages is what befalls them, and contradictions are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.errors import ScenarioInvalid
from eventlab.history import Entry
from eventlab.scenarios import run_real, run_virtual
from eventlab.scenarios.linking import USUAL
from eventlab.scenarios.loading import load
from eventlab.scenarios.model import Scenario
from eventlab.simulation import MOBILE, ONE_HOST, REGIONS, Constant, Link, LogNormal

from .documents import MODELLED, put


def scenario(folder: Path, network: str) -> Scenario:
    return load(put(folder, f"{MODELLED}network: {network}\n", orders=None)).scenario


def entries(folder: Path, network: str, *more: str) -> list[Entry]:
    sets = ["load.open.for=10s", "services.web.model.latency=1ms", "services.db.model.latency=1ms", *more]
    return run_virtual(load(put(folder, f"{MODELLED}network: {network}\n", orders=None), sets)).entries


def lost(told: list[Entry]) -> set[str]:
    return {entry.what.reason for entry in told if isinstance(entry.what, hooks.MessageLost)}


def test_a_file_that_says_nothing_of_its_network_has_the_usual_one(tmp_path: Path) -> None:
    rules = scenario(tmp_path, "{}").network
    assert rules.link("web", "db") == USUAL == Link(LogNormal(0.002, 0.3))


def test_every_manner_of_a_link_has_its_key(tmp_path: Path) -> None:
    text = (
        "{latency: 1ms, loss: 1%, duplicate: 2%, reorder: 3%, holding: 5ms, bandwidth: 8kbit/s, queue_limit: 2kB, "
        "links: [{between: [web, db], latency: 8ms, duplicate: 0, reorder: 0, fifo: true, bandwidth: 1MB/s}]}"
    )
    rules = scenario(tmp_path, text).network
    assert rules.link("front", "web") == Link(
        Constant(0.001), 0.01, 0.02, 0.03, Constant(0.005), bandwidth_bytes_s=1000, queue_limit_bytes=2000
    )
    assert rules.link("db", "web") == Link(
        Constant(0.008), 0.01, holding=Constant(0.005), fifo=True, bandwidth_bytes_s=1e6, queue_limit_bytes=2000
    )


def test_a_one_way_link_leaves_the_way_back_as_it_is_and_the_last_rule_counts(tmp_path: Path) -> None:
    text = "{latency: 1ms, links: [{between: [web, db], latency: 5ms}, {from: web, to: db, loss: 50%}]}"
    rules = scenario(tmp_path, text).network
    assert rules.link("web", "db") == Link(Constant(0.001), 0.5)
    assert rules.link("db", "web") == Link(Constant(0.005))


def test_a_preset_is_told_by_name_and_what_is_said_beside_it_holds_in_its_place(tmp_path: Path) -> None:
    plain = scenario(tmp_path, "{preset: one_host}").network
    assert plain.link("web", "db") == ONE_HOST.links["anywhere", "anywhere"]
    placed = scenario(tmp_path, "{preset: mobile, loss: 0, placement: {front: phone, web: server, db: server}}").network
    up = MOBILE.links["phone", "server"]
    assert placed.link("front", "web") == Link(up.latency, 0, bandwidth_bytes_s=up.bandwidth_bytes_s)
    far = scenario(tmp_path, "{preset: regions, placement: {front: eu-de, web: eu-de, db: jp-tok}}").network
    assert far.link("web", "db") == REGIONS.links["eu-de", "jp-tok"]


def test_a_run_meets_the_network_of_its_file(tmp_path: Path) -> None:
    text = (
        "{latency: 1ms, duplicate: 100%, links: [{from: web, to: front, latency: exponential(20ms), "
        "bandwidth: 1B/s, queue_limit: 0B}]}"
    )
    told = entries(tmp_path, text)
    ways = {
        (sent.source, sent.target): sent.id
        for sent in (each.what for each in told)
        if isinstance(sent, hooks.MessageSent)
    }
    copied = {each.what.id for each in told if isinstance(each.what, hooks.MessageDuplicated)}
    assert {ends for ends, number in ways.items() if number in copied} >= {("front", "web"), ("web", "db")}
    assert lost(told) == {"queue full"}


@pytest.mark.parametrize(("seen_as", "outcome"), [("silence", "unknown"), ("broken", "unavailable")])
def test_a_file_says_what_the_ends_of_a_cut_notice(tmp_path: Path, seen_as: str, outcome: str) -> None:
    cut = "faults=[{partition: [[web], [db]], at: 0s, for: 10s}]"
    told = entries(tmp_path, f"{{latency: 1ms, cuts_seen_as: {seen_as}}}", cut, "policies.breaker.enabled=false")
    ends = [entry.what for entry in told if isinstance(entry.what, hooks.CallEnded) and entry.at < 9]
    assert {end.outcome for end in ends if end.target == "db"} == {outcome}


def test_both_clocks_meet_the_same_network(tmp_path: Path) -> None:
    text = "{latency: 1ms, links: [{from: web, to: front, duplicate: 100%}]}"
    quick = ["load.open={target: web, rate: 200/s, count: 3}", "services.web.model.latency=1ms"]
    loaded = load(put(tmp_path, f"{MODELLED}network: {text}\n", orders=None), quick)
    sent_and_copied = [
        [
            sum(isinstance(entry.what, kind) for entry in run.entries)
            for kind in (hooks.MessageSent, hooks.MessageDuplicated)
        ]
        for run in (run_virtual(loaded), run_real(loaded))
    ]
    assert sent_and_copied == [[12, 3], [12, 3]]


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        ("{links: [{latency: 1ms}]}", "network.links[0]: expected exactly one of between, from"),
        (
            "{links: [{from: web, latency: 1ms}]}",
            "network.links[0].to: 'to' is missing: where the way from there leads",
        ),
        (
            "{links: [{from: web, to: web}]}",
            "network.links[0].to: a link joins two services; 'web' stands on both ends",
        ),
        ("{links: [{from: web, to: bd}]}", "network.links[0].to: no service 'bd'; there are web, db, front"),
        ("{fifo: true, duplicate: 1%}", "network.fifo: a link that is fifo neither duplicates nor reorders"),
        (
            "{reorder: 1%, links: [{between: [web, db], fifo: true}]}",
            "10:59: network.links[0].fifo: a link that is fifo neither duplicates nor reorders",
        ),
        (
            "{fifo: true, links: [{between: [web, db], reorder: 1%}]}",
            "network.links[0]: a link that is fifo neither duplicates nor reorders",
        ),
        (
            "{holding: 5ms}",
            "network.holding: holds nothing back without 'reorder', the share of messages that it is for",
        ),
        ("{queue_limit: 5kB}", "network.queue_limit: nothing waits without a 'bandwidth'"),
        ("{bandwidth: 5}", "network.bandwidth: 5 has no unit; write 5kB/s or 5Mbit/s"),
        ("{bandwidth: 0B/s}", "network.bandwidth: expected a bandwidth above zero, found '0B/s'"),
        ("{queue_limit: 0.5B}", "network.queue_limit: expected a whole number of bytes, zero or more, found '0.5B'"),
        ("{preset: one_hots}", "network.preset: found 'one_hots'; did you mean 'one_host'?"),
        ("{preset: mobile}", "network.placement: 'placement' is missing: where each service is, one of server, phone"),
        ("{placement: {web: phone}}", "network.placement: goes with a preset that has places, regions or mobile"),
        (
            "{preset: one_host, placement: {web: phone}}",
            "network.placement: goes with a preset that has places, regions or mobile; of one_host there is one alone",
        ),
        (
            "{preset: mobile, placement: {web: server, db: sever, front: phone}}",
            "network.placement: db is in 'sever'; expected one of server, phone",
        ),
        (
            "{preset: mobile, placement: {web: server, bd: server, front: phone}}",
            "network.placement.bd: no service 'bd'; there are web, db, front",
        ),
        ("{preset: mobile, placement: {web: server, db: server}}", "network.placement: does not say where front is"),
        ("{cuts_seen_as: noise}", "network.cuts_seen_as: found 'noise'; expected one of silence, broken"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(tmp_path: Path, network: str, problem: str) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        scenario(tmp_path, network)
    assert any(line.endswith(problem) for line in caught.value.problems), caught.value.problems
