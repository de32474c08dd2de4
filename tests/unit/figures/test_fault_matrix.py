"""The fault matrix drawn: every field says how its runs ended, and a broken law cannot be overlooked."""

from __future__ import annotations

import pytest

from eventlab.figures import describe_fault_matrix, describe_of, draw_fault_matrix, drawn, style
from eventlab.shop.matrix import FAULTS, STEPS, Cell, Matrix


def cell(step: str, fault: str, seed: int, ending: str = "completed", broken: tuple[str, ...] = ()) -> Cell:
    endings = {"order-1": ending, "order-2": "compensated"}
    return Cell(step, fault, seed, endings, broken, 1, 0.5 + seed / 10, 4.6)


def made_up(*changed: Cell) -> Matrix:
    cells = {(step, fault, seed): cell(step, fault, seed) for step in STEPS for fault in FAULTS for seed in range(4)}
    cells |= {(one.step, one.fault, one.seed): one for one in changed}
    return Matrix(tuple(cells.values()))


BROKEN = cell("dispatch", "reply lost", 1, broken=("nothing ships unpaid: 1 of 1 dispatched orders are not paid",))
MIXED = made_up(cell("dispatch", "refused", 0, "stuck"), cell("reserve_payment", "refused", 3, "compensated"), BROKEN)


def test_the_words_tell_how_many_ended_how_the_slowest_and_what_broke() -> None:
    assert describe_fault_matrix(MIXED) == (
        "7 steps against 11 faults, 308 runs: 305 completed, 1 compensated, 1 stuck, 1 broken. "
        "The slowest had come to rest 0.80 s after its fault had healed (create_order under refused), "
        "and may take 4.60 s. Broken: “nothing ships unpaid” in 1 run. "
        "First dispatch under reply lost, seed 1: 1 of 1 dispatched orders are not paid."
    )
    assert describe_fault_matrix(made_up()).endswith("No law was broken.")
    assert describe_fault_matrix(Matrix(())) == "No step was struck by any fault: there are no runs."


def test_the_picture_marks_each_ending_that_occurs_and_only_those() -> None:
    def key(matrix: Matrix) -> list[str]:
        texts = [text.get_text() for text in draw_fault_matrix(matrix).texts]
        return [text for text in texts if "(" in text or "seed" in text]

    assert key(MIXED) == [
        "carried through (305)",
        "undone (1)",
        "stuck, for all to see (1)",
        "a law is broken (1)",
        "4 seeds each",
    ]
    assert key(made_up()) == ["carried through (308)", "4 seeds each"]


def test_the_same_matrix_gives_the_same_bytes_of_the_size_of_a_page() -> None:
    def png() -> bytes:
        with drawn(draw_fault_matrix, MIXED) as figure:  # type: ignore[arg-type]
            return style.png(figure)

    first = png()
    assert png() == first
    assert len(first) < 60_000
    assert int.from_bytes(first[16:20], "big") == 8 * style.DPI
    assert describe_of(draw_fault_matrix) is describe_fault_matrix


@pytest.mark.parametrize("matrix", [MIXED, made_up(), Matrix(())], ids=["mixed", "whole", "empty"])
def test_it_fits_into_given_axes(matrix: Matrix) -> None:
    with style.house_style():
        left, right = style.new_figure(8, 6).subplots(1, 2)
    assert draw_fault_matrix(matrix, ax=left) is left
    assert right in left.get_figure(root=True).axes
