"""The shop as real processes: sold in, stopped, killed at any moment, and started again."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import httpx
import pytest

from eventlab.shop import SERVICES
from tests.cli.commands import ended, until

from .market import Market, market


def check_every_order_ended_once(shop: Market, orders: int) -> None:
    """By the five files alone, once everything is at rest."""
    until(lambda: sum(shop.ends().values()) >= orders, shop.processes["orders"])
    assert shop.stop() == {name: (0, f"{name} has stopped\n", "") for name in SERVICES}
    assert shop.broken() == []
    assert (len(shop.ends()), set(shop.ends().values())) == (orders, {1})


def test_orders_killed_five_times_ends_every_order_once_and_asked_again_they_are_the_same(here: Path) -> None:
    with market(here) as shop:
        customer = shop.customer(30, "--stock", "4", "--format", "json")
        for kill in range(5):
            shop.kill_orders_and_start_again(60 + 90 * kill, customer)
        told = ended(customer)
        assert (told.code, told.err) == (0, "")
        sold = json.loads(told.out)["statuses"]
        assert sold["completed"] + sold["compensated"] == 30 and min(sold.values()) > 3

        before = {name: shop.count(name) for name in shop.processes}
        again = ended(shop.customer(30, "--stock", "4"))
        assert {name: shop.count(name) for name in shop.processes} == before
        assert (again.code, again.err) == (0, "")
        for line in (f"{sold['completed']}  completed", f"{sold['compensated']}  undone", "refused (out_of_stock)"):
            assert line in again.out
        other = ended(shop.customer(30, "--seed", "7"))  # other titles under the same ids
        assert other.code == 1 and "refused (differs)" in other.out

        ready = httpx.get(f"{shop.addresses['users']}/health/ready", trust_env=False)
        assert (ready.status_code, ready.json()) == (200, {"service": "users", "ready": True})
        check_every_order_ended_once(shop, 30)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process cannot be paused here")
def test_what_orders_could_not_finish_before_it_was_stopped_is_finished_by_its_next_life(here: Path) -> None:
    with market(here, "--grace", "0") as shop:
        shop.processes["payments"].send_signal(signal.SIGSTOP)  # whoever asks it waits
        customer = shop.customer(3)
        until(lambda: shop.count("orders", "OrderCreated") >= 3, customer)
        shop.processes["orders"].send_signal(signal.SIGINT)  # Ctrl-C
        told = ended(shop.processes.pop("orders"))
        customer.kill()  # whoever asked is gone for good
        customer.communicate()
        assert (told.code, told.err) == (0, "")
        assert told.out == "orders has stopped; 3 unfinished checkouts are taken up by the next start\n"
        shop.processes["payments"].send_signal(signal.SIGCONT)
        shop.start("orders")
        shop.wait("orders")
        check_every_order_ended_once(shop, 3)


@pytest.mark.soak
def test_a_hundred_kills_at_random_points_change_nothing(here: Path) -> None:
    chance = random.Random(1997)
    with market(here) as shop:
        customer = shop.customer(800, "--stock", "100", "--patience", "600")
        for _ in range(100):
            shop.kill_orders_and_start_again(shop.count("orders") + chance.randint(1, 120), customer)
        assert ended(customer, within_s=600).code == 0
        check_every_order_ended_once(shop, 800)
