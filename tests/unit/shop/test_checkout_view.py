"""A checkout's log in the words of the shop, and its seven fields: by outcomes alone, at any version of the past."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import InvalidValue, UnknownSaga
from eventlab.sagas import events as e
from eventlab.sagas.events import CompensationRequested, StepRequested
from eventlab.shop import OWNS, CheckoutView, ShopSettings, view_checkout
from eventlab.shop.intents import INTENTS
from eventlab.store import MemoryStore
from tests.unit.shop.losing import Losing
from tests.unit.shop.market import ORDER, Market, in_market

EMPTY = {"title-07": 1, "title-11": 1}
STARTED = e.SagaStarted(ORDER, "checkout", 1, {})
NOTHING = CheckoutView(False, False, False, False, False, False, None)


def log_of(market: Market) -> list[str]:
    """What a checkout in that market is remembered by."""

    async def story(market: Market) -> list[str]:
        await market.checkout()
        return await market.types("orders", f"saga-{ORDER}")

    return in_market(story, market)


def test_a_checkout_is_remembered_in_the_words_of_the_shop() -> None:
    own = [
        "OrderCreationRequested",
        "PaymentReservationRequested",
        "InventoryReservationRequested",
        "ShippingScheduleRequested",
    ]
    after_the_pivot = ["StepRequested"] * 3
    intents = [type_ for requested in (*own, *after_the_pivot) for type_ in (requested, "StepSucceeded")]
    assert log_of(Market()) == ["SagaStarted", *intents, "SagaCompleted"]


def test_undoing_is_remembered_in_reverse_and_ends_once() -> None:
    log = log_of(Market(ShopSettings(step_attempts=1), fate=Losing("ScheduleShipping reply")))
    assert log[log.index("StepTimedOut") + 1 :] == [
        "ShippingCancellationRequested",
        "StepCompensated",
        "InventoryReleaseRequested",
        "StepCompensated",
        "PaymentReleaseRequested",
        "StepCompensated",
        "OrderCancellationRequested",
        "StepCompensated",
        "CompensationCompleted",
    ]


def test_the_ten_names_are_all_there_and_each_is_what_it_says() -> None:
    pairs = list(INTENTS.values())
    assert all(issubclass(requested, StepRequested) for requested, _ in pairs)
    assert all(issubclass(undo, CompensationRequested) for _, undo in pairs)
    named = {*log_of(Market()), *log_of(Market(fate=Losing("ScheduleShipping reply")))}
    assert {cls.__name__ for pair in pairs for cls in pair} | {"SagaCompleted", "CompensationCompleted"} <= named
    assert len({cls for pair in pairs for cls in pair}) == 8


def test_the_seven_fields_are_true_by_outcomes_alone() -> None:
    async def story(market: Market) -> Any:
        await market.checkout()
        return await view_checkout(market.stores["orders"], ORDER)

    assert in_market(story) == CheckoutView(True, True, True, True, True, False, None)
    undone = CheckoutView(False, False, False, False, False, True, "reserve_inventory")
    assert in_market(story, Market(stock=EMPTY)) == undone


@pytest.mark.parametrize("step", INTENTS)
def test_a_request_changes_no_field_either_way(step: str) -> None:
    requested, undo_requested = INTENTS[step]
    asked: list[object] = [STARTED, requested(step, 1, 0.0)]
    assert CheckoutView.of(asked) == NOTHING
    done = [*asked, e.StepSucceeded(step, 1)]
    undoing = [*done, e.StepRequested("capture_payment", 1, 0.0), e.StepFailed("capture_payment", 1, "no")]
    before = CheckoutView.of(undoing)
    assert CheckoutView.of([*undoing, undo_requested(step, 1, 0.0)]) == before
    after = CheckoutView.of([*undoing, undo_requested(step, 1, 0.0), e.StepCompensated(step, 1)])
    changed = [name for name in CheckoutView.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    assert len(changed) == 1 and getattr(before, changed[0]) is True


def test_a_step_that_was_in_doubt_never_counts_as_done_while_it_is_undone() -> None:
    doubt = [STARTED, e.StepRequested("reserve_payment", 1, 0.0), e.StepTimedOut("reserve_payment", 1, "?", True)]
    undoing = [*doubt, e.CompensationRequested("reserve_payment", 1, 0.0)]
    assert CheckoutView.of(undoing).payment_reserved is False
    assert CheckoutView.of(undoing).compensation_needed is True


class Watched(MemoryStore):
    """Notes how the checkout stands whenever something was written."""

    seen: dict[int, CheckoutView]

    async def append(self, *args: Any, **options: Any) -> Any:
        receipt = await super().append(*args, **options)
        log = await self.read(f"saga-{ORDER}")
        if log:
            self.seen[len(log)] = await view_checkout(self, ORDER)
        return receipt


def test_at_every_version_of_the_past_it_is_what_it_was() -> None:
    """Seen while it happened, and looked up afterwards: the same."""
    store = Watched("orders", OWNS["orders"])
    store.seen = {}

    async def story(market: Market) -> Any:
        await market.checkout()
        past = {version: await view_checkout(store, ORDER, version) for version in store.seen}
        return past, [await view_checkout(store, ORDER, version) for version in (1, 3, 5, 7)]

    past, views = in_market(story, Market(stock=EMPTY, stores={"orders": store}))
    assert past == store.seen and len(past) > 5
    assert views == [
        NOTHING,
        CheckoutView(True, False, False, False, False, False, None),
        CheckoutView(True, True, False, False, False, False, None),
        CheckoutView(True, True, False, False, False, True, "reserve_inventory"),
    ]


def test_a_version_that_is_not_there_is_refused() -> None:
    async def story(market: Market) -> None:
        store = market.stores["orders"]
        with pytest.raises(UnknownSaga):
            await view_checkout(store, ORDER)
        await market.checkout()
        for version in (0, -1, 99):
            with pytest.raises(InvalidValue):
                await view_checkout(store, ORDER, version)

    in_market(story)
