"""What must be true of the shop when it has come to rest, however the run went. Pure functions of the five audits.

An order whose checkout has not ended is under way: its money may be captured
before it is confirmed. Such an order is judged when it has ended, and until
then the first invariant says that it has not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from eventlab.checks import (
    CheckResult,
    all_ended,
    all_within,
    never_negative,
    none_found,
    same_per_key,
)
from eventlab.shop.audit import Facts

Audits = Mapping[str, Facts]
"""Service → what its audit found."""


ENDED = ("completed", "compensated", "cancelled")
"""How a checkout ends well: carried through, undone, or called off before it began."""


def check_shop(audits: Audits) -> list[CheckResult]:
    """Every invariant, in the order in which a reader would ask."""
    return [invariant(audits) for invariant in INVARIANTS]


def sagas_end(audits: Audits) -> CheckResult:
    sagas = audits["orders"]["sagas"]
    return all_ended("every checkout ends", "checkouts", sagas, ended=ENDED, stuck=("stuck", "abandoned"))


def orders_are_decided(audits: Audits) -> CheckResult:
    open_ = [
        f"{order_id} is {order['status']}"
        for order_id, order in _settled(audits, audits["orders"]["orders"])
        if order["status"] not in ("confirmed", "cancelled")
    ]
    return none_found("every order is decided", "undecided orders", open_)


def money_agrees(audits: Audits) -> CheckResult:
    captured = _cents(audits, audits["payments"]["payments"], "captured")
    confirmed = _cents(audits, audits["orders"]["orders"], "confirmed")
    return same_per_key("money is conserved", "captured", captured, "confirmed", confirmed, "cents")


def payments_are_closed(audits: Audits) -> CheckResult:
    open_ = [
        f"{order_id}: {payment['cents']} cents"
        for order_id, payment in _settled(audits, audits["payments"]["payments"])
        if payment["status"] == "reserved"
    ]
    return none_found("no money stays reserved", "open payments of ended checkouts", open_)


def stock_adds_up(audits: Audits) -> CheckResult:
    """Per title, what left the shelf is what is reserved: no piece appears or disappears."""
    inventory = audits["inventory"]
    gone = {title: shelf["received"] - shelf["available"] for title, shelf in inventory["stock"].items()}
    kept: Counter[str] = Counter()
    for reservation in inventory["reservations"].values():
        kept.update(reservation["items"])
    return same_per_key("stock is conserved", "taken off the shelf", gone, "reserved", kept, "pieces")


def stock_matches_orders(audits: Audits) -> CheckResult:
    """Of ended checkouts, exactly the confirmed orders hold stock, and exactly what they ordered."""
    reserved = _pieces(audits, audits["inventory"]["reservations"], "reserved")
    confirmed = _pieces(audits, audits["orders"]["orders"], "confirmed")
    return same_per_key("stock belongs to orders", "reserved", reserved, "confirmed", confirmed, "pieces")


def stock_stays_above_zero(audits: Audits) -> CheckResult:
    stock = audits["inventory"]["stock"]
    lowest = [(f"stock-{title}", shelf["lowest_version"], shelf["lowest"]) for title, shelf in stock.items()]
    return never_negative("stock is never negative", lowest)


def nothing_ships_unpaid(audits: Audits) -> CheckResult:
    """True at every moment: dispatch comes after the capture is known."""
    payments, shipments = audits["payments"]["payments"], audits["shipping"]["shipments"]
    dispatched = [order_id for order_id, status in shipments.items() if status == "dispatched"]
    captured = {order_id: None for order_id, payment in payments.items() if payment["status"] == "captured"}
    return all_within("nothing ships unpaid", "dispatched orders", dispatched, "paid", captured)


def shipments_match_orders(audits: Audits) -> CheckResult:
    """Of ended checkouts, exactly the confirmed orders were dispatched, and no other parcel waits."""
    orders = dict(_settled(audits, audits["orders"]["orders"]))
    wrong = []
    for order_id, status in _settled(audits, audits["shipping"]["shipments"]):
        if status == "scheduled":
            wrong.append(f"{order_id} is still scheduled")
        elif status == "dispatched" and orders.get(order_id, {}).get("status") != "confirmed":
            wrong.append(f"{order_id} was dispatched, but is not confirmed")
    for order_id, order in orders.items():
        if order["status"] == "confirmed" and audits["shipping"]["shipments"].get(order_id) != "dispatched":
            wrong.append(f"{order_id} is confirmed, but was not dispatched")
    return none_found("shipments belong to orders", "shipments at odds with their orders", wrong)


INVARIANTS: tuple[Callable[[Audits], CheckResult], ...] = (
    sagas_end,
    orders_are_decided,
    money_agrees,
    payments_are_closed,
    stock_adds_up,
    stock_matches_orders,
    stock_stays_above_zero,
    nothing_ships_unpaid,
    shipments_match_orders,
)


def _settled(audits: Audits, by_order: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Those of orders whose checkout has ended; an order without a checkout has no excuse either."""
    sagas = audits["orders"]["sagas"]
    return [(order_id, value) for order_id, value in by_order.items() if sagas.get(order_id, "completed") in ENDED]


def _cents(audits: Audits, by_order: Mapping[str, Facts], status: str) -> dict[str, int]:
    return {order_id: facts["cents"] for order_id, facts in _settled(audits, by_order) if facts["status"] == status}


def _pieces(audits: Audits, by_order: Mapping[str, Facts], status: str) -> dict[str, int]:
    """``order / title`` → pieces."""
    return {
        f"{order_id} / {title}": quantity
        for order_id, facts in _settled(audits, by_order)
        if facts["status"] == status
        for title, quantity in facts["items"].items()
    }
