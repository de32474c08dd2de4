"""``eventlab shop checkout``: real orders of a file for a shop that is running, asked for until each has its answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import typer

from .. import runtime
from ..errors import EventlabError, Refused, RunRefused, ScenarioInvalid, UnknownOperation
from ..resilience import Exponential, Policy, retry, timeout
from ..scenarios.asking import OrdersLoad
from ..scenarios.model import Stock
from ..scenarios.orders import Order, order_groups, plan_orders, title_name
from ..scenarios.rows import read_rows
from ..services import Client, Request
from ..shop import Checkout, CreateCustomerProfile, CreateUser, Item, Line, ReceiveStock
from .exits import FAILED, INCONCLUSIVE, INTERNAL, MET
from .progress import bar
from .shop_peers import address, addresses_of, needs_http

ANSWER_S = 30.0
"""How long one attempt waits for the end of a checkout. The checkout goes on without whoever waits."""

AGAIN = Exponential(0.1, cap_s=1.0)

ENDED = ("completed", "compensated")


@dataclass(frozen=True)
class CheckoutOptions:
    """What was said on the command line."""

    file: Path
    url: str
    peers: tuple[str, ...] = ()
    limit: int = 50
    stock: int = 1000
    seed: int = 1997
    at_once: int = 8
    patience_s: float = 60.0
    as_json: bool = False
    quiet: bool = False


class Sold(msgspec.Struct, frozen=True):
    """How the orders ended: as checkouts do, or ``refused``, or ``unknown`` when nobody can say; and why."""

    orders: int
    took_s: float
    statuses: dict[str, int]
    reasons: dict[str, int]

    @property
    def code(self) -> int:
        others = [status for status in self.statuses if status not in ENDED]
        return MET if not others else INCONCLUSIVE if others == ["unknown"] else FAILED


class ShopUnready(Exception):
    """The shop did not answer, or broke, before the first order was placed."""


def checkout(options: CheckoutOptions) -> int:
    """Sell, tell, and give back the exit code."""
    needs_http()
    addresses = addresses_of(options.peers) | {"orders": address(options.url, "--url")}
    orders = planned(options)
    try:
        with bar("checkouts", len(orders), quiet=options.quiet) as progress:
            sold = asyncio.run(_sell(options, addresses, orders, progress or (lambda ended: None)))
    except ShopUnready as error:
        typer.echo(str(error), err=True)
        return INTERNAL
    _print(sold, options)
    return sold.code


def planned(options: CheckoutOptions) -> Sequence[Order]:
    """The first orders of the file, the same ones each time."""
    rows, problems = read_rows(options.file, str(options.file))
    if problems:
        raise ScenarioInvalid([str(problem) for problem in problems])
    lines_max, catalogue = max(map(len, order_groups(rows))), Stock()
    if lines_max > catalogue.titles:
        raise RunRefused(f"an order in {options.file} has {lines_max} titles; the shop has {catalogue.titles}")
    return plan_orders(rows, OrdersLoad(file=str(options.file), first=options.limit), catalogue, options.seed)


async def _sell(
    options: CheckoutOptions, addresses: dict[str, str], orders: Sequence[Order], progress: Callable[[int], None]
) -> Sold:
    from ..services.http import HttpTransport

    async with HttpTransport(addresses) as transport:
        front = Front(Client(transport, "front", policy_for=lambda target: front.policy), options)
        began_s = runtime.monotonic()
        try:
            await front.prepare(addresses, orders)
        except (Refused, UnknownOperation) as error:  # by a service of another kind, for one
            raise RunRefused(f"the shop could not be made ready: {error}") from error
        except EventlabError as error:
            raise ShopUnready(f"the shop could not be made ready: {error}; no order was placed") from error
        waiting = list(reversed(orders))

        async def customer() -> None:
            while waiting:
                await front.place(waiting.pop())
                progress(sum(front.statuses.values()))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(options.at_once, len(orders))):
                group.create_task(customer())
    took_s = runtime.monotonic() - began_s
    return Sold(len(orders), round(took_s, 3), dict(front.statuses), dict(front.reasons))


class Front:
    """Asks on behalf of the customers, and counts how their orders ended."""

    def __init__(self, client: Client, options: CheckoutOptions) -> None:
        self._client, self._options = client, options
        self.policy: Policy = retry(None, AGAIN, within_s=options.patience_s) | timeout(ANSWER_S)
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    async def prepare(self, addresses: dict[str, str], orders: Sequence[Order]) -> None:
        """Fill the shelves and make the customers known; done before, it changes nothing."""
        pieces = self._options.stock
        if "inventory" in addresses and pieces:
            titles = (title_name(rank) for rank in range(1, Stock().titles + 1))
            delivery = ReceiveStock(f"opening-{pieces}", tuple(Item(title, pieces) for title in titles))
            await self._ask("inventory", delivery, delivery.delivery)
        for customer in dict.fromkeys(order.customer_id for order in orders):
            email = f"customer-{customer}@example.com"
            if "users" in addresses:
                await self._ask("users", CreateUser(customer, email), f"user-{customer}")
            await self._ask("orders", CreateCustomerProfile(customer, email), f"customer-{customer}")

    async def place(self, order: Order) -> None:
        lines = tuple(Line(line.title, line.quantity, line.total_cents) for line in order.lines)
        try:
            result = await self._ask("orders", Checkout(order.id, order.customer_id, lines), order.id)
        except Refused as error:
            self._count("refused", _kind(str(error)))
        except EventlabError as error:
            self._count("unknown", str(error))
        else:
            self._count(result.status, _kind(result.reason))

    async def _ask(self, target: str, request: Request[Any], key: str) -> Any:
        return await self._client.call(target, request, key=key)

    def _count(self, status: str, reason: str) -> None:
        self.statuses[status] += 1
        if reason:
            self.reasons[f"{status}: {reason}"] += 1


def _kind(reason: str) -> str:
    """A refusal's reason without what it says of this one order: many have the same."""
    return reason.partition(": ")[0]


def _print(sold: Sold, options: CheckoutOptions) -> None:
    if options.as_json:
        typer.echo(msgspec.json.encode(sold).decode())
        return
    typer.echo(f"{sold.orders:,} orders in {sold.took_s:.1f} s")
    for status, count in sorted(sold.statuses.items(), key=lambda each: -each[1]):
        typer.echo(f"{count:>8,}  {_WORDS.get(status, status)}")
    for reason, count in sorted(sold.reasons.items(), key=lambda each: -each[1])[:REASONS_SHOWN]:
        typer.echo(f"{count:>8,}  {reason}")


_WORDS = {"compensated": "undone", "unknown": "unknown: nobody can say how they end"}

REASONS_SHOWN = 10
