"""What the shop's services ask of each other: the public contract, and all that one knows of another.

Every request about an order can be repeated: the order's id says whether it
was carried out, and the answer is the same again. A cancellation that comes
before what it cancels is remembered, and what comes after it is refused.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from eventlab.services import Request


class Item(msgspec.Struct, frozen=True):
    """So many pieces of one title."""

    title: str
    quantity: int


class Line(msgspec.Struct, frozen=True):
    """A line of an order. The total is what the customer pays for all pieces together, in cents."""

    title: str
    quantity: int
    total_cents: int


class Done(msgspec.Struct, frozen=True):
    """It was done, now or earlier."""

    order_id: str


# --- users


class UserCreated(msgspec.Struct, frozen=True):
    user_id: str


class CreateUser(Request[UserCreated], frozen=True):
    user_id: str
    email: str
    address: str = ""


# --- orders


class CustomerKnown(msgspec.Struct, frozen=True):
    customer_id: str


class RegisterCustomer(Request[CustomerKnown], frozen=True):
    """Orders keep a copy of what they need to know about a customer, and so need not ask users."""

    customer_id: str
    email: str
    address: str = ""


class CheckoutResult(msgspec.Struct, frozen=True):
    """How the checkout ended; *reason* says why it was undone, or where it is stuck."""

    order_id: str
    status: Literal["completed", "compensated", "stuck", "running", "compensating"]
    reason: str = ""


class Checkout(Request[CheckoutResult], frozen=True):
    order_id: str
    customer_id: str
    lines: tuple[Line, ...]


# --- payments


class ReservePayment(Request[Done], frozen=True):
    """Refused with ``declined``."""

    order_id: str
    customer_id: str
    amount_cents: int


class CapturePayment(Request[Done], frozen=True):
    order_id: str


class ReleasePayment(Request[Done], frozen=True):
    order_id: str


# --- inventory


class StockKept(msgspec.Struct, frozen=True):
    delivery: str


class ReceiveStock(Request[StockKept], frozen=True):
    """A delivery, received once however often it is announced."""

    delivery: str
    items: tuple[Item, ...]


class ReserveInventory(Request[Done], frozen=True):
    """All of the items, or none: refused with ``out_of_stock``."""

    order_id: str
    items: tuple[Item, ...]


class ReleaseInventory(Request[Done], frozen=True):
    order_id: str


# --- shipping


class ScheduleShipping(Request[Done], frozen=True):
    order_id: str
    address: str


class CancelShipping(Request[Done], frozen=True):
    order_id: str


class DispatchShipment(Request[Done], frozen=True):
    order_id: str
