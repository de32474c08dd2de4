from __future__ import annotations

import pytest

from eventlab.checks.conditions import FaultWindow, always, eventually, fault_windows, healed_s
from eventlab.errors import InvalidValue
from eventlab.history import Entry
from eventlab.hooks import FaultBegan, FaultEnded


def small(value: int) -> bool:
    return value < 10


def test_faults_are_paired_with_their_ends_and_healing_waits_for_all() -> None:
    entries = [
        Entry(1.0, "", FaultBegan("crash", "a")),
        Entry(2.0, "", FaultBegan("crash", "a")),
        Entry(3.0, "", FaultBegan("partition", "a|b")),
        Entry(4.0, "", FaultEnded("crash", "a")),
        Entry(5.0, "", FaultEnded("crash", "a")),
    ]
    windows = fault_windows(entries)
    assert windows == [
        FaultWindow("crash a", 1.0, 4.0),
        FaultWindow("crash a", 2.0, 5.0),
        FaultWindow("partition a|b", 3.0, None),
    ]
    assert (healed_s(windows), healed_s(windows[:2]), healed_s([])) == (None, 5.0, 0.0)


def test_always_names_the_states_in_which_it_does_not_hold() -> None:
    result = always("small", [(1.0, 3), (2.0, 12), (3.0, 4)], small)
    assert (result.valid, result.because, result.witnesses) == (
        False,
        "it does not hold in 1 of 3 states",
        ("2 s: 12",),
    )
    assert always("small", [(1.0, 3)], small).valid is True
    assert always("small", [], small).valid is None


@pytest.mark.parametrize(
    ("states", "healed", "within", "valid"),
    [
        ([(1.0, 12), (6.0, 3)], 5.0, None, True),
        ([(1.0, 12), (6.0, 3)], 5.0, 1.0, True),
        ([(1.0, 12), (6.0, 3)], 5.0, 0.5, False),  # it came, and too late
        ([(1.0, 3), (6.0, 3)], 5.0, 0.0, True),  # it never was otherwise
        ([(6.0, 3), (7.0, 12)], 5.0, None, False),  # it came, and did not stay
        ([(6.0, 3), (7.0, 12), (8.0, 3)], 5.0, 2.0, False),  # what counts is when it came to stay
        ([(1.0, 12)], 5.0, None, None),  # nobody looked again
        ([(1.0, 3)], 5.0, None, True),  # a state lasts
        ([], 5.0, None, None),
        ([(6.0, 3)], None, None, None),  # nothing healed
    ],
)
def test_eventually_means_for_good_after_healing(
    states: list[tuple[float, int]], healed: float | None, within: float | None, valid: bool | None
) -> None:
    assert eventually("small", states, small, healed_s=healed, within_s=within).valid is valid


def test_eventually_says_how_long_it_took_and_what_was_there_last() -> None:
    result = eventually("small", [(1.0, 12), (7.0, 3)], small, healed_s=5.0, within_s=1.0)
    assert str(result) == (
        "small: invalid, because it holds for good 2 s after faults had ended at 5 s, which is more than 1 s\n  1 s: 12"
    )


def test_a_bound_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidValue, match="within_s"):
        eventually("x", [], small, healed_s=0.0, within_s=-1.0)


def test_states_are_taken_in_the_order_of_time() -> None:
    states = [(3.0, True), (1.0, False), (2.0, False)]
    assert eventually("settled", states, bool, healed_s=2.5).valid is True
    assert eventually("settled", [(3.0, False), (1.0, True)], bool, healed_s=2.5).valid is False
    assert eventually("settled", [(3.0, False), (3.0, True)], bool, healed_s=2.5).valid is True
