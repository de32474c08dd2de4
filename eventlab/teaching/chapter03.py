"""What chapter 3 needs beyond a few lines: runs by name, laws in words, two transfers, theory in a table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

from eventlab.naive.checkout import HastyOrders
from eventlab.scenarios import Run, load, run_virtual
from eventlab.services import DROP, PASS, Client, Envelope, Fate, InProcessTransport
from eventlab.shop import SERVICES, ServiceContext, bank
from eventlab.shop.banking import BANK
from eventlab.shop.comparison import Luck, run_checkouts
from eventlab.shop.matrix import STEPS, Matrix, fault_matrix
from eventlab.shop.settings import StepOrder
from eventlab.simulation import World
from eventlab.store import MemoryStore

from .checkout_day import ORDER, Day, NaiveOrders, day
from .participant import exercise
from .run_again import run_again
from .said import Said
from .table import Table

__all__ = [
    "LANES", "ORDER", "naive_day", "day", "law", "days", "missing_pieces", "matrices", "run_again", "run",
    "stuck_and_mended", "two_transfers", "locked", "Undone", "undone", "as_table", "exercise",
]  # fmt: skip

FOLDER = Path("../scenarios")
LANES: dict[str, Any] = {
    "steps": {step: place.service for step, place in STEPS.items()},
    "pivot": "capture_payment",
    "window_s": (0.5, 6),
}
"""The same lanes and the same axes for every picture of a checkout."""

ORDERS, RATES = 80, (0.05, 0.2, 0.5)

naive_day = partial(day, NaiveOrders)


def law(found: Day) -> Said:
    """Which laws the books break in the end, and because of what."""
    if not found.broken:
        return Said("All 9 laws hold.", "good")
    broken = "; ".join(f"“{name}” broke: {because}" for name, because in found.broken.items())
    return Said(f"The customer was told “{found.told}”. {broken}.", "bad")


def missing_pieces(found: Day) -> int:
    """Pieces that are off the shelf, though no order that goes through has them."""
    confirmed = [order for order, facts in found.books["orders"]["orders"].items() if facts["status"] == "confirmed"]
    kept = found.books["inventory"]["reservations"]
    return sum(sum(facts["items"].values()) for order, facts in kept.items() if order not in confirmed)


def days(**found: Day) -> Table:
    """How the books of one day stand beside those of another."""
    rows = [
        [
            label,
            one.told,
            one.books["orders"]["orders"][ORDER]["status"],
            one.books["payments"]["payments"].get(ORDER, {"status": "nothing"})["status"],
            one.books["inventory"]["reservations"].get(ORDER, {"status": "nothing"})["status"],
        ]
        for label, one in found.items()
    ]
    return Table(["", "customer told", "order", "money", "stock"], rows)


def matrices(seeds: Iterable[int] = (3,)) -> tuple[Matrix, Matrix]:
    """Each step against each fault: the naive checkout, and the sound one."""
    chosen = tuple(seeds)
    return fault_matrix(chosen, services={**SERVICES, "orders": HastyOrders}), fault_matrix(chosen)


def run(name: str, *sets: str, folder: Path = FOLDER) -> Run:
    """One run of a shipped scenario, with some of its values changed."""
    return run_virtual(load(folder / f"{name}.yaml", list(sets)))


def stuck_and_mended(**found: Run) -> Table:
    """Where the sagas of each run stand, and what the laws say."""
    rows = []
    for label, one in found.items():
        counts = one.summary.sagas
        broken = [line.name for line in one.summary.invariants if line.valid is not True]
        rows.append(
            [label, str(counts.completed), str(counts.compensated), str(counts.stuck), ", ".join(broken) or "none"]
        )
    return Table(["", "completed", "undone", "stuck", "broken laws"], rows)


class Transfers(NamedTuple):
    """How two transfers from one account ended, the second while the first was under way."""

    first: str
    second: str
    why: str


def two_transfers(locks: bool) -> Transfers:
    """Ada has 100. She sends 80, which cannot arrive and comes back, and a second later 40."""
    with World(3) as world:
        return world.run(_two_transfers(locks))


async def _two_transfers(locks: bool) -> Transfers:
    healed: list[bool] = []

    def fate(envelope: Envelope) -> Fate:
        return DROP if envelope.what == "Deposit" and not healed else PASS

    transport = InProcessTransport(fate)
    for name in ("north", "south"):
        service = bank.Bank(ServiceContext(name, MemoryStore(name, BANK.owns), Client(transport, name)), locks=locks)
        transport.serve(name, service.receive)
    front = Client(transport, "front", timeout_s=600)
    await front.call("north", bank.Open("ada", 100))
    await front.call("south", bank.Open("bo", 100, ceiling_cents=150))

    async def pay(name: str, cents: int) -> bank.Moved:
        wish = bank.Transfer(name, "ada", "south", "bo", cents)
        return await front.call("north", wish, key=name)

    first = asyncio.create_task(pay("first", 80))
    await asyncio.sleep(1)
    second = asyncio.create_task(pay("second", 40))
    await asyncio.sleep(1)
    healed.append(True)
    one, other = await first, await second
    return Transfers(one.status, other.status, other.reason)


def locked() -> Table:
    """The second transfer without a lock on the account, and with one."""
    rows = []
    for label, locks in (("no lock", False), ("lock on the account", True)):
        found = two_transfers(locks)
        rows.append([label, found.first, f"{found.second}{f': {found.why}' if found.why else ''}"])
    return Table(["", "first transfer", "second transfer"], rows)


class Undone(NamedTuple):
    """Steps undone per order, where a share is out of stock: measured over *orders*, with its 99 % interval."""

    first: StepOrder
    out_of_stock: float
    measured: float
    orders: int

    @property
    def each(self) -> int:
        """What a sold-out order has done before it finds out: with the money first it has also reserved that."""
        return 2 if self.first == "payment_first" else 1

    @property
    def expected(self) -> float:
        return self.each * self.out_of_stock

    @property
    def within(self) -> float:
        """Each order is sold out by itself, so the number of them is binomial."""
        spread: float = (self.out_of_stock * (1 - self.out_of_stock) / self.orders) ** 0.5
        return self.each * NormalDist().inv_cdf(0.995) * spread

    @property
    def agrees(self) -> bool:
        return abs(self.measured - self.expected) <= self.within


def undone(rates: Sequence[float] = RATES, orders: int = ORDERS, seed: int = 3) -> list[Undone]:
    """The same customers both ways, for each share."""
    ways: tuple[StepOrder, ...] = ("payment_first", "inventory_first")
    found = []
    for rate in rates:
        for way in ways:
            measured = run_checkouts(way, Luck(rate), orders, seed)["undone"]
            assert measured is not None
            found.append(Undone(way, rate, measured, orders))
    return found


def as_table(found: Iterable[Undone]) -> Table:
    """Expected and measured, a row for each share and each order of steps."""
    rows = [
        [
            f"{100 * one.out_of_stock:.0f} %",
            "money" if one.first == "payment_first" else "stock",
            f"{one.expected:.2f}",
            f"{one.measured:.2f}",
            f"± {one.within:.2f}",
            "yes" if one.agrees else "NO",
        ]
        for one in found
    ]
    return Table(["out of stock", "asked first", "expected", "measured", "99 %", "agrees"], rows)
