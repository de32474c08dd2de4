"""Two naive checkouts and the sound one in the same world: the same seed, the same fault, and the books afterwards."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from eventlab.naive.checkout import HastyOrders, RequestingOrders
from eventlab.shop import SERVICES
from eventlab.shop.matrix import Cell, fault_matrix, run_cell

SEED = 3
LISTENING = partial(RequestingOrders, listens=True)


def befallen(orders: Any, step: str, fault: str) -> Cell:
    return run_cell(step, fault, SEED, services={**SERVICES, "orders": orders})


def laws(cell: Cell) -> list[str]:
    return [broken.partition(":")[0] for broken in cell.broken]


def test_one_lost_reply_leaves_no_pieces_missing_from_the_shelf() -> None:
    naive = befallen(HastyOrders, "reserve_inventory", "reply lost")
    assert laws(naive) == ["stock belongs to orders"]
    assert naive.endings["order-1"] == "compensated", "and it says that it has undone everything"

    assert befallen(SERVICES["orders"], "reserve_inventory", "reply lost").broken == ()


def test_one_lost_reply_does_not_make_a_checkout_undo_for_ever() -> None:
    naive = befallen(LISTENING, "reserve_inventory", "reply lost")
    assert naive.endings["order-1"] == "lost"
    assert {"every order is decided", "no money stays reserved"} <= set(laws(naive))

    assert befallen(SERVICES["orders"], "reserve_inventory", "reply lost").broken == ()


def test_a_refused_payment_ships_nothing() -> None:
    naive = befallen(RequestingOrders, "reserve_payment", "refused")
    assert "nothing ships unpaid" in laws(naive)
    assert naive.endings["order-1"] == "completed"

    sound = befallen(SERVICES["orders"], "reserve_payment", "refused")
    assert (sound.broken, sound.endings["order-1"]) == ((), "compensated")


def test_what_is_captured_is_not_cancelled() -> None:
    naive = befallen(HastyOrders, "dispatch", "failed")
    assert "money is conserved" in laws(naive), "the order is cancelled, and the money kept"

    assert befallen(SERVICES["orders"], "dispatch", "failed").broken == ()


@pytest.mark.parametrize("crash", ["crash before", "crash after"])
def test_a_crash_leaves_nothing_lying(crash: str) -> None:
    crashed = fault_matrix(
        range(4), steps=["capture_payment"], faults=[crash], services={**SERVICES, "orders": HastyOrders}
    )
    assert "every checkout ends in time, or is stuck visibly" in [law for cell in crashed.cells for law in laws(cell)]

    assert fault_matrix(range(4), steps=["capture_payment"], faults=[crash]).broken == ()
