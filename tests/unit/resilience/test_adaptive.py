"""The limit goes where calls begin to wait for each other inside the target, and comes back when that is over."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import BulkheadFull, CallTimeout, DeadlinePassed, InvalidValue, Refused, Unavailable
from eventlab.resilience import AdaptiveLimit, Gradient, GradientConfig, adaptive_limit
from eventlab.simulation import Capacity, World

CONFIG = GradientConfig(limit_initial=16, window_calls=5, window_s=1, probe_calls=2, probe_every_s=1000)


def known(noload_s: float = 0.1, config: GradientConfig = CONFIG) -> Gradient:
    """One that knows how long a call takes without load, at the beginning of a window."""
    gradient = Gradient(config, 0)
    for _ in range(5):
        gradient.ended(noload_s, 1, 1)
    return gradient


def window(gradient: Gradient, latency_s: float, *, inside: int = 99, drops: int = 0, now_s: float = 5) -> float:
    """The limit after a window of five calls or drops, in which so many were *inside* at most."""
    for _ in range(drops):
        gradient.dropped(inside, now_s)
    for _ in range(5 - drops):
        gradient.ended(latency_s, inside, now_s)
    return gradient._limit


def test_the_limit_moves_as_the_formula_says() -> None:
    assert window(known(), 0.15) == pytest.approx(16 + 0.2 * 4)  # as tolerated: it may have a queue of √16
    assert window(known(), 0.2) == pytest.approx(0.8 * 16 + 0.2 * (0.75 * 16 + 4))
    assert window(known(), 9.0) == pytest.approx(0.8 * 16 + 0.2 * (0.5 * 16 + 4))  # never more than by half


def test_it_comes_to_rest_where_the_target_is_just_busy() -> None:
    gradient = known(0.1)
    for turn in range(200):
        limit = gradient._limit
        window(gradient, 0.1 * max(1, limit / 10), now_s=5 + 5 * turn)  # ten at once take as long as one
    assert gradient._limit - 15 == pytest.approx(math.sqrt(gradient._limit), rel=0.01)


def test_a_limit_that_is_hardly_used_does_not_move() -> None:
    assert window(known(), 0.1, inside=7) == window(known(), 9.0, inside=7) == 16
    assert window(known(), 0.1, inside=8) > 16


def test_drops_make_it_smaller_however_quick_the_answers_are() -> None:
    assert window(known(), 0.1, drops=1) == pytest.approx(0.8 * 16 + 0.2 * 0.8 * 16)
    assert window(known(), 0.1, drops=5) == pytest.approx(0.8 * 16 + 0.2 * 0.5 * 16)


def test_it_stays_between_its_bounds() -> None:
    config = GradientConfig(limit_min=3, limit_initial=4, limit_max=6, window_calls=5, probe_calls=2, probe_every_s=1e6)
    low, high = known(config=config), known(config=config)
    for turn in range(50):
        window(low, 9, drops=5, now_s=5 + turn)
        window(high, 0.1, now_s=5 + turn)
    assert (low.limit(60), high.limit(60)) == (3, 6)


def test_a_window_is_long_enough_and_has_enough_calls() -> None:
    gradient = known()
    for now_s in (1.5, 1.6, 1.7, 1.8, 1.9, 1.99):
        gradient.ended(9, 16, now_s)
    assert gradient._limit == 16
    gradient.ended(9, 16, 2)
    assert gradient._limit < 16


def test_few_are_let_in_until_it_is_known_how_long_a_call_takes_without_load() -> None:
    gradient = Gradient(CONFIG, 0)
    seen = [(gradient.limit(0), gradient.noload_s)]
    for took_s, inside, now_s in ((0.1, 4, 1), (9.0, 5, 2), (0.3, 1, 3)):
        gradient.ended(took_s, inside, now_s)
        seen.append((gradient.limit(now_s), gradient.noload_s))
    assert seen == [(4, None), (4, None), (4, None), (16, 0.2)]
    assert (gradient.limit(3 + 849), gradient.limit(3 + 1151)) == (16, 4)  # a thousand seconds later, or about


def test_a_target_that_has_become_quicker_is_seen_before_the_next_probe() -> None:
    gradient = known(noload_s=1.0)
    for turn in range(100):
        window(gradient, 0.1, now_s=5 + turn)
    assert gradient.noload_s == pytest.approx(0.2, rel=0.11)


SERVERS, SERVICE_S, PATIENCE_S = 10, 0.02, 0.5


class Server:
    """Ten clerks, 20 ms each on average, and a line without end; callers leave after 0.5 s, and nobody knows it."""

    def __init__(self, limit: AdaptiveLimit | None) -> None:
        self.world, self.capacity, self.limit = World(seed=1), Capacity(SERVERS), limit
        self.took_s: list[tuple[float, float]] = []
        self.slow = 1.0

    async def serve(self, service_s: float) -> None:
        await self.capacity.serve(self.slow * service_s)

    async def caller(self, service_s: float) -> None:
        began_s = self.world.now_s
        try:
            await (self.serve(service_s) if self.limit is None else self.limit.call(self.serve, service_s))
        except BulkheadFull:
            return
        self.took_s.append((self.world.now_s, self.world.now_s - began_s))

    def under(self, *phases: tuple[float, float, float]) -> Server:
        """Lives through phases, each for so long, with so many times the load that it can serve, and so slow."""

        async def main() -> None:
            arrivals, service = self.world.runtime.make_stream("arrivals"), self.world.runtime.make_stream("service")
            async with asyncio.TaskGroup() as callers:
                for for_s, times, self.slow in phases:
                    ends_s = self.world.now_s + for_s
                    while self.world.now_s < ends_s:
                        callers.create_task(self.caller(service.expovariate(1 / SERVICE_S)))
                        await asyncio.sleep(arrivals.expovariate(times * SERVERS / SERVICE_S))

        self.world.run(main)
        return self

    def goodput(self, after_s: float, until_s: float) -> float:
        """The share of what it could serve at its usual speed that was answered in time."""
        good = sum(after_s <= at_s < until_s and took_s <= PATIENCE_S for at_s, took_s in self.took_s)
        return good / (until_s - after_s) * SERVICE_S / SERVERS

    def latency_s(self, after_s: float, until_s: float, share: float) -> float:
        took_s = sorted(took_s for at_s, took_s in self.took_s if after_s <= at_s < until_s)
        return took_s[int(share * len(took_s))]


def test_three_times_too_much_is_served_as_well_as_it_can_be_and_no_slower() -> None:
    limited = Server(AdaptiveLimit("s")).under((3, 3, 1))
    assert limited.goodput(1, 3) > 0.9
    assert limited.latency_s(1, 3, 0.99) < 0.2  # 99 of 100 are served within 0.1 s even if nobody waits
    assert Server(None).under((3, 3, 1)).goodput(1, 3) < 0.1


def test_after_a_slow_spell_the_limit_rises_again() -> None:
    limit = AdaptiveLimit("s", GradientConfig(probe_every_s=2))
    server = Server(limit).under((2, 3, 1), (3, 3, 5), (4, 3, 1))
    before, slow, after = (server.goodput(after_s, after_s + 1.5) for after_s in (0.5, 3, 7))
    assert before > 0.85 and 0.15 < slow < 0.25 and after > 0.85  # a fifth of its speed; some is lost by probing often
    assert limit.limit < 40 and server.latency_s(7, 9, 0.99) < 0.25


def test_a_load_that_it_can_serve_is_hardly_turned_away() -> None:
    assert Server(AdaptiveLimit("s")).under((6, 0.7, 1)).goodput(1, 6) == pytest.approx(0.7, rel=0.06)


@pytest.mark.parametrize(
    ("error", "limit_shrinks"),
    [
        (CallTimeout("s", "Pay", 1), True),
        (TimeoutError(), True),
        (Unavailable("s", "overloaded"), True),
        (BulkheadFull("further on", 3, 0), False),
        (DeadlinePassed("s", "too late"), False),
        (Refused("declined"), False),
        (KeyError("a bug"), False),
        (asyncio.CancelledError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_not_answered_in_time_or_turned_away_counts_against_it(
    error: BaseException, limit_shrinks: bool
) -> None:
    limit = AdaptiveLimit(
        "s", GradientConfig(limit_min=1, limit_initial=2, limit_max=2, window_s=0.1, window_calls=1, probe_calls=1)
    )

    async def fail() -> None:
        await asyncio.sleep(1)
        raise error

    async def main() -> tuple[bool, int]:
        await limit.call(asyncio.sleep, 1)
        before = limit._gradient._limit  # type: ignore[union-attr]
        with pytest.raises(type(error)):
            await limit.call(fail)
        return limit._gradient._limit < before, limit.inside  # type: ignore[union-attr]

    assert World().run(main) == (limit_shrinks, 0)


def test_as_a_layer_it_tells_its_rejection() -> None:
    heard: list[hooks.Happening] = []

    async def main() -> list[str]:
        policy, rejected = adaptive_limit(AdaptiveLimit("payments", GradientConfig(limit_min=1))), []
        first = asyncio.ensure_future(policy.call(asyncio.sleep, 1))
        await asyncio.sleep(0)
        with hooks.listen(heard.append), pytest.raises(BulkheadFull):
            await policy.call(asyncio.sleep, 1, rejected=rejected.append)
        await first
        return [str(policy), *map(str, rejected)]

    reason = "no room in its bulkhead (1 inside, 0 waiting)"
    assert World().run(main) == ["adaptive_limit('payments')", f"payments was not reached: {reason}"]
    assert heard == [hooks.CallRejected("payments", "adaptive_limit", reason)]


@pytest.mark.parametrize(
    "settings",
    [{"limit_min": 0}, {"limit_initial": 2000}, {"tolerance": 0.9}, {"smoothing": 0}, {"probe_every_s": math.inf}],
)
def test_a_setting_outside_its_domain_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=rf"GradientConfig\.{next(iter(settings))}"):
        GradientConfig(**settings)
