"""Chapter 3: its exercise takes our solution and refuses what only looks like one; its claims can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventlab.naive.checkout import HastyOrders
from eventlab.shop import SERVICES
from eventlab.shop.matrix import run_cell
from eventlab.teaching import chapter03
from eventlab.teaching.checkout_day import NaiveOrders
from eventlab.teaching.participant import Shelf
from tests.sources import ROOT

SCENARIOS = ROOT / "scenarios"


def without_memory(shelf: Shelf, what: str, order: str) -> str:
    shelf.free += 1 if what == "release" else -1
    return "ok"


def gives_back_what_was_never_taken(shelf: Shelf, what: str, order: str) -> str:
    if shelf.notes.get(order) == what:
        return "ok"
    shelf.notes[order] = what
    shelf.free += 1 if what == "release" else -1
    return "ok"


def without_a_tombstone(shelf: Shelf, what: str, order: str) -> str:
    has_it = shelf.notes.get(order) == "reserved"
    if what == "release":
        shelf.free += has_it
        shelf.notes.pop(order, None)
        return "ok"
    if not has_it and not shelf.free:
        return "refused"
    shelf.free -= not has_it
    shelf.notes[order] = "reserved"
    return "ok"


def gives_back_twice(shelf: Shelf, what: str, order: str) -> str:
    if what == "release":
        shelf.free += order in shelf.notes
        return "ok"
    shelf.free -= order not in shelf.notes
    shelf.notes[order] = "reserved"
    return "ok"


def forgets_a_no(shelf: Shelf, what: str, order: str) -> str:
    before = shelf.notes.get(order)
    if what == "release":
        shelf.free += before == "reserved"
        shelf.notes[order] = "released"
        return "ok"
    if before is None and shelf.free:
        shelf.free -= 1
        before = shelf.notes[order] = "reserved"
    return "ok" if before == "reserved" else "refused"


def sells_what_is_not_there(shelf: Shelf, what: str, order: str) -> str:
    before = shelf.notes.get(order)
    if what == "release":
        shelf.free += before == "reserved"
        shelf.notes[order] = "released"
        return "ok"
    shelf.free -= before is None
    shelf.notes.setdefault(order, "reserved")
    return "ok" if shelf.notes[order] == "reserved" else "refused"


def blank(shelf: Shelf, what: str, order: str) -> str: ...  # type: ignore[empty-body]


def test_our_solution_holds() -> None:
    checked = chapter03.exercise.check(chapter03.exercise.solution)
    assert (checked.status, checked.text) == ("held", "All 4 laws hold, tried on 10 inputs.")
    assert chapter03.exercise.solution_lines == 11


@pytest.mark.parametrize(
    ("answer", "law", "because"),
    [
        (without_memory, 0, "0 pieces are free in the end, expected 1"),
        (gives_back_twice, 1, "3 pieces are free in the end, expected 2"),
        (gives_back_what_was_never_taken, 2, "reserve a was answered 'ok', expected 'refused'"),
        (without_a_tombstone, 2, "reserve a was answered 'ok', expected 'refused'"),
        (sells_what_is_not_there, 3, "reserve c was answered 'ok', expected 'refused'"),
        (forgets_a_no, 3, "reserve c was answered 'ok', expected 'refused'"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_only_looks_right_is_refused_by_the_law_it_breaks(
    answer: Callable[..., str], law: int, because: str
) -> None:
    checked = chapter03.exercise.check(answer)
    assert checked.broken is not None and checked.broken.law == chapter03.exercise.laws[law].text
    assert because in checked.text


@pytest.mark.parametrize("answer", [None, ..., blank])
def test_no_answer_is_not_yet_one(answer: object) -> None:
    assert chapter03.exercise.check(answer).status == "not yet"


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_under_the_same_silence_the_naive_checkout_loses_pieces_and_the_sound_one_completes(seed: int) -> None:
    naive, sound = chapter03.naive_day(seed=seed), chapter03.day(seed=seed)
    assert (naive.told, list(naive.broken)) == ("compensated", ["stock belongs to orders"])
    assert (sound.told, sound.broken) == ("completed", {})
    assert (chapter03.missing_pieces(naive), chapter03.missing_pieces(sound)) == (3, 0)


@pytest.mark.parametrize("silent_s", [0.0, 6.0, 12.0, 20.0])
def test_however_long_the_silence_the_sound_one_ends_whole_or_not_at_all(silent_s: float) -> None:
    found = chapter03.day(silent_s=silent_s)
    assert found.broken == {}
    assert found.told == ("completed" if silent_s < 10 else "compensated")


def test_drawing_the_naive_checkout_changes_nothing_about_it() -> None:
    plain, drawn = (chapter03.day(orders) for orders in (HastyOrders, NaiveOrders))
    assert (plain.told, plain.broken, plain.books) == (drawn.told, drawn.broken, drawn.books)


def test_a_broken_law_is_told_with_what_the_customer_heard() -> None:
    assert repr(chapter03.law(chapter03.day())) == "✓ All 9 laws hold."
    told = repr(chapter03.law(chapter03.naive_day()))
    assert told.startswith(
        "✗ The customer was told “compensated”. “stock belongs to orders” broke: reserved (3 pieces)"
    )


def test_the_matrices_are_of_the_same_cells() -> None:
    naive, sound = chapter03.matrices()
    assert [(cell.step, cell.fault, cell.seed) for cell in naive.cells] == [
        (cell.step, cell.fault, cell.seed) for cell in sound.cells
    ]
    assert len(naive.broken) == 50 and not sound.broken
    assert run_cell("dispatch", "refused", 3, services={**SERVICES, "orders": HastyOrders}) in naive.broken


def test_without_a_lock_the_second_transfer_builds_on_what_is_undone() -> None:
    free, held = (chapter03.two_transfers(locks) for locks in (False, True))
    assert (free.first, free.second, free.why) == (
        "compensated",
        "compensated",
        "refused (too_little): account-ada has 20 cents, and not 40",
    )
    assert held == ("compensated", "completed", "")


def test_a_person_mends_what_is_stuck() -> None:
    alone = chapter03.run("stuck-compensation", "policies.saga.operator=null", folder=SCENARIOS)
    mended = chapter03.run("stuck-compensation", folder=SCENARIOS)
    assert chapter03.stuck_and_mended(nobody=alone, operator=mended).rows == (
        ("nobody", "8", "14", "28", "every checkout ends"),
        ("operator", "9", "41", "0", "none"),
    )


def test_the_formula_agrees_and_another_is_found_out() -> None:
    money, stock = chapter03.undone((0.2,), orders=60)
    assert money.agrees and stock.agrees
    assert not money._replace(first="inventory_first").agrees
    assert [row[-1] for row in chapter03.as_table([money, money._replace(out_of_stock=0.9)]).rows] == ["yes", "NO"]
