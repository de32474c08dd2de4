"""The books of each service, read from its own complete log. What they say together is for `invariants`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from eventlab.sagas import SagaState, advance
from eventlab.sagas.events import SagaEvent
from eventlab.shop import ordering, payments, shipping, stock
from eventlab.store import EventStore, StoredEvent

Facts = dict[str, Any]
"""Plain data: it can be stored as JSON, and compared."""

PAGE = 1000


async def audit(name: str, store: EventStore) -> Facts:
    """The facts that service *name* has in its *store*.

    - users: ``users`` {user: email}
    - orders: ``orders`` {order: {status, cents, items}}, ``sagas`` {saga: status}
    - payments: ``payments`` {order: {status, cents}}
    - inventory: ``stock`` {title: {received, available, lowest, lowest_version}},
      ``reservations`` {order: {status, items}}
    - shipping: ``shipments`` {order: status}
    """
    facts, note = _BOOKS[name]()
    async for stored in _log(store):
        note(stored)
    return facts


async def _log(store: EventStore) -> AsyncIterator[StoredEvent]:
    after = 0
    while page := await store.read_all(after, limit=PAGE):
        for stored in page:
            yield stored
        after = page[-1].position


Note = Callable[[StoredEvent], None]


def _users() -> tuple[Facts, Note]:
    users: dict[str, str] = {}

    def note(stored: StoredEvent) -> None:
        users[_id(stored)] = stored.event.email

    return {"users": users}, note


def _orders() -> tuple[Facts, Note]:
    orders: dict[str, Facts] = {}
    sagas: dict[str, str] = {}
    states: dict[str, SagaState] = {}

    def note(stored: StoredEvent) -> None:
        if stored.stream.startswith("saga-"):
            if not isinstance(stored.event, SagaEvent):
                return  # of another make: how it stands cannot be told from its log
            saga_id = _id(stored)
            state = states[saga_id] = advance(states.get(saga_id, SagaState()), stored.event)
            sagas[saga_id] = state.status.value
            return
        if not stored.stream.startswith("order-"):
            return
        order = orders.setdefault(_id(stored), {"status": "unknown", "cents": 0, "items": {}})
        match stored.event:
            case ordering.OrderCreated(lines=lines, total_cents=cents):
                order.update(status="created", cents=cents, items=_items(lines))
            case ordering.OrderConfirmed():
                order["status"] = "confirmed"
            case ordering.OrderCancelled():
                order["status"] = "cancelled"

    return {"orders": orders, "sagas": sagas}, note


def _payments() -> tuple[Facts, Note]:
    standing: dict[str, payments.Payment] = {}
    facts: dict[str, Facts] = {}

    def note(stored: StoredEvent) -> None:
        order_id = _id(stored)
        payment = standing[order_id] = standing.get(order_id, payments.Payment()).after(stored.event)
        facts[order_id] = {"status": payment.status, "cents": payment.cents}

    return {"payments": facts}, note


def _inventory() -> tuple[Facts, Note]:
    shelves: dict[str, Facts] = {}
    reservations: dict[str, Facts] = {}

    def note(stored: StoredEvent) -> None:
        match stored.event:
            case stock.StockReceived(title, quantity):
                shelf = shelves.setdefault(
                    title, {"received": 0, "available": 0, "lowest": quantity, "lowest_version": stored.version}
                )
                shelf["received"] += quantity
                _move(shelf, quantity, stored.version)
            case stock.StockReserved(title, _, quantity):
                _move(shelves[title], -quantity, stored.version)
            case stock.StockReturned(title, _, quantity):
                _move(shelves[title], quantity, stored.version)
            case stock.InventoryReserved(order_id, items):
                reservations[order_id] = {"status": "reserved", "items": _items(items)}
            case stock.InventoryRefused(order_id):
                reservations[order_id] = {"status": "refused", "items": {}}
            case stock.InventoryReleased(order_id):
                reservations[order_id] = {"status": "released", "items": {}}

    return {"stock": shelves, "reservations": reservations}, note


def _move(shelf: Facts, quantity: int, version: int) -> None:
    """Counted from what was moved, not from what the event says is left: an audit believes no total."""
    shelf["available"] += quantity
    if shelf["available"] < shelf["lowest"]:
        shelf["lowest"], shelf["lowest_version"] = shelf["available"], version


def _shipping() -> tuple[Facts, Note]:
    shipments: dict[str, str] = {}

    def note(stored: StoredEvent) -> None:
        shipments[_id(stored)] = shipping.AFTER[type(stored.event)]

    return {"shipments": shipments}, note


def _items(items: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for item in items:
        counted[item.title] = counted.get(item.title, 0) + item.quantity
    return counted


def _id(stored: StoredEvent) -> str:
    return stored.stream.partition("-")[2]


_BOOKS: dict[str, Callable[[], tuple[Facts, Note]]] = {
    "users": _users,
    "orders": _orders,
    "payments": _payments,
    "inventory": _inventory,
    "shipping": _shipping,
}
