"""What operators do about checkouts that are stuck, and which laws they answer for themselves from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from eventlab.sagas import SagaEngine, Status
from eventlab.services import Client
from eventlab.shop import messages as ask
from eventlab.shop.audit import Facts
from eventlab.shop.invariants import (
    INVARIANTS,
    Audits,
    money_agrees,
    nothing_ships_unpaid,
    payments_are_closed,
    sagas_end,
    shipments_match_orders,
    stock_matches_orders,
)

Help = Literal["retry", "compensate", "skip", "believe", "bring about", "rule out", "deny", "abandon"]
"""To *bring about*, or to *rule out*, is a deed and then a word. To *skip*, to *believe* that it has happened or
to *deny* it without having looked, and to *abandon*, are words alone: whoever says them answers for what follows.
"""


class Stake(NamedTuple):
    """What a step that is stuck wants of whom, and which laws do not hold where it is only said to have happened."""

    service: str
    request: Callable[[str], Any]
    laws: tuple[Callable[[Audits], Any], ...]


STAKES = {
    "capture_payment": Stake("payments", ask.CapturePayment, (money_agrees, payments_are_closed, nothing_ships_unpaid)),
    "dispatch": Stake("shipping", ask.DispatchShipment, (shipments_match_orders,)),
    # these are stuck when they are undone
    "reserve_payment": Stake("payments", ask.ReleasePayment, (payments_are_closed,)),
    "reserve_inventory": Stake("inventory", ask.ReleaseInventory, (stock_matches_orders,)),
    "schedule_shipping": Stake("shipping", ask.CancelShipping, (shipments_match_orders,)),
}
"""That no piece of stock appears or disappears, and that no effect comes twice, no operator can suspend."""


class Answerable:
    """Which laws an operator has suspended, each for one order; and how a checkout may end after what was said."""

    def __init__(self) -> None:
        self._suspended: dict[str, list[Callable[[Audits], Any]]] = {}
        self._ends: dict[str, tuple[str, ...]] = {}

    def suspend(self, order_id: str, *laws: Callable[[Audits], Any]) -> None:
        self._suspended.setdefault(order_id, []).extend(laws)

    def must_end(self, order_id: str, *ends: str) -> None:
        self._ends[order_id] = ends

    def broken(self, audits: Audits) -> list[str]:
        """The laws that do not hold, each judged without the orders for which it was suspended."""
        broken = []
        for law in INVARIANTS:
            result = law(_without([each for each, laws in self._suspended.items() if law in laws], audits))
            if result.valid is not True:
                broken.append(f"{result.name}: {result.because}")
        ends = audits["orders"]["sagas"]
        return broken + [
            f"an operator's word stands: {order_id} is {ends[order_id]}, not {' or '.join(expected)}"
            for order_id, expected in self._ends.items()
            if ends[order_id] not in expected
        ]


def _without(order_ids: list[str], audits: Audits) -> dict[str, Facts]:
    """The same books, as if there had never been those orders."""
    if not order_ids:
        return dict(audits)
    return {
        name: {
            title: {key: each for key, each in book.items() if key not in order_ids} for title, book in facts.items()
        }
        for name, facts in audits.items()
    }


async def help_out(engine: SagaEngine, client: Client, order_id: str, how: Help, answerable: Answerable) -> None:
    """Do about it what *how* says, and let it go on. Raises what is refused, or what the services do not answer."""
    state = await engine.state(order_id)
    step = state.stuck_step
    assert state.status is Status.STUCK and step is not None
    undoing = state.stuck_from is Status.COMPENSATING
    stake, happened = STAKES[step], "compensated" if undoing else "succeeded"
    ended = "compensated" if undoing else "completed"
    said: dict[str, Any] = {"by": "eve", "why": how}
    match how:
        case "retry" | "compensate":
            await getattr(engine, how)(order_id, **said)
        case "skip":
            await engine.skip(order_id, step, **said)
            answerable.suspend(order_id, *stake.laws)
            answerable.must_end(order_id, ended)
        case "believe":
            await engine.resolve(order_id, happened, step, **said)
            answerable.suspend(order_id, *stake.laws)
            answerable.must_end(order_id, ended)
        case "bring about":
            await client.call(stake.service, stake.request(order_id))
            await engine.resolve(order_id, happened, step, **said)
            answerable.must_end(order_id, ended)
        case "rule out":
            await client.call("payments", ask.ReleasePayment(order_id))
            await engine.resolve(order_id, "failed", step, **said)
            answerable.must_end(order_id, "compensated")
        case "deny":
            await engine.resolve(order_id, "failed", step, **said)
            answerable.suspend(order_id, sagas_end, money_agrees)
            answerable.must_end(order_id, "compensated", "stuck")
        case "abandon":
            await engine.abandon(order_id, **said)
            answerable.suspend(order_id, sagas_end)
            answerable.must_end(order_id, "abandoned")
    engine.go(order_id)
