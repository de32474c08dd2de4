"""Which service of the shop owns which streams, and what they are called.

Its commands say whose they are, and its store refuses all others.
"""

from __future__ import annotations

from typing import Final

from eventlab.errors import InvalidStreamId, Refused
from eventlab.store import Owner, StreamId

USERS: Final = Owner("users", owns=("user",))
ORDERS: Final = Owner("orders", owns=("order", "customer", "saga"))
PAYMENTS: Final = Owner("payments", owns=("payment",))
INVENTORY: Final = Owner("inventory", owns=("stock", "reservation"))
SHIPPING: Final = Owner("shipping", owns=("shipment",))

OWNERS: Final = (USERS, ORDERS, PAYMENTS, INVENTORY, SHIPPING)

ID_TOLD_MAX: Final = 300
"""So many characters of an id that is none are told: it may be as long as a whole request."""


def named(category: str, id: str) -> StreamId:
    """The stream of whatever has that *id*, which comes from outside.

    Raises Refused, ``bad_id``, for one that cannot name a stream, and for one that is empty or has a blank at an end,
    so that no two ids name the same.
    """
    if not id or id != id.strip():
        raise _bad_id(category, id)
    try:
        return StreamId(f"{category}-{id}")
    except InvalidStreamId as error:
        raise _bad_id(category, id, f": {error.reason}") from None


def _bad_id(category: str, id: str, why: str = "") -> Refused:
    id = id if len(id) <= ID_TOLD_MAX else f"{id[:ID_TOLD_MAX]}…"
    return Refused("bad_id", f"{id!r} is no id, no {category} stream can be called that{why}", {"id": id})
