"""Killed at any moment and resumed, a real run finishes every saga, and no order runs twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.cli.commands import until

from .killing import ORDERS, Shop


def test_killed_in_the_middle_and_resumed_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.killed(shop.start(), sagas=12)
    before = shop.everything()
    again = shop.run()
    assert again.code == 2 and again.out == ""
    assert "events of an earlier run: go on with that by --resume, or choose another --store" in again.err
    assert shop.everything() == before
    assert len(before["orders"]) > 100 and shop.count("SagaStarted") < len(ORDERS)
    resumed = shop.run("--resume", "--quiet")
    assert (resumed.code, resumed.err) == (0, "")
    assert {service: events[: len(before[service])] for service, events in shop.everything().items()} == before
    shop.assert_every_order_ran_once_and_all_is_in_order()
    after, sagas = shop.everything(), shop.summary["sagas"]
    assert shop.run("--resume", "--quiet").code == 0  # resumed once more, when all has ended: nothing is left to do
    assert (shop.everything(), shop.summary["sagas"]) == (after, sagas)


def test_killed_during_the_outage_it_resumes_into_the_rest_of_the_outage(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.killed(shop.start(), sagas=20)
    shop.run("--resume", "--quiet")
    shop.assert_every_order_ran_once_and_all_is_in_order()
    (outage,) = shop.summary["faults"]
    assert 8.0 < outage["began_s"] < 15.0
    assert 8.0 < shop.summary["resumed_s"] <= outage["began_s"]
    assert outage["ended_s"] > 15.9


def test_stores_of_other_orders_are_not_resumed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.killed(shop.start(), sagas=12)
    other = shop.run("--resume", "--set", "load.orders.first=5")
    assert other.code == 2 and other.out == ""
    assert "checkouts that this scenario does not have, such as 1997-01-0" in other.err


def test_a_run_is_resumed_as_itself_alone_and_by_one_process_at_a_time(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    process = shop.start()
    until(lambda: shop.count("SagaStarted") >= 5, process)
    second = shop.run("--resume")
    assert second.code == 2 and second.out == ""
    assert second.err.startswith("another run is using the stores of sqlite:///")
    shop.killed(process, sagas=12)
    before = shop.everything()
    for changes, says in (
        (["--seed", "5"], "are of another run: the seed was 1997 and is 5 now. Resume with "),
        (["--set", "stock.opening=7"], "are of another run: the scenario or its --set is another. Resume with "),
    ):
        told = shop.run("--resume", *changes)
        assert told.code == 2 and told.out == ""
        assert says in told.err
    assert shop.everything() == before


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_twenty_kills_at_random_points_change_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    shop = Shop(tmp_path)
    for kill in range(20):
        process = shop.start(*(["--resume"] if kill else []))
        shop.killed(process, events=shop.count("%") + chance.randint(1, 30))
    shop.run("--resume", "--quiet")
    shop.assert_every_order_ran_once_and_all_is_in_order()
