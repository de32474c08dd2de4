"""What must be true of a cell when it has come to rest. Each law that does not hold is a sentence with its witness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from eventlab.shop.audit import Facts
from eventlab.shop.invariants import INVARIANTS, sagas_end
from eventlab.store import EventStore

ENDED = {"confirmed": "completed", "cancelled": "compensated"}
"""How a checkout that keeps no log must have ended, by how its order stands."""

AT_REST = ("completed", "compensated", "stuck", "unheard")


def ending_of(audits: Mapping[str, Facts], order_id: str) -> str:
    """How a checkout stands: as its saga says, or, where there is none, as its order says.

    ``unheard`` when no service knows of it, for its request was lost; ``lost`` when some do, and nobody carries it on.
    """
    orders = audits["orders"]
    if order_id in orders["sagas"]:
        return str(orders["sagas"][order_id])
    if order_id in orders["orders"]:
        return ENDED.get(orders["orders"][order_id]["status"], "lost")
    books = (audits["payments"]["payments"], audits["inventory"]["reservations"], audits["shipping"]["shipments"])
    return "lost" if any(order_id in book for book in books) else "unheard"


def restless(endings: Mapping[str, str], settled_s: float, bound_s: float) -> list[str]:
    """Checkouts that neither ended nor are stuck for all to see, or that took longer than *bound_s* after healing."""
    law = "every checkout ends in time, or is stuck visibly"
    wrong = [f"{law}: {order_id} is {ending}" for order_id, ending in endings.items() if ending not in AT_REST]
    if settled_s > bound_s:
        wrong.append(f"{law}: it took {settled_s:.2f} s after healing, not {bound_s:.2f} s")
    return wrong


def broken_invariants(audits: Mapping[str, Facts]) -> list[str]:
    """Those of `INVARIANTS` that do not hold, but for the end of all checkouts: here one may be stuck, visibly."""
    judged = [invariant(audits) for invariant in INVARIANTS if invariant is not sagas_end]
    return [f"{result.name}: {result.because}" for result in judged if result.valid is not True]


def broken_promises(told: Mapping[str, str], endings: Mapping[str, str]) -> list[str]:
    """Customers who were told one end, and got another. That all is undone is true where nothing was done."""
    true = {"completed": ("completed",), "compensated": ("compensated", "unheard")}
    return [
        f"what is told is true: {order_id} was told {said}, and is {endings[order_id]}"
        for order_id, said in told.items()
        if endings[order_id] not in true.get(said, endings.values())
    ]


async def repeated_effects(stores: Mapping[str, EventStore]) -> list[str]:
    """What a service did twice for one order: a key has one effect."""
    done: Counter[str] = Counter()
    for name, store in stores.items():
        for stored in await store.read_all():
            if not stored.stream.startswith(("saga-", "stock-")):
                done[f"{name} wrote {stored.type} to {stored.stream}"] += 1
            elif name == "inventory" and (order_id := getattr(stored.event, "order_id", None)):
                done[f"{name} wrote {stored.type} of {order_id} to {stored.stream}"] += 1
    return [f"one effect per key: {what}, {times} times" for what, times in done.items() if times > 1]
