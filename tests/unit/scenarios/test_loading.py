"""A good file gives the scenario that it says; a bad one gives every problem, each in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.scenarios.breaking import Crash, Partition
from eventlab.scenarios.loading import from_document, load
from eventlab.scenarios.model import ModelledService, ShopService
from eventlab.simulation.distributions import Exponential

from .documents import MODELLED, SHOP, problems, put


def test_a_small_file_gives_a_whole_scenario_with_defaults(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, SHOP))
    scenario = loaded.scenario
    assert loaded.name == "x"
    assert scenario.question == "Does it hold?"
    assert list(scenario.services) == ["users", "orders", "payments", "inventory", "shipping"]
    assert isinstance(scenario.services["orders"], ShopService)
    assert scenario.policies.call_timeout_s == 1.0
    assert len(loaded.orders) == 6


def test_a_modelled_topology_needs_no_code_and_no_orders(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, MODELLED, orders=None))
    web = loaded.scenario.services["web"]
    assert isinstance(web, ModelledService)
    assert (web.model.latency, web.model.capacity, web.model.calls) == (Exponential(0.02), 4, ("db",))
    assert loaded.scenario.load.open is not None
    assert loaded.orders == ()


def test_faults_are_told_apart_by_their_first_key(tmp_path: Path) -> None:
    text = SHOP + (
        "faults:\n"
        "  - {partition: [[orders], [payments, front]], at: 1min, for: 30s, one_way: true}\n"
        "  - {crash: payments, at: 0s, for: 250ms}\n"
    )
    assert load(put(tmp_path, text)).scenario.faults == (
        Partition(partition=(("orders",), ("payments", "front")), at_s=60.0, for_s=30.0, one_way=True),
        Crash(crash="payments", at_s=0.0, for_s=0.25),
    )


def test_the_kept_document_gives_the_same_scenario_again(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, SHOP), ["seed=7", "policies.breaker.enabled=false"])
    assert from_document(loaded.document) == loaded.scenario


def test_anchors_share_values(tmp_path: Path) -> None:
    text = SHOP.replace("{shop: users}", "{shop: users, store: &disk {read: 2ms}}").replace(
        "{shop: orders}", "{shop: orders, store: *disk}"
    )
    services = load(put(tmp_path, text)).scenario.services
    assert services["users"].store == services["orders"].store  # type: ignore[union-attr]


@pytest.mark.parametrize("at", ["beside", "above", "in the working directory"])
def test_the_orders_file_is_looked_for_in_three_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    folder = tmp_path / "project" / "scenarios"
    elsewhere = tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    elsewhere.mkdir()
    path = put(folder, SHOP)
    target = {"beside": folder, "above": folder.parent, "in the working directory": elsewhere}[at]
    (folder / "orders.csv").rename(target / "orders.csv")
    monkeypatch.chdir(elsewhere)
    assert len(load(path).orders) == 6


def test_plain_tags_written_out_and_a_quoted_merge_sign_mean_what_they_say(tmp_path: Path) -> None:
    load(put(tmp_path, MODELLED.replace("services:", "services: !!map").replace("calls: [", "calls: !!seq [")))
    assert problems(put(tmp_path, MODELLED + '"<<": {}\n'))[0].startswith("x.yaml:10:1: <<: unknown key; ")


def test_a_file_that_is_far_too_large_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = put(tmp_path, "[" * 200_001)
    assert problems(path) == ["x.yaml: holds 200,001 bytes; a scenario has at most 200 kB"]


def test_a_million_requests_are_not_too_many(tmp_path: Path) -> None:
    load(put(tmp_path, MODELLED.replace("20/s, for: 60s", "1000/s, for: 1000s")))


def test_a_file_that_is_not_there_names_the_nearest_one(tmp_path: Path) -> None:
    put(tmp_path, SHOP, name="outage.yaml")
    assert problems(tmp_path / "outtage.yaml") == ["outtage.yaml: there is no such file; did you mean 'outage.yaml'?"]


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    assert problems(folder) == ["scenarios: is a folder; name a scenario file in it"]


def test_what_a_key_holds_reaches_no_terminal_as_a_control_sequence(tmp_path: Path) -> None:
    assert problems(put(tmp_path, SHOP + '"a\\e[31m\\nb": 1\n')) == [
        "x.yaml:10:1: a\\x1b[31m\\nb: unknown key; known here are "
        "question, seed, services, network, load, stock, faults, policies, expectations"
    ]


def test_deep_nesting_and_endless_anchors_are_problems_not_crashes(tmp_path: Path) -> None:
    assert problems(put(tmp_path, "[" * 500)) == ["x.yaml:1:1: nested far too deeply to be a scenario"]
    laughs = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert any("more than 10000 values" in line for line in problems(put(tmp_path, laughs)))


def test_the_problems_of_the_orders_file_come_with_those_of_the_scenario(tmp_path: Path) -> None:
    path = put(tmp_path, SHOP + "sed: 1\n", orders="date,customer_id,quantity,amount_cents\n1997-13-01,1,1,5\n")
    assert problems(path) == [
        "x.yaml:10:1: sed: unknown key; did you mean 'seed'?",
        "orders.csv:2:1: date: expected a date such as 1997-01-31; found '1997-13-01'",
    ]
