"""Which service of the shop owns which streams. Its commands say whose they are, and its store refuses all others."""

from __future__ import annotations

from typing import Final

from eventlab.store import Owner

USERS: Final = Owner("users", owns=("user",))
ORDERS: Final = Owner("orders", owns=("order", "customer", "saga"))
PAYMENTS: Final = Owner("payments", owns=("payment",))
INVENTORY: Final = Owner("inventory", owns=("stock", "reservation"))
SHIPPING: Final = Owner("shipping", owns=("shipment",))

OWNERS: Final = (USERS, ORDERS, PAYMENTS, INVENTORY, SHIPPING)
