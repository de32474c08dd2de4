"""Kill orders after every append and every call of a checkout: the next life ends it, and the books agree."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from eventlab.shop import SERVICES
from eventlab.simulation import World
from tests.unit.sagas.toys import CuttingStore
from tests.unit.shop.cutting import CASES, Files, assert_whole, life, market_of
from tests.unit.shop.market import Market, in_market

FEWEST = {"nobody knows the customer": 2}

ON_FILES = (
    "success",
    "nobody knows the customer",
    "payment declined",
    "out of stock",
    "the parcel was called off before",
    "capturing is refused",
    "releasing fails twice",
)
"""Success, a refusal at each step, and a compensation that fails: the rest differs only in what orders know."""


def points_of(case: str) -> int:
    """How many points a run has that nobody cuts."""
    points = in_market(lambda market: life(market, case, 0, first=True), market_of(case))
    assert points >= FEWEST.get(case, 6)
    return points


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("case", CASES)
def test_cut_anywhere_the_next_life_ends_it(case: str) -> None:
    async def story(market: Market, cut: int) -> None:
        await life(market, case, cut, first=True)
        await life(market, case, 0)
        await assert_whole(market, case, f"cut at {cut}")

    for cut in range(1, points_of(case) + 1):
        in_market(lambda market, cut=cut: story(market, cut), market_of(case))


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("case", ["success", "out of stock", "releasing fails twice"])
def test_cut_again_during_the_resumption_the_third_life_ends_it(case: str) -> None:
    async def story(market: Market, first: int, second: int) -> int:
        await life(market, case, first, first=True)
        seen = await life(market, case, second)
        await life(market, case, 0)
        await assert_whole(market, case, f"cut at {first}, then at {second}")
        return seen

    for first in range(1, points_of(case) + 1):
        for second in count(1):
            seen = in_market(lambda market, at=(first, second): story(market, *at), market_of(case))
            if seen < second:
                break


@pytest.mark.parametrize("case", ON_FILES)
def test_so_it_is_where_every_service_has_a_file_of_its_own(case: str, tmp_path: Path) -> None:
    """Each life of orders opens its file anew; every second resumption is cut as well."""
    files = Files(tmp_path)

    async def story(cut: int) -> None:
        opened = files.fresh()
        stores = {name: opened(name) for name in SERVICES if name != "orders"}
        market = market_of(case, stores)
        for at, first in ((cut, True), (1 + cut // 2 if cut % 2 else 0, False), (0, False)):
            market.stores["orders"] = CuttingStore(store=opened("orders"))
            await life(market, case, at, first=first)
            await market.stores["orders"].close()
        market.stores["orders"] = opened("orders")
        await assert_whole(market, case, f"cut at {cut}")
        for store in market.stores.values():
            await store.close()

    points = points_of(case)
    with World(1) as world:
        world.run(files.prepare(case))
    for cut in range(1, points + 1):
        with World(cut) as world:
            world.run(story(cut))
