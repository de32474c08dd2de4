"""How often something held, with its interval."""

from __future__ import annotations

import math

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation.statistics import Share


def ends(share: Share) -> tuple[float, float]:
    return round(share.low, 4), round(share.high, 4)


def test_the_intervals_are_those_of_the_literature() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29, methods 3 and 5.
    wilson = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    exact = {(81, 263): (0.2527, 0.3676), (15, 148): (0.0578, 0.1617), (0, 20): (0, 0.1684), (1, 29): (0.0009, 0.1776)}
    assert {key: ends(Share.of(*key)) for key in wilson} == wilson
    assert {key: ends(Share.of(*key, method="exact")) for key in exact} == exact


def coverage(n: int, part: float, method: str) -> float:
    """With which probability the interval from *n* covers the true share: summed over all counts, not drawn."""
    return math.fsum(
        math.comb(n, count) * part**count * (1 - part) ** (n - count)
        for count in range(n + 1)
        if (share := Share.of(count, n, 0.95, method)).low <= part <= share.high  # type: ignore[arg-type]
    )


def test_the_exact_interval_never_covers_less_than_it_says_and_wilsons_does_so_on_average() -> None:
    parts = [step / 40 for step in range(1, 40)]
    assert min(coverage(20, part, "exact") for part in parts) >= 0.95
    assert math.fsum(coverage(20, part, "wilson") for part in parts) / len(parts) == pytest.approx(0.95, abs=0.01)


def test_a_share_is_told_with_its_interval() -> None:
    assert str(Share.of(28, 30)) == "28 of 30 (79 % to 98 %)"
    assert str(Share.of(30, 30)) == "30 of 30 (89 % to 100 %)"


@pytest.mark.parametrize(("count", "n"), [(1, 0), (-1, 3), (4, 3)])
def test_no_share_of_nothing_and_none_above_all(count: int, n: int) -> None:
    with pytest.raises(InvalidValue):
        Share.of(count, n)
