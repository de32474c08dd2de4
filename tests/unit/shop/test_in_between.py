"""What others can see while money moves: nothing inside one store, and all of it over two."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import InvalidValue
from eventlab.shop.in_between import CEILING_CENTS, OPENING_CENTS, observe_transfer

ALL_CENTS = 2 * OPENING_CENTS
SEEDS = range(1, 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_inside_one_store_all_the_money_is_there_at_every_moment(seed: int) -> None:
    moments = observe_transfer("one_store", seed)
    assert {moment.seen_cents for moment in moments} == {ALL_CENTS}
    assert {moment.in_transit_cents for moment in moments} == {0}
    assert len({moment.here_cents for moment in moments}) > 1, "money has moved"


@pytest.mark.parametrize("seed", SEEDS)
def test_over_two_stores_money_is_missing_in_between_and_found_in_transit(seed: int) -> None:
    moments = observe_transfer("two_stores", seed)
    assert min(moment.seen_cents for moment in moments) < ALL_CENTS
    assert max(moment.seen_cents for moment in moments) == ALL_CENTS, "it is never there twice"
    assert {moment.counted_cents for moment in moments} == {ALL_CENTS}
    assert moments[-1].seen_cents == ALL_CENTS, "in the end all of it has arrived, or is back"


@pytest.mark.parametrize("kind", ["one_store", "two_stores"])
def test_no_account_is_overdrawn_or_over_its_ceiling_by_a_deposit(kind: Any) -> None:
    for seed in SEEDS:
        for moment in observe_transfer(kind, seed):
            assert moment.here_cents >= 0 and 0 <= moment.there_cents <= CEILING_CENTS


@pytest.mark.parametrize("kind", ["one_store", "two_stores"])
def test_one_seed_is_one_series_of_moments(kind: Any) -> None:
    assert observe_transfer(kind, 3) == observe_transfer(kind, 3)
    times = [moment.at_s for moment in observe_transfer(kind, 3)]
    assert times == sorted(times)


def test_what_cannot_be_watched_is_refused() -> None:
    with pytest.raises(InvalidValue):
        observe_transfer("three_stores")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue):
        observe_transfer("one_store", transfers=0)
