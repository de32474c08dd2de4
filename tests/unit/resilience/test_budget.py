"""Retries are a share of the calls, and few calls may still be retried."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue, Unavailable
from eventlab.resilience import Constant, RetryBudget, retry
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock


def down() -> Unavailable:
    return Unavailable("payments", "cable cut")


def test_a_budget_lets_one_call_in_ten_be_a_retry() -> None:
    budget = RetryBudget(ratio=0.1, floor_per_s=0, saved_max=5)

    async def main() -> None:
        asked = 0

        async def fails() -> None:
            nonlocal asked
            asked += 1
            raise down()

        for _ in range(1000):
            with pytest.raises(Unavailable):
                await retry(attempts_max=10, backoff=Constant(0), budget=budget).call(fails)
        assert 1_000 + 100 <= asked <= 1_000 + 100 + budget.saved_max  # the calls, a tenth, and what was saved

    ManualClock().run(main())


def test_a_quiet_client_may_retry_again_after_a_while() -> None:
    clock = ManualClock()

    async def main() -> None:
        budget = RetryBudget(ratio=0, floor_per_s=0.5, saved_max=2)
        assert [budget.spend() for _ in range(3)] == [True, True, False]
        clock.advance(2)
        assert [budget.spend() for _ in range(2)] == [True, False]
        clock.advance(3600)
        assert [budget.spend() for _ in range(3)] == [True, True, False]

    clock.run(main())


@given(
    st.floats(0, 1),
    st.floats(0, 5),
    st.floats(1, 20),
    st.lists(st.one_of(st.sampled_from(["call", "retry"]), st.floats(0, 10)), max_size=80),
)
def test_never_more_than_a_share_a_floor_and_what_was_saved(
    ratio: float, floor_per_s: float, saved_max: float, course: list[str | float]
) -> None:
    clock = ManualClock()

    async def main() -> None:
        budget = RetryBudget(ratio, floor_per_s, saved_max)
        for step in course:
            if step == "call":
                budget.earn()
            elif step == "retry":
                could = budget.saved >= 1 - 1e-9
                assert budget.spend() == could
            else:
                clock.advance(float(step))
            assert budget.saved + 1e-9 >= 0 and budget.saved <= saved_max
        allowed = saved_max + ratio * course.count("call") + floor_per_s * clock.monotonic_s
        assert budget.spent <= allowed + 1e-6
        assert (budget.calls, budget.spent + budget.denied) == (course.count("call"), course.count("retry"))

    clock.run(main())


def test_policies_that_share_a_budget_spend_it_together_and_others_do_not() -> None:
    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise down()

    async def main() -> None:
        shared, own = RetryBudget(0.1, floor_per_s=0, saved_max=5), RetryBudget(0.1, floor_per_s=0, saved_max=5)
        policies = [retry(5, Constant(0), budget=budget) for budget in (shared, shared, own)]
        calls = [policy.call(fails) for policy in policies for _ in range(100)]
        await asyncio.gather(*calls, return_exceptions=True)
        assert [(each.calls, each.spent) for each in (shared, own)] == [(200, 5), (100, 5)]  # all begin at once
        await asyncio.gather(*(policies[0].call(fails) for _ in range(100)), return_exceptions=True)
        assert (shared.calls, shared.spent) == (300, 10)

    World().run(main)


@pytest.mark.parametrize(("budget", "load"), [(None, 3.0), (RetryBudget(0.1, floor_per_s=0, saved_max=1), 1.1)])
def test_without_a_budget_retries_multiply_the_load_of_a_target_that_is_down(
    budget: RetryBudget | None, load: float
) -> None:
    asked = 0

    async def fails() -> None:
        nonlocal asked
        asked += 1
        raise down()

    async def main() -> None:
        policy = retry(3, Constant(0.01), budget=budget)
        for _ in range(1000):
            with pytest.raises(Unavailable):
                await policy.call(fails)

    World().run(main)
    assert asked / 1000 == pytest.approx(load, abs=0.002)


def test_a_budget_that_outlives_its_world_loses_nothing() -> None:
    budget = RetryBudget(ratio=0, floor_per_s=1, saved_max=3)

    async def spend() -> float:
        await asyncio.sleep(1000)
        assert budget.spend()
        return budget.saved

    async def look() -> float:
        return budget.saved

    assert (World().run(spend), World().run(look)) == (2, 2)


@pytest.mark.parametrize("settings", [{"ratio": 2}, {"floor_per_s": -1}, {"saved_max": 0}])
def test_a_budget_outside_its_domain_is_named(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(settings))):
        RetryBudget(**settings)
