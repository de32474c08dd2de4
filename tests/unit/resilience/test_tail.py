"""What hedging does to a tail, held against the formulas, and against what The Tail at Scale reports.

A call of latency X that is hedged after d takes min(X, d + Y), with Y like X and independent of it, so that
P(longer than t) = P(X > t) · P(Y > t - d), and the share P(X > d) of the calls is made twice.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable

import pytest

from eventlab import runtime
from eventlab.resilience import Policy, RetryBudget, hedge, timeout
from eventlab.simulation import World

CALLS = 4000

Draw = Callable[[random.Random], float]


def exponential(chance: random.Random) -> float:
    return chance.expovariate(1.0)


def hiccups(chance: random.Random) -> float:
    """About 10 ms; one call in fifty meets a machine that is busy otherwise, and takes up to two seconds."""
    return chance.uniform(0.1, 2.0) if chance.random() < 0.02 else chance.uniform(0.005, 0.015)


def measured(policy: Policy, draw: Draw) -> tuple[float, float, float]:
    """Percentiles 50 and 99 of the latencies, and the load per call."""
    latencies, asked = [], 0

    async def target() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(draw(runtime.random_stream("target")))

    async def main() -> None:
        for _ in range(CALLS):
            began_s = runtime.monotonic()
            await policy.call(target)
            latencies.append(runtime.monotonic() - began_s)

    World(7).run(main)
    latencies.sort()
    return latencies[CALLS // 2], latencies[CALLS * 99 // 100], asked / CALLS


def test_of_an_exponential_tail_hedging_takes_what_the_formula_says() -> None:
    d = math.log(20)  # the 95th percentile
    _, plain_s, once = measured(timeout(99), exponential)
    _, hedged_s, load = measured(hedge(d, idempotent=True), exponential)
    assert plain_s == pytest.approx(math.log(100), abs=4 * 0.157)  # 4.6; four standard errors of the quantile
    assert hedged_s == pytest.approx((math.log(100) + d) / 2, abs=4 * 0.079)  # e^-t · e^-(t-d) = 1 %: 3.8
    assert (once, load) == (1, pytest.approx(1.05, abs=4 * 0.0034))
    assert hedged_s < plain_s


@pytest.mark.parametrize("settings", [{}, {"after_percentile": 95.0}])
def test_of_rare_hiccups_hedging_takes_nearly_all_for_a_few_per_cent_more_load(settings: dict[str, float]) -> None:
    median_s, plain_s, _ = measured(timeout(99), hiccups)
    policy = hedge(0.015, idempotent=True, budget=RetryBudget(0.1), **settings)
    hedged_median_s, hedged_s, load = measured(policy, hiccups)
    assert plain_s > 0.5 and hedged_s < 0.04, (plain_s, hedged_s)  # more than a second to some 30 ms
    assert hedged_median_s == pytest.approx(median_s, rel=0.05)
    assert load < 1.08
