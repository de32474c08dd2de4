"""The fault matrix: each step of the checkout against each fault, in virtual time, with the laws that hold after it.

``print(fault_matrix(range(20)).table())`` shows it. Imported by itself, for
it runs in the simulator, which the shop otherwise does not need.
"""

from __future__ import annotations

from eventlab.shop.matrix.cell import SETTINGS, Cell, Outcome, bound_s, run_cell
from eventlab.shop.matrix.places import FAULTS, STEPS, UNDOINGS
from eventlab.shop.matrix.table import MARKS, Matrix, fault_matrix

__all__ = [
    "fault_matrix",
    "run_cell",
    "Matrix",
    "Cell",
    "Outcome",
    "STEPS",
    "UNDOINGS",
    "FAULTS",
    "MARKS",
    "SETTINGS",
    "bound_s",
]
