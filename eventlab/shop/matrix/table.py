"""The fault matrix: every step against every fault, over many seeds, counted by how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from eventlab.shop.matrix.cell import Cell, Outcome, run_cell
from eventlab.shop.matrix.places import FAULTS, STEPS

if TYPE_CHECKING:
    import pandas as pd

MARKS: dict[Outcome, str] = {"completed": "●", "compensated": "◁", "stuck": "◆", "broken": "✗"}
"""Outcome → the mark that stands for it, in the table and in the picture."""


class Matrix(msgspec.Struct, frozen=True):
    """Cells of several steps, faults and seeds."""

    cells: tuple[Cell, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """Those that there are cells of, in the order of the first."""
        return tuple(dict.fromkeys(cell.step for cell in self.cells))

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.fault for cell in self.cells))

    @property
    def broken(self) -> tuple[Cell, ...]:
        """The cells in which a law was broken."""
        return tuple(cell for cell in self.cells if cell.outcome == "broken")

    def counts(self, step: str, fault: str) -> dict[Outcome, int]:
        """Outcome → in how many cells of that step and that fault; outcomes that never came are left out."""
        counted = Counter(cell.outcome for cell in self.cells if (cell.step, cell.fault) == (step, fault))
        return {outcome: counted[outcome] for outcome in MARKS if counted[outcome]}

    def table(self) -> str:
        """Steps down, faults across; in each field how many of the cells ended how."""
        fields = {(step, fault): _field(self.counts(step, fault)) for step in self.steps for fault in self.faults}
        names = {fault: fault.split(", ") if ", " in fault else fault.split(" ", 1) for fault in self.faults}
        wide = {f: max(map(len, [*names[f], *(fields[step, f] for step in self.steps)])) for f in self.faults}
        first = max(map(len, self.steps))
        heads = [[(names[fault] + [""])[row].ljust(wide[fault]) for fault in self.faults] for row in (0, 1)]
        rows = [[fields[step, fault].ljust(wide[fault]) for fault in self.faults] for step in self.steps]
        lines = zip(["", "", *self.steps], [*heads, *rows], strict=True)
        return "\n".join("  ".join([name.ljust(first), *parts]).rstrip() for name, parts in lines)

    def to_frame(self) -> pd.DataFrame:
        """One row for each cell. Needs pandas."""
        import pandas as pd

        return pd.DataFrame([_row(cell) for cell in self.cells])


def fault_matrix(
    seeds: Iterable[int] = range(20),
    *,
    steps: Sequence[str] = tuple(STEPS),
    faults: Sequence[str] = tuple(FAULTS),
    **settings: Any,
) -> Matrix:
    """Every one of *steps* against every one of *faults*, under each of *seeds*; *settings* are those of `run_cell`.

    A cell takes about ten milliseconds. Raises InvalidValue for a step or a fault that there is not.
    """
    chosen = tuple(seeds)
    return Matrix(
        tuple(run_cell(step, fault, seed, **settings) for step in steps for fault in faults for seed in chosen)
    )


def _field(counts: dict[Outcome, int]) -> str:
    return " ".join(f"{number}{MARKS[outcome]}" for outcome, number in counts.items())


def _row(cell: Cell) -> dict[str, Any]:
    return {
        "step": cell.step,
        "fault": cell.fault,
        "seed": cell.seed,
        "outcome": cell.outcome,
        **cell.endings,
        "struck": cell.struck,
        "settled_s": cell.settled_s,
        "bound_s": cell.bound_s,
        "broken": "; ".join(cell.broken),
    }
