"""The worked example: a shop of five services, each with its own store, and the checkout that spans them.

Begin with `messages`, what they ask of each other, then `checkout`, the saga,
and `build`, which puts them together.
"""

from __future__ import annotations

from eventlab.shop.audit import audit
from eventlab.shop.build import OWNS, SERVICES, build_shop, open_shop
from eventlab.shop.checkout import CheckoutInput
from eventlab.shop.checkout_view import CheckoutView, view_checkout
from eventlab.shop.invariants import INVARIANTS, check_shop
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.messages import (
    CancelCheckout,
    CancelOrder,
    Checkout,
    CheckoutResult,
    CreateCustomerProfile,
    CreateOrder,
    CreateUser,
    Item,
    Line,
    PaymentOutcome,
    ProcessPayment,
    ReceiveStock,
    UpdateCustomerProfile,
    UpdateUser,
)
from eventlab.shop.settings import ShopSettings

__all__ = [
    "SERVICES",
    "OWNS",
    "ServiceContext",
    "ShopService",
    "ShopSettings",
    "build_shop",
    "open_shop",
    "CreateUser",
    "UpdateUser",
    "CreateCustomerProfile",
    "UpdateCustomerProfile",
    "CreateOrder",
    "CancelOrder",
    "ProcessPayment",
    "PaymentOutcome",
    "ReceiveStock",
    "Item",
    "Line",
    "CancelCheckout",
    "Checkout",
    "CheckoutResult",
    "CheckoutInput",
    "CheckoutView",
    "view_checkout",
    "audit",
    "check_shop",
    "INVARIANTS",
]
