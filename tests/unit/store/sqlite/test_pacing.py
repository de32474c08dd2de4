"""How many appends go into one flush."""

from __future__ import annotations

import pytest

from eventlab.store.sqlite.pacing import HALF_MIN, Pace
from eventlab.testing.clock import ManualClock


def paced(flush_s: float, turn_s: float) -> Pace:
    """One that has seen a flush and a turn of the loop."""
    clock, pace = ManualClock(), Pace()
    with clock.ruling():
        pace.flushing()
        clock.advance(flush_s)
        pace.flushed()
        began_s = clock.monotonic_s
        clock.advance(turn_s)
        pace.turned(began_s)
    return pace


@pytest.mark.parametrize(
    ("flush_s", "turn_s", "taken"),
    [(0.001, 0.001, 16), (0.002, 0.001, 16), (0.001, 0.003, 16), (0.010, 0.001, 1000), (0.001, 0.010, 1000)],
)
def test_callers_are_halved_where_a_flush_takes_about_as_long_as_they_do(
    flush_s: float, turn_s: float, taken: int
) -> None:
    assert paced(flush_s, turn_s).size_of(32, 0, 1000) == taken


def test_the_halves_stay_halves_of_all_callers() -> None:
    pace = paced(0.001, 0.001)
    assert [pace.size_of(waiting, 32 - waiting, 1000) for waiting in (32, 16, 16, 20)] == [16] * 4


def test_a_few_callers_share_one_flush() -> None:
    pace = paced(0.001, 0.001)
    assert [pace.size_of(waiting, 0, 1000) for waiting in (2 * HALF_MIN - 2, 2 * HALF_MIN)] == [1000, HALF_MIN]


def test_who_has_seen_nothing_yet_takes_all() -> None:
    assert Pace().size_of(500, 0, 1000) == 1000


def test_no_group_is_larger_than_it_may_be() -> None:
    assert paced(0.001, 0.001).size_of(5000, 0, 1000) == 1000
