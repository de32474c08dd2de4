"""Where the steps of a saga stand in its diagram: columns by what must come before, rows by what builds upon what."""

from __future__ import annotations

from collections.abc import Sequence

from eventlab.sagas.events import StepOutline

Place = tuple[int, float]
"""Column from the left; row from the top, halves included, for what stands between two rows."""


def places(outline: Sequence[StepOutline]) -> dict[str, Place]:
    """Step → its place. A step of a group that builds upon another one of it stands in that one's row."""
    columns = _columns(outline)
    rows: dict[str, float] = {}
    for column in range(1 + max(columns.values(), default=-1)):
        here = [step for step in outline if columns[step.name] == column]
        fanned = [step for step in here if not _follows(step, columns, outline)]
        middle = _middle(fanned[0], rows) if fanned else 0.0
        for index, step in enumerate(fanned):
            rows[step.name] = middle + index - (len(fanned) - 1) / 2
        for step in here:
            if step not in fanned:
                taken = [rows[other.name] for other in here if other.name in rows]
                rows[step.name] = _free(_middle(step, rows), taken)
    top = min(rows.values(), default=0.0)
    return {name: (columns[name], row - top) for name, row in rows.items()}


def _columns(outline: Sequence[StepOutline]) -> dict[str, int]:
    """Step → how many steps must come one after another before it."""
    columns: dict[str, int] = {}
    for step in outline:
        columns[step.name] = 1 + max((columns[need] for need in step.needs if need in columns), default=-1)
    return columns


def _follows(step: StepOutline, columns: dict[str, int], outline: Sequence[StepOutline]) -> bool:
    """Whether it builds upon some of a group alone, and not upon all that stands in a column."""
    before = [other.name for other in outline if columns[other.name] == columns[step.name] - 1]
    return bool(step.needs) and any(name not in step.needs for name in before)


def _middle(step: StepOutline, rows: dict[str, float]) -> float:
    needed = [rows[need] for need in step.needs if need in rows]
    return (min(needed) + max(needed)) / 2 if needed else 0.0


def _free(wanted: float, taken: Sequence[float]) -> float:
    """The row nearest to the wanted one in which nothing overlaps, below rather than above."""
    row, away = wanted, 0.0
    while any(abs(row - other) < 1 for other in taken):
        away = -away if away > 0 else 0.5 - away
        row = wanted + away
    return row
