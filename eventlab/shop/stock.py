"""What inventory remembers, and how it decides. All of an order's items are reserved in one append, or none.

A stock event says what is left after it. The last one alone is decoded, so
that a title that sells a lot does not become slow to sell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from msgspec.structs import replace

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.shop.keeping import cancelled, differs
from eventlab.shop.messages import Item
from eventlab.shop.owners import INVENTORY, named
from eventlab.store import StoredEvent, StreamId


@event("StockReceived")
@dataclass(frozen=True, slots=True)
class StockReceived:
    title: str
    quantity: int
    left: int


@event("StockReserved")
@dataclass(frozen=True, slots=True)
class StockReserved:
    title: str
    order_id: str
    quantity: int
    left: int


@event("StockReturned")
@dataclass(frozen=True, slots=True)
class StockReturned:
    title: str
    order_id: str
    quantity: int
    left: int


@event("InventoryReserved")
@dataclass(frozen=True, slots=True)
class InventoryReserved:
    order_id: str
    items: tuple[Item, ...]


@event("InventoryRefused")
@dataclass(frozen=True, slots=True)
class InventoryRefused:
    """Remembered, so that a message that comes late is not served after the order was told no."""

    order_id: str
    items: tuple[Item, ...]
    title: str
    left: int


@event("InventoryReleased")
@dataclass(frozen=True, slots=True)
class InventoryReleased:
    """Nothing is reserved any more; if nothing was reserved before, nothing will be."""

    order_id: str


class Shelves(msgspec.Struct, frozen=True):
    """The reservation of one order, and the last event of every stock stream read."""

    status: Literal["unknown", "reserved", "refused", "released"] = "unknown"
    items: tuple[Item, ...] = ()
    refused: InventoryRefused | None = None
    last: dict[str, StoredEvent] = {}

    def left(self, stream: StreamId) -> int:
        """How many pieces there are; none of a title that was never received."""
        last = self.last.get(stream)
        return 0 if last is None else int(last.event.left)


def stock_stream(title: str) -> StreamId:
    return named("stock", title)


def reservation_stream(order_id: str) -> StreamId:
    return named("reservation", order_id)


def gathered(items: Iterable[Item]) -> tuple[Item, ...]:
    """One item per title, in the order of titles."""
    wanted: dict[str, int] = {}
    for item in items:
        if item.quantity < 1:
            raise Refused("bad_quantity", f"{item.quantity} of {item.title} cannot be reserved")
        wanted[item.title] = wanted.get(item.title, 0) + item.quantity
    return tuple(Item(title, wanted[title]) for title in sorted(wanted))


class OnShelves(Command[Shelves]):
    """A command on stock and reservations."""

    owner = INVENTORY

    def initial(self) -> Shelves:
        return Shelves()

    def apply(self, state: Shelves, stored: StoredEvent) -> Shelves:
        if stored.stream.startswith("stock-"):
            state.last[stored.stream] = stored  # this fold's own dict: `initial` made it
            return state
        match stored.event:
            case InventoryReserved(items=items):
                return replace(state, status="reserved", items=items)
            case InventoryRefused(items=items) as refused:
                return replace(state, status="refused", items=items, refused=refused)
            case InventoryReleased():
                return replace(state, status="released")
        return state


@dataclass(frozen=True)
class ReceiveStock(OnShelves):
    items: tuple[Item, ...]
    stocks: tuple[StreamId, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stocks", tuple(stock_stream(item.title) for item in self.items))
        super().__post_init__()

    def handle(self, state: Shelves) -> Iterable[tuple[str, object]]:
        for stream, item in zip(self.stocks, self.items, strict=True):
            if item.quantity < 0:
                raise Refused("bad_quantity", f"{item.quantity} of {item.title} cannot be received")
            yield stream, StockReceived(item.title, item.quantity, state.left(stream) + item.quantity)


@dataclass(frozen=True)
class ReserveInventory(OnShelves):
    order_id: str
    items: tuple[Item, ...]
    reservation: StreamId
    stocks: tuple[StreamId, ...]

    def handle(self, state: Shelves) -> Iterable[tuple[str, object]]:
        if state.status == "released":
            raise cancelled("the reservation", self.order_id)
        if state.status == "unknown":
            return self._decide(state)
        if state.items != self.items:
            raise differs("the reservation", self.order_id)
        if state.refused is not None:
            raise out_of_stock(state.refused)
        return ()

    def _decide(self, state: Shelves) -> Iterable[tuple[str, object]]:
        writes: list[tuple[str, object]] = []
        for stream, item in zip(self.stocks, self.items, strict=True):
            left = state.left(stream) - item.quantity
            if left < 0:
                refused = InventoryRefused(self.order_id, self.items, item.title, state.left(stream))
                return [(self.reservation, refused)]
            writes.append((stream, StockReserved(item.title, self.order_id, item.quantity, left)))
        return [*writes, (self.reservation, InventoryReserved(self.order_id, self.items))]


@dataclass(frozen=True)
class ReleaseInventory(OnShelves):
    """Which stocks to give back to, the reservation tells: they are discovered while reading."""

    order_id: str
    reservation: StreamId

    def related_streams(self, state: Shelves) -> Iterable[StreamId]:
        return [stock_stream(item.title) for item in state.items] if state.status == "reserved" else ()

    def handle(self, state: Shelves) -> Iterable[tuple[str, object]]:
        if state.status in ("refused", "released"):
            return
        for item in state.items:
            stream = stock_stream(item.title)
            left = state.left(stream) + item.quantity
            yield stream, StockReturned(item.title, self.order_id, item.quantity, left)
        yield self.reservation, InventoryReleased(self.order_id)


def out_of_stock(refused: InventoryRefused) -> Refused:
    return Refused(
        "out_of_stock",
        f"only {refused.left} of {refused.title} are left",
        {"order_id": refused.order_id, "title": refused.title, "left": refused.left},
    )
