"""A real run in a process of its own that is killed in the middle, and what its stores hold afterwards."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from eventlab.scenarios import load
from tests.cli.commands import SHOP, Told, ended, eventlab, sets, start, until

SERVICES = ("users", "orders", "payments", "inventory", "shipping")
SPEED = 8
CHANGES = sets(
    "load.orders.first=60", "faults.0.at=8s", "faults.0.for=8s", "policies.breaker.open_for=1s", "expectations=[]"
)
ORDERS = [order.id for order in load(SHOP, CHANGES[1::2]).orders]


class Event(NamedTuple):
    stream: str
    type: str
    data: dict[str, Any]
    occurred_at: str


class Shop:
    """A shop whose five stores lie in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def args(self, *more: str) -> list[str]:
        store = f"sqlite:///{self.folder}/shop-{{service}}.db?synchronous=NORMAL"
        out = str(self.folder / "run")
        return ["run", SHOP, *CHANGES, "--clock", "real", "--speed", str(SPEED), "--store", store, "--out", out, *more]

    def start(self, *more: str) -> subprocess.Popen[str]:
        return start(*self.args(*more), cwd=self.folder)

    def run(self, *more: str) -> Told:
        return eventlab(*self.args(*more))

    def killed(self, process: subprocess.Popen[str], *, sagas: int = 0, events: int = 0) -> None:
        """Kill it as soon as orders has that many sagas started and events kept, without a chance to say goodbye."""
        until(lambda: self.count("SagaStarted") >= sagas and self.count("%") >= events, process)
        process.kill()
        assert ended(process).code == -9

    def count(self, type_: str) -> int:
        """How many events of that type orders has kept; `%` stands for any."""
        return next(self._rows("orders", "SELECT count(*) FROM events WHERE type LIKE ?", type_), (0,))[0]

    def events(self, service: str) -> list[Event]:
        rows = self._rows(service, "SELECT stream, type, data, occurred_at FROM events ORDER BY position")
        return [Event(stream, type_, json.loads(data), at) for stream, type_, data, at in rows]

    def _rows(self, service: str, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        path = self.folder / f"shop-{service}.db"
        if not path.exists():
            return
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            try:
                yield from connection.execute(query, values).fetchall()
            except sqlite3.OperationalError:  # the tables are not there yet
                return

    def everything(self) -> dict[str, list[Event]]:
        return {service: self.events(service) for service in SERVICES}

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "run" / "summary.json").read_text())
        return found

    def assert_every_order_ran_once_and_all_is_in_order(self) -> None:
        summary = self.summary
        assert [line for line in summary["invariants"] if line["valid"] is not True] == []
        assert {line["name"] for line in summary["invariants"]} >= {"money is conserved", "stock is conserved"}
        sagas = summary["sagas"]
        assert sagas["started"] == sagas["completed"] + sagas["compensated"] == len(ORDERS) == 60
        assert sagas["completed"] > 20
        orders, payments, shipping = self.events("orders"), self.events("payments"), self.events("shipping")
        assert once(orders, "SagaStarted") == sorted(f"saga-{order}" for order in ORDERS)
        ended_ = [*once(orders, "SagaCompleted"), *once(orders, "CompensationCompleted")]
        assert sorted(ended_) == sorted(f"saga-{order}" for order in ORDERS)
        completed = [name.removeprefix("saga-") for name in once(orders, "SagaCompleted")]
        assert once(orders, "OrderConfirmed") == [f"order-{order}" for order in completed]
        assert once(payments, "PaymentCaptured") == [f"payment-{order}" for order in completed]
        assert once(shipping, "ShipmentDispatched") == [f"shipment-{order}" for order in completed]
        for events in self.everything().values():
            times = [event.occurred_at for event in events]
            assert times == sorted(times)  # the clock went on where it stood


def once(events: list[Event], type_: str) -> list[str]:
    """The streams that hold an event of that type, each of them one."""
    counts = Counter(event.stream for event in events if event.type == type_)
    assert set(counts.values()) <= {1}, counts.most_common(3)
    return sorted(counts)
