"""What a limiter of our own held back is no news of the target, and is not hammered."""

from __future__ import annotations

import pytest

from eventlab.errors import BulkheadFull, CircuitOpen, LoadShed, RateLimited, Rejected, Unavailable
from eventlab.resilience import CircuitBreaker, Constant, retry
from eventlab.simulation import World

REJECTIONS = [
    CircuitOpen("payments", 3.5),
    BulkheadFull("payments", 8, 2),
    RateLimited("payments", 3.5),
    LoadShed("payments", "waited too long", 12),
]
each_rejection = pytest.mark.parametrize("rejection", REJECTIONS, ids=lambda error: type(error).__name__)


@each_rejection
def test_a_rejection_counts_for_nothing_at_a_breaker(rejection: Rejected) -> None:
    async def rejected() -> None:
        raise rejection

    async def main() -> tuple[int, str]:
        breaker = CircuitBreaker("payments")
        for _ in range(100):
            with pytest.raises(Rejected):
                await breaker.call(rejected)
        return breaker.calls, breaker.state.value

    assert World().run(main) == (0, "closed")


@each_rejection
def test_a_rejection_is_not_hammered(rejection: Rejected) -> None:
    asked: list[Rejected] = []

    async def rejected() -> None:
        asked.append(rejection)
        raise rejection

    async def main() -> None:
        with pytest.raises(Rejected):
            await retry(attempts_max=3).call(rejected)

    World().run(main)
    assert asked == [rejection]


@pytest.mark.parametrize(("rejection", "again_s"), [(REJECTIONS[1], 0.1), (REJECTIONS[2], 3.5)])
def test_who_retries_a_rejection_all_the_same_waits_as_long_as_it_says(rejection: Rejected, again_s: float) -> None:
    world = World()
    asked_s: list[float] = []

    async def rejected_once() -> None:
        asked_s.append(world.now_s)
        if len(asked_s) == 1:
            raise rejection

    async def main() -> None:
        await retry(backoff=Constant(0.1), retry_on=lambda error: isinstance(error, Unavailable)).call(rejected_once)

    world.run(main)
    assert asked_s == [0, again_s]


def test_rejections_read_as_sentences() -> None:
    assert [str(rejection) for rejection in REJECTIONS[1:]] == [
        "payments was not reached: no room in its bulkhead (8 inside, 2 waiting)",
        "payments was not reached: its rate is used up for another 3.5 s",
        "payments was not reached: waited too long (12 waiting)",
    ]
