"""Labels with leaders that neither lie on one another nor are cut by one another's leaders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Placed(NamedTuple):
    """A text whose leader rises at *x* to *row* (0 is the lowest), reading rightward from *began*."""

    x: float
    began: float
    row: int
    text: str


def place(
    labels: Sequence[tuple[float, Sequence[str]]], limits: tuple[float, float], per_char: float, rows: int
) -> list[Placed]:
    """Give each label, ``(x, wordings from long to short)``, the lowest row that is free for it.

    Rightmost first: a label lies over the leaders that rise to its right, so
    it must be higher than they are. *per_char* is a character's width in units
    of x. A label for which no wording fits is left out.
    """
    placed: list[tuple[Placed, float]] = []
    for x, wordings in sorted(labels, key=lambda label: -label[0]):
        for text in wordings:
            width = (len(text) + 1) * per_char
            began = max(limits[0], min(x, limits[1] - width))
            row = _row(began, began + width, x, placed)
            if row < rows:
                placed.append((Placed(x, began, row, text), began + width))
                break
    return sorted((label for label, _ in placed), key=lambda label: label.x)


def _row(began: float, ended: float, x: float, placed: Sequence[tuple[Placed, float]]) -> int:
    """The lowest row above every leader that rises inside the span, and above every text that is in the way."""
    row = 0
    for other, other_ended in placed:
        beside = ended <= other.began or other_ended <= began
        leader_inside = began <= other.x <= ended
        if not beside or leader_inside or other.began <= x <= other_ended:
            row = max(row, other.row + 1)
    return row
