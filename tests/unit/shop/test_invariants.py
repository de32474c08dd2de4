"""Every invariant holds of sound books, and each finds the violation that is planted for it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from eventlab.checks import CheckResult
from eventlab.shop import check_shop

SOUND: dict[str, Any] = {
    "users": {"users": {"ada": "ada@example.org"}},
    "orders": {
        "orders": {
            "order-1": {"status": "confirmed", "cents": 3000, "items": {"title-07": 2}},
            "order-2": {"status": "cancelled", "cents": 500, "items": {"title-07": 1}},
        },
        "sagas": {"order-1": "completed", "order-2": "compensated"},
    },
    "payments": {
        "payments": {
            "order-1": {"status": "captured", "cents": 3000},
            "order-2": {"status": "released", "cents": 500},
        }
    },
    "inventory": {
        "stock": {"title-07": {"received": 10, "available": 8, "lowest": 7, "lowest_version": 3}},
        "reservations": {
            "order-1": {"status": "reserved", "items": {"title-07": 2}},
            "order-2": {"status": "released", "items": {}},
        },
    },
    "shipping": {"shipments": {"order-1": "dispatched", "order-2": "cancelled"}},
}


def planted(*changes: tuple[str, Any]) -> list[CheckResult]:
    """What does not hold once each *path* in the sound books is set to *value*."""
    books = deepcopy(SOUND)
    for path, value in changes:
        *way, last = path.split("/")
        place = books
        for name in way:
            place = place[name]
        place[last] = value
    return [result for result in check_shop(books) if result.valid is not True]


def test_sound_books_hold_and_every_invariant_says_why() -> None:
    results = check_shop(SOUND)
    assert [result.valid for result in results] == [True] * len(results)
    assert all(result.because for result in results)
    assert len({result.name for result in results}) == len(results)


def test_books_survive_being_written_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SOUND)) == SOUND


PLANTED: dict[str, tuple[list[tuple[str, Any]], list[tuple[str, bool | None, str]]]] = {
    "a stuck checkout": (
        [("orders/sagas/order-2", "stuck")],
        [("every checkout ends", False, "order-2 is stuck")],
    ),
    "a checkout that somebody gave up": (
        [("orders/sagas/order-2", "abandoned")],
        [("every checkout ends", False, "order-2 is abandoned")],
    ),
    "a checkout that was cancelled before it began, and yet has an order": (
        [("orders/sagas/order-2", "cancelled"), ("orders/orders/order-2/status", "created")],
        [("every order is decided", False, "order-2 is created")],
    ),
    "a checkout under way": (
        [("orders/sagas/order-2", "running")],
        [("every checkout ends", None, "order-2 is running")],
    ),
    "an undecided order": (
        [("orders/orders/order-2/status", "created")],
        [("every order is decided", False, "order-2 is created")],
    ),
    "too little captured": (
        [("payments/payments/order-1/cents", 2999)],
        [("money is conserved", False, "order-1: captured 2999, confirmed 3000")],
    ),
    "two amounts swapped": (
        [
            ("orders/orders/order-2", {"status": "confirmed", "cents": 500, "items": {}}),
            ("payments/payments/order-1/cents", 500),
            ("payments/payments/order-2", {"status": "captured", "cents": 3000}),
            ("shipping/shipments/order-2", "dispatched"),
        ],
        [("money is conserved", False, "order-1: captured 500, confirmed 3000")],
    ),
    "money left reserved": (
        [("payments/payments/order-2/status", "reserved")],
        [("no money stays reserved", False, "order-2: 500 cents")],
    ),
    "a piece that vanished": (
        [("inventory/stock/title-07/available", 7)],
        [("stock is conserved", False, "title-07: taken off the shelf 3, reserved 2")],
    ),
    "an orphan reservation": (
        [
            ("inventory/reservations/order-2", {"status": "reserved", "items": {"title-07": 1}}),
            ("inventory/stock/title-07/available", 7),
        ],
        [("stock belongs to orders", False, "order-2 / title-07: reserved 1, confirmed 0")],
    ),
    "stock below zero in between": (
        [("inventory/stock/title-07/lowest", -1)],
        [("stock is never negative", False, "stock-title-07 stood at -1 at version 3")],
    ),
    "shipped unpaid": (
        [("payments/payments/order-1", {"status": "reserved", "cents": 3000}), ("orders/sagas/order-1", "running")],
        [("every checkout ends", None, "order-1 is running"), ("nothing ships unpaid", False, "order-1")],
    ),
    "a parcel that still waits": (
        [("shipping/shipments/order-2", "scheduled")],
        [("shipments belong to orders", False, "order-2 is still scheduled")],
    ),
    "a confirmed order that never left": (
        [("shipping/shipments/order-1", "unknown")],
        [("shipments belong to orders", False, "order-1 is confirmed, but was not dispatched")],
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_violation_is_found_with_its_witness(bug: str) -> None:
    changes, wanted = PLANTED[bug]
    found = [(result.name, result.valid, result.witnesses[0]) for result in planted(*changes)]
    assert found == wanted


def test_what_is_under_way_is_judged_only_when_it_has_ended() -> None:
    captured_not_yet_confirmed = [
        ("orders/orders/order-1/status", "created"),
        ("shipping/shipments/order-1", "scheduled"),
    ]
    under_way = planted(*captured_not_yet_confirmed, ("orders/sagas/order-1", "running"))
    assert [(result.name, result.valid) for result in under_way] == [("every checkout ends", None)]
    assert len(planted(*captured_not_yet_confirmed)) == 4
