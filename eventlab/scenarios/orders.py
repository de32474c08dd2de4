"""Real orders from a file: who bought how much on which day. What the file lacks comes from seeded streams.

Each order draws its titles and its time of day from a stream of its own, named
by its id, so that running more or fewer orders moves nobody else's draws.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby

import msgspec

from ..runtime import seeded
from .asking import OrdersLoad
from .model import Stock
from .rows import Row


class OrderLine(msgspec.Struct, frozen=True):
    """*quantity* pieces of one title, for *total_cents* together."""

    title: str
    quantity: int
    total_cents: int


class Order(msgspec.Struct, frozen=True):
    """All that one customer bought on one day, arriving *arrives_s* into the run."""

    id: str
    customer_id: str
    arrives_s: float
    lines: tuple[OrderLine, ...]

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines)


def title_name(rank: int) -> str:
    """The title of that popularity; 1 is the most wanted."""
    return f"album-{rank:02d}"


def order_groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one customer on one day together, by date, then customer."""
    ordered = sorted(rows, key=lambda row: (row.date, len(row.customer_id), row.customer_id))
    return [list(group) for _, group in groupby(ordered, key=lambda row: (row.date, row.customer_id))]


def plan_orders(rows: Iterable[Row], load: OrdersLoad, stock: Stock, seed: int) -> tuple[Order, ...]:
    """The first orders of the file, by arrival.

    Every day from the first to the last takes equally long, busy or not, and
    so long that the orders come at the load's rate on average.
    """
    groups = order_groups(rows)[: load.first]
    if not groups:
        return ()
    first_day = groups[0][0].date.toordinal()
    days = groups[-1][0].date.toordinal() - first_day + 1
    day_s = len(groups) / load.rate_per_s / days
    titles = _Titles(stock)
    orders = []
    for group in groups:
        head = group[0]
        order_id = f"{head.date.isoformat()}-{head.customer_id:0>4}"
        chance = seeded(seed, f"orders/{order_id}")
        arrives_s = (head.date.toordinal() - first_day + chance.random()) * day_s
        chosen = titles.draw(chance, len(group))
        lines = tuple(
            OrderLine(title, row.quantity, row.amount_cents) for title, row in zip(chosen, group, strict=True)
        )
        orders.append(Order(order_id, head.customer_id, round(arrives_s, 6), lines))
    return tuple(sorted(orders, key=lambda order: (order.arrives_s, order.id)))


def opening_stock(orders: Sequence[Order], stock: Stock, seed: int) -> dict[str, int]:
    """Pieces of every title when the run begins, by title.

    Scarce ones are drawn from the titles that are wanted, but for the most
    wanted fifth: a best seller that runs out would decide the whole run.
    """
    wanted: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            wanted[line.title] += line.quantity
    opening = {title_name(rank): stock.opening for rank in range(1, stock.titles + 1)}
    ranked = sorted((title for title in opening if wanted[title] > 1), key=lambda title: (-wanted[title], title))
    middling = ranked[len(ranked) // 5 :]
    chosen = seeded(seed, "stock/scarce").sample(middling, min(stock.scarce, len(middling)))
    for title in chosen:
        opening[title] = min(stock.opening, int(wanted[title] * stock.scarce_cover))
    return opening


class _Titles:
    """Titles by a Zipf law: the second is wanted half as often as the first, if the exponent is 1."""

    def __init__(self, stock: Stock) -> None:
        self.names = [title_name(rank) for rank in range(1, stock.titles + 1)]
        self.weights = list(accumulate(rank**-stock.zipf for rank in range(1, stock.titles + 1)))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        """*count* different titles. The caller has seen to it that there are as many."""
        chosen: list[str] = []
        while len(chosen) < count:
            at = min(bisect(self.weights, chance.random() * self.weights[-1]), len(self.names) - 1)
            title = self.names[at]
            if title in chosen:  # with a steep law the rest may be too rare to wait for: take the next free one
                title = next(name for name in self.names[at:] + self.names if name not in chosen)
            chosen.append(title)
        return chosen
