"""Which to ask for first, the money or the stock: whichever says no more often."""

from __future__ import annotations

from functools import cache

import pytest

from eventlab.errors import InvalidValue
from eventlab.shop.comparison import RATES, WAYS, Luck, compare_all, compare_orders, run_checkouts, table
from eventlab.simulation.statistics import Difference
from tests.sources import ROOT

MONEY, STOCK = WAYS
OUT_OF_STOCK = [luck for luck in RATES if luck.out_of_stock]

compared = cache(compare_all)


def stock_first(luck: Luck, metric: str) -> Difference:
    """What asking for the stock first has more than asking for the money first."""
    return compared()[luck].difference(STOCK, metric)


def is_lower(difference: Difference) -> bool:
    return difference.is_real and difference.estimate.mean < 0


def is_higher(difference: Difference) -> bool:
    return difference.is_real and difference.estimate.mean > 0


@pytest.mark.parametrize("luck", OUT_OF_STOCK, ids=str)
def test_where_titles_are_out_asking_for_the_stock_first_gives_no_money_back(luck: Luck) -> None:
    assert set(compared()[luck].variants[STOCK].values("releases")) == {0.0}
    assert is_lower(stock_first(luck, "releases"))
    assert is_lower(stock_first(luck, "undone"))
    assert is_lower(stock_first(luck, "calls"))
    assert is_lower(stock_first(luck, "time_ms"))


def test_the_more_titles_are_out_the_more_asking_for_the_stock_first_spares() -> None:
    spared = [-stock_first(luck, "undone").estimate.mean for luck in OUT_OF_STOCK]
    assert spared == sorted(spared) and len({*spared}) == 3


def test_where_payments_are_declined_it_is_the_other_way_round() -> None:
    (luck,) = [each for each in RATES if each.declined]
    assert is_higher(stock_first(luck, "undone"))
    assert is_higher(stock_first(luck, "calls"))
    assert is_higher(stock_first(luck, "time_ms"))


@pytest.mark.parametrize("luck", RATES, ids=str)
def test_both_ways_meet_the_same_customers(luck: Luck) -> None:
    """With common seeds what is undone moves together, so a difference takes fewer runs to be seen."""
    assert (stock_first(luck, "undone").correlation or 0) > 0.99


def test_where_nobody_says_no_nothing_is_undone_either_way() -> None:
    for way in WAYS:
        found = run_checkouts(way, Luck(), 5, seed=1)
        assert (found["undone"], found["releases"], found["calls"]) == (0, 0, 5)


def test_the_page_shows_what_the_command_prints() -> None:
    assert table(compared()) in (ROOT / "docs" / "shop.md").read_text(encoding="utf-8"), (
        "if that is meant: python -m eventlab.shop.comparison"
    )


def test_what_cannot_be_compared_is_refused() -> None:
    for wrong in (lambda: Luck(1.5), lambda: Luck(declined=-0.1), lambda: compare_orders(Luck(), orders=0)):
        with pytest.raises(InvalidValue):
            wrong()
