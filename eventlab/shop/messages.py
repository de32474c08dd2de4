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


class UserChanged(msgspec.Struct, frozen=True):
    """*version* counts the profiles that the user has had; whoever keeps a copy tells by it which is newer."""

    user_id: str
    version: int


class UpdateUser(Request[UserChanged], frozen=True):
    """The whole profile as it is from now on. Refused with ``unknown_user``."""

    user_id: str
    email: str
    address: str = ""


# --- orders


class ProfileKnown(msgspec.Struct, frozen=True):
    """The version of the profile that orders know now; *ignored* says that what came was older than that."""

    customer_id: str
    version: int
    ignored: bool = False


class CreateCustomerProfile(Request[ProfileKnown], frozen=True):
    """Orders keep a copy of what they need to know about a user, and so need not ask. This is its first version."""

    customer_id: str
    email: str
    address: str = ""


class UpdateCustomerProfile(Request[ProfileKnown], frozen=True):
    """The whole profile as users had it in that *version*. It needs none before it; an older one changes nothing."""

    customer_id: str
    email: str
    address: str
    version: int


class OrderTaken(msgspec.Struct, frozen=True):
    order_id: str
    total_cents: int


class CreateOrder(Request[OrderTaken], frozen=True):
    """An order that nobody has paid for yet: its checkout finds it there, and goes on from it.

    Refused with ``unknown_customer``, ``no_items``, ``bad_quantity``, ``bad_amount``, or ``cancelled``.
    """

    order_id: str
    customer_id: str
    lines: tuple[Line, ...]


class CancelOrder(Request[Done], frozen=True):
    """Refused with ``in_checkout`` once the order's checkout has begun, for only that knows what else to undo."""

    order_id: str


class CheckoutResult(msgspec.Struct, frozen=True):
    """How the checkout ended; *reason* says why it was undone, or where it is stuck."""

    order_id: str
    status: Literal["completed", "compensated", "stuck", "running", "compensating", "cancelled", "abandoned"]
    reason: str = ""


class Checkout(Request[CheckoutResult], frozen=True):
    order_id: str
    customer_id: str
    lines: tuple[Line, ...]


class CancelCheckout(Request[CheckoutResult], frozen=True):
    """See to it that the checkout has no effect in the end; one that comes later is not begun. Answered when it is so.

    Refused with ``too_late`` once the money is, or may be, captured.
    """

    order_id: str
    why: str = "the customer does not want it"


# --- payments


class ReservePayment(Request[Done], frozen=True):
    """Refused with ``declined``."""

    order_id: str
    customer_id: str
    amount_cents: int


class CapturePayment(Request[Done], frozen=True):
    order_id: str


class ReleasePayment(Request[Done], frozen=True):
    """Refused with ``captured``: money that was taken is not given back, there are no refunds here."""

    order_id: str


class PaymentOutcome(msgspec.Struct, frozen=True):
    """What became of a payment: a declined one is an answer like any other."""

    payment_id: str
    status: Literal["captured", "declined"]
    cents: int
    reason: str = ""


class ProcessPayment(Request[PaymentOutcome], frozen=True):
    """Reserve and capture at once, for what is sold without a checkout. *order_id* is only written down.

    The same *payment_id* again is the same payment: it gets the same answer.
    """

    payment_id: str
    order_id: str
    customer_id: str
    amount_cents: int
    method: str = "card"


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
