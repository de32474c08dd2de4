from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.checks import explaining
from eventlab.checks.explaining import Movement, explained
from eventlab.errors import InvalidValue


def transfer(name: str, source: str, target: str, amount: int, outcome: str = "unknown") -> Movement:
    return Movement(name, {source: -amount, target: amount}, outcome)


OPENING = {"alice": 100, "bob": 0, "carol": 50}


@pytest.mark.parametrize(
    ("found", "valid"),
    [
        ({"alice": 60, "bob": 40, "carol": 50}, True),  # neither of the unknown ones happened
        ({"alice": 30, "bob": 70, "carol": 50}, True),  # the first did
        ({"alice": 30, "bob": 65, "carol": 55}, True),  # both did
        ({"alice": 30, "bob": 40, "carol": 50}, False),  # half of one: 30 left alice and came nowhere
        ({"alice": 30, "bob": 70, "carol": 60}, False),  # carol has more than anybody can have sent
    ],
)
def test_balances_are_explained_by_one_choice_for_all_accounts(found: dict[str, int], valid: bool) -> None:
    movements = [
        transfer("t1", "alice", "bob", 40, "ok"),
        transfer("t2", "alice", "bob", 30),
        transfer("t3", "bob", "carol", 5),
        transfer("t4", "carol", "alice", 50, "failed"),
    ]
    assert explained("money", OPENING, movements, found).valid is valid


def test_each_account_may_be_explained_and_not_all_at_once() -> None:
    movements = [transfer("t1", "alice", "bob", 10), transfer("t2", "alice", "carol", 10)]
    found = {"alice": 80, "bob": 10, "carol": 50}
    assert explained("money", OPENING, movements, found).valid is False


def test_what_cannot_be_explained_is_told_with_who_may_have_moved_it() -> None:
    result = explained("money", {"total": 100}, [Movement("d1", {"total": 30}, "unknown")], {"total": 120}, "cents")
    assert str(result) == (
        "money: invalid, because 1 of 1 balances are explained by no choice of 1 unknown outcomes\n"
        "  total: 20 cents too much; unknown: d1 +30"
    )


def test_all_movements_known_is_a_plain_sum() -> None:
    sold = [Movement(f"s{at}", {"show": -1}) for at in range(3)]
    assert explained("stock", {"show": 10}, sold, {"show": 7}).because == (
        "all 1 balances are explained, with a choice of 0 unknown outcomes"
    )
    assert explained("stock", {"show": 10}, sold, {"show": 8}).witnesses == ("show: 1 too much; unknown: nothing",)


def test_hundreds_of_unknown_outcomes_on_one_account_are_no_trouble() -> None:
    maybe = [Movement(f"d{at}", {"total": 7 + at}, "unknown") for at in range(400)]
    assert explained("money", {"total": 0}, maybe, {"total": 40_001}).valid is True
    assert explained("money", {"total": 0}, maybe, {"total": 5}).valid is False


def test_a_search_that_becomes_too_long_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "STEPS_MAX", 20)
    maybe = [transfer(f"t{at}", "alice", "bob", 2**at) for at in range(12)]
    maybe += [transfer(f"u{at}", "bob", "alice", 3**at) for at in range(8)]
    result = explained("money", {}, maybe, {"alice": 1500, "bob": -1500})
    assert (result.valid, len(result.witnesses)) == (None, 2)


def test_sums_too_far_apart_leave_it_open() -> None:
    maybe = [Movement("d1", {"total": 1 << 40}, "unknown"), Movement("d2", {"total": 3}, "unknown")]
    assert explained("money", {}, maybe, {"total": 5}).valid is None


def test_another_outcome_is_refused() -> None:
    with pytest.raises(InvalidValue, match="t1"):
        transfer("t1", "alice", "bob", 1, "perhaps")


accounts = st.sampled_from(["a", "b", "c"])
movements = st.builds(
    Movement,
    st.just("m"),
    st.dictionaries(accounts, st.integers(-3, 3), max_size=3),
    st.sampled_from(["ok", "failed", "unknown"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(movements, max_size=6), st.dictionaries(accounts, st.integers(-6, 6)))
def test_explained_is_that_some_choice_explains_it(given_movements: list[Movement], found: dict[str, int]) -> None:
    def sums(taken: tuple[bool, ...]) -> dict[str, int]:
        total = dict.fromkeys("abc", 0)
        for each, is_taken in zip(given_movements, taken, strict=True):
            if each.outcome == "ok" or (each.outcome == "unknown" and is_taken):
                for key, change in each.changes.items():
                    total[key] += change
        return total

    wanted = {**dict.fromkeys("abc", 0), **found}
    expected = any(sums(taken) == wanted for taken in product((False, True), repeat=len(given_movements)))
    assert explained("money", {}, given_movements, found).valid is expected


@pytest.mark.parametrize("amount", [0.1, "1", True, None])
def test_what_is_no_whole_number_is_refused_wherever_it_stands(amount: int) -> None:
    for wrong in (
        lambda: Movement("t", {"a": amount}),
        lambda: explained("money", {"a": amount}, [], {"a": 1}),
        lambda: explained("money", {"a": 1}, [], {"a": amount}),
    ):
        with pytest.raises(InvalidValue, match=r"'a' is .*; expected a whole number of the smallest unit"):
            wrong()
