"""What a capacity says of its use: averages over time, exact on every path."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.simulation import Capacity, World


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=30),
    st.integers(1, 4),
    st.sampled_from(["fifo", "lifo", "priority", "deadline"]),
)
def test_littles_law_holds_exactly_on_every_path(comes: list[tuple[int, int]], servers: int, discipline: Any) -> None:
    """Little (1961): what is there on average is the rate of arrivals times how long each stays."""
    world = World()
    capacity = Capacity(servers, discipline=discipline)

    async def one(at_s: int, service_s: int) -> None:
        await asyncio.sleep(at_s)
        await capacity.serve(service_s)

    async def main() -> None:
        await asyncio.gather(*(one(*each) for each in comes))

    world.run(main)
    usage = capacity.usage
    assert usage.waiting_mean is not None and usage.in_service_mean is not None
    assert usage.stay_s_mean is not None and usage.wait_s_mean is not None and usage.served_per_s is not None
    assert usage.waiting_mean + usage.in_service_mean == pytest.approx(usage.served_per_s * usage.stay_s_mean)
    assert usage.waiting_mean == pytest.approx(usage.served_per_s * usage.wait_s_mean)
    assert usage.utilisation == pytest.approx(sum(s for _, s in comes) / usage.observed_s / servers)


def test_after_a_warm_up_only_what_follows_counts() -> None:
    capacity = Capacity()

    async def main() -> None:
        await capacity.serve(10)
        capacity.measure_afresh()
        await asyncio.sleep(5)
        await capacity.serve(5)

    World().run(main)
    usage = capacity.usage
    assert (usage.observed_s, usage.served, usage.utilisation) == (10, 1, 0.5)


def test_a_capacity_that_nobody_asked_has_no_averages() -> None:
    usage = Capacity().usage
    assert (usage.arrived, usage.utilisation, usage.stay_s_mean, usage.served_per_s) == (0, None, None, None)
