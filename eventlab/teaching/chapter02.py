"""What chapter 2 needs beyond a few lines: the people of the evening, laws in words, theory in a table."""

from __future__ import annotations

import math

from eventlab.checks import CheckResult
from eventlab.figures.contention import Share, Sweep
from eventlab.shop.boxoffice import DutyBegan, EndDuty, SeatSold, SellSeat, usher_stream

from .last_seat import LEAR, exercise
from .said import Said
from .table import Table

__all__ = [
    "LEAR", "SEATS", "SEVEN_SOLD", "ADA", "BEN", "BOTH_THERE", "selling", "going_home", "law", "as_table", "agrees",
    "exercise",
]  # fmt: skip

SEATS = 8
SEVEN_SOLD = [(LEAR, SeatSold(seat, "earlier")) for seat in range(1, SEATS)]
"""What the log holds when the evening begins: one seat is left."""

ADA, BEN = usher_stream("ada"), usher_stream("ben")
BOTH_THERE = [(ADA, DutyBegan("ada")), (BEN, DutyBegan("ben"))]


def selling(*clerks: str) -> dict[str, SellSeat]:
    """Each clerk has a customer who wants one seat."""
    return {clerk: SellSeat(LEAR, clerk, capacity=SEATS) for clerk in clerks}


def going_home() -> dict[str, EndDuty]:
    """Both ushers want to go home. Each may, while the other is there."""
    return {"ada": EndDuty(mine=ADA, other=BEN), "ben": EndDuty(mine=BEN, other=ADA)}


def law(check: CheckResult) -> Said:
    """What a check found, with its witnesses."""
    if check.valid:
        return Said(f"“{check.name}” holds.", "good")
    return Said(f"“{check.name}” broke: {'; '.join(map(str, check.witnesses))}.", "bad")


def as_table(sweep: Sweep) -> Table:
    """Expected and measured, a row for each setting."""
    rows = [_row(one, sweep) for one in (*sweep.by_clerks, *sweep.by_hold)]
    return Table(["clerks × hold", "load a", "expected", "measured", "1 − e⁻ᵃ", "agrees"], rows)


def agrees(one: Share, sweep: Sweep) -> bool:
    """Whether the formula's answer lies in the confidence interval of what was measured."""
    return abs(one.mean - sweep.formula(one.load)) <= one.within


def _row(one: Share, sweep: Sweep) -> list[str]:
    return [
        f"{one.clerks} × {1000 * one.hold_s:.0f} ms",
        f"{one.load:.2f}",
        f"{100 * sweep.formula(one.load):.1f} %",
        f"{100 * one.mean:.1f} ± {100 * one.within:.1f} %",
        f"{100 * (1 - math.exp(-one.load)):.1f} %",
        "yes" if agrees(one, sweep) else "NO",
    ]
