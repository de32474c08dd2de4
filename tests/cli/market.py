"""The shop as five processes on SQLite files, one of which may be killed, and a customer in a process of its own."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from eventlab.shop import OWNS, SERVICES, audit, check_shop
from eventlab.store import open_store
from eventlab.testing import run
from tests.cli.commands import Told, ended, start, until
from tests.sources import ROOT

ORDERS = str(ROOT / "data" / "cdnow_orders.csv")


class Market:
    """Five services in *folder*, each with its file and its address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.addresses: dict[str, str] = {}

    def open(self, *more: str) -> None:
        """Start all five, orders last and with what *more* it is told, and wait until each says that it is ready."""
        others = [name for name in SERVICES if name != "orders"]
        for name in others:
            self.start(name)
        for name in others:
            self.wait(name)
        self.start("orders", *more)
        self.wait("orders")

    def start(self, name: str, *more: str) -> None:
        """A new life of that service, at the address that it had before."""
        port = self.addresses[name].rpartition(":")[2] if name in self.addresses else "0"
        called = ("payments", "inventory", "shipping") if name == "orders" else ()
        peers = [word for each in called for word in ("--peer", f"{each}={self.addresses[each]}")]
        args = "shop", "serve", name, "--port", port, "--store", f"{self.url(name)}?synchronous=NORMAL", *peers, *more
        self.processes[name] = start(*args, cwd=self.folder)

    def wait(self, name: str) -> None:
        out = self.processes[name].stdout
        assert out is not None
        line = out.readline()
        assert line.startswith(f"{name} is ready at http://"), self.processes[name].communicate()
        self.addresses[name] = line.split()[4].rstrip(",")

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder}/{name}.db"

    def kill(self, name: str) -> None:
        """Without a chance to say goodbye."""
        self.processes[name].kill()
        assert ended(self.processes.pop(name)).code == -9

    def stop(self) -> dict[str, Told]:
        """Ask all that run to stop, as a system does, and give back what they said."""
        for process in self.processes.values():
            process.terminate()
        return {name: ended(self.processes.pop(name)) for name in SERVICES if name in self.processes}

    def customer(self, limit: int, *more: str) -> subprocess.Popen[str]:
        peers = [word for each in ("users", "inventory") for word in ("--peer", f"{each}={self.addresses[each]}")]
        args = "shop", "checkout", "--orders", ORDERS, "--limit", str(limit), "--url", self.addresses["orders"]
        return start(*args, *peers, *more, cwd=self.folder)

    def count(self, name: str, type_: str = "%") -> int:
        """How many events of that type a service has kept; `%` stands for any."""
        path = self.folder / f"{name}.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            try:
                found = connection.execute("SELECT count(*) FROM events WHERE type LIKE ?", (type_,)).fetchone()
            except sqlite3.OperationalError:  # the tables are not there yet
                return 0
        return int(found[0])

    def kill_orders_and_start_again(self, events: int, customer: subprocess.Popen[str]) -> None:
        """Kill orders as soon as it has kept so many events, while *customer* is asking."""
        until(lambda: self.count("orders") >= events, customer)
        self.kill("orders")
        self.start("orders")
        self.wait("orders")

    def broken(self) -> list[str]:
        """The invariants that do not hold, by what the five files say."""
        return [str(result) for result in check_shop(run(self._audits())) if result.valid is not True]

    async def _audits(self) -> dict[str, Any]:
        audits = {}
        for name in SERVICES:
            store = open_store(self.url(name), name=name, owns=OWNS[name])
            audits[name] = await audit(name, store)
            await store.close()
        return audits

    def ends(self) -> Counter[str]:
        """How often each checkout ended."""
        query = "SELECT stream FROM events WHERE type IN ('SagaCompleted', 'CompensationCompleted')"
        with closing(sqlite3.connect(self.folder / "orders.db", timeout=10)) as connection:
            return Counter(stream for (stream,) in connection.execute(query))


@contextmanager
def market(folder: Path, *more: str) -> Iterator[Market]:
    """An open market; what still runs at the end is killed."""
    opened = Market(folder)
    try:
        opened.open(*more)
        yield opened
    finally:
        for process in opened.processes.values():
            process.kill()
            process.communicate()
