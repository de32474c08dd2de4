from __future__ import annotations

from eventlab.checks import CheckResult, never_negative, same_per_key, same_total


def test_equal_totals_hold_and_say_the_number() -> None:
    assert same_total("money", ("captured", 1200), ("charged", 1200), "cents") == CheckResult(
        "money", True, "captured and charged are both 1200 cents"
    )


def test_unequal_totals_say_by_how_much() -> None:
    result = same_total("money", ("captured", 1200), ("charged", 1000), "cents")
    assert (result.valid, result.because) == (
        False,
        "captured is 1200 cents, charged is 1000 cents: a difference of 200",
    )


def test_two_errors_that_cancel_out_are_still_found() -> None:
    left, right = {"order-1": 500, "order-2": 700}, {"order-1": 700, "order-2": 500}
    assert same_total("money", ("captured", 1200), ("charged", 1200)).valid is True
    result = same_per_key("money", "captured", left, "charged", right)
    assert result.valid is False
    assert result.witnesses == ("order-1: captured 500, charged 700", "order-2: captured 700, charged 500")


def test_a_key_that_one_ledger_lacks_counts_as_nothing() -> None:
    assert same_per_key("money", "captured", {"order-1": 0}, "charged", {}).valid is True
    assert same_per_key("money", "captured", {}, "charged", {"order-1": 3}).witnesses == (
        "order-1: captured 0, charged 3",
    )


def test_a_level_below_zero_is_found_though_it_recovered() -> None:
    levels = [("stock-title-07", 1, 2), ("stock-title-07", 2, -1), ("stock-title-07", 3, 4)]
    assert never_negative("stock", levels) == CheckResult(
        "stock", False, "1 of 3 levels are below zero", ("stock-title-07 stood at -1 at version 2",)
    )
    assert never_negative("stock", levels[:1]).valid is True
