from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from eventlab import runtime
from eventlab.errors import CallTimeout, CircuitOpen, DeadlinePassed, InvalidValue, Refused, Unavailable
from eventlab.resilience import Constant, Exponential, RetryBudget, deadline, retry
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock

DOUBLING = Exponential(1, cap_s=60, jitter="none")


class Target:
    """Raises what it is told, one after the other, then answers; remembers when it was asked."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked_s: list[float] = []

    async def __call__(self) -> str:
        self.asked_s.append(runtime.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def in_world(main: Callable[[], Awaitable[None]]) -> None:
    World().run(main)


def down() -> Unavailable:
    return Unavailable("payments", "cable cut")


def test_it_tries_again_after_each_pause_until_it_works() -> None:
    async def main() -> None:
        target = Target(down(), CallTimeout("payments", "Pay", 1), down())
        assert await retry(attempts_max=4, backoff=DOUBLING).call(target) == "answer"
        assert target.asked_s == [0, 1, 3, 7]

    in_world(main)


def test_a_last_attempt_that_did_nothing_does_not_clear_the_doubt_of_an_earlier_one() -> None:
    async def main() -> None:
        lost, rejected = CallTimeout("payments", "Pay", 1), CircuitOpen("payments", 5)
        with pytest.raises(CallTimeout) as raised:
            await retry(attempts_max=3, backoff=DOUBLING).call(Target(lost, rejected))
        assert (raised.value, raised.value.__cause__) == (lost, rejected)
        with pytest.raises(Refused):  # a refusal is an answer, and stays one
            await retry(attempts_max=3, backoff=DOUBLING).call(Target(lost, Refused("declined")))

    in_world(main)


def test_the_last_error_comes_out_as_it_is() -> None:
    async def main() -> None:
        errors = [down(), down(), down()]
        target = Target(*errors)
        with pytest.raises(Unavailable) as raised:
            await retry(attempts_max=3, backoff=DOUBLING).call(target)
        assert raised.value is errors[2]
        assert target.asked_s == [0, 1, 3]

    in_world(main)


@pytest.mark.parametrize(
    "error",
    [Refused("declined"), CircuitOpen("payments", 3), DeadlinePassed("payments", "too late"), KeyError("a bug")],
)
def test_what_another_attempt_cannot_help_is_not_repeated(error: Exception) -> None:
    async def main() -> None:
        target = Target(error)
        with pytest.raises(type(error)):
            await retry().call(target)
        assert len(target.asked_s) == 1

    in_world(main)


def test_a_rejection_is_waited_out_when_it_is_retried_at_all() -> None:
    async def main() -> None:
        target = Target(CircuitOpen("payments", 3.5))
        await retry(backoff=Constant(0.1), retry_on=lambda error: isinstance(error, CircuitOpen)).call(target)
        assert target.asked_s == [0, 3.5]

    in_world(main)


def test_it_does_not_pause_beyond_the_deadline() -> None:
    async def main() -> None:
        target = Target(down(), down(), down())
        with deadline(2), pytest.raises(Unavailable):
            await retry(attempts_max=10, backoff=DOUBLING).call(target)
        assert target.asked_s == [0, 1]
        assert runtime.monotonic() == 1  # it gave up at once instead of waiting for nothing

    in_world(main)


def test_the_same_seed_pauses_the_same() -> None:
    def asked(seed: int) -> list[float]:
        target = Target(down(), down())
        World(seed).run(lambda: retry().call(target))
        return target.asked_s

    assert asked(1) == asked(1) != asked(2)


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


@pytest.mark.parametrize("settings", [{"ratio": 2}, {"floor_per_s": -1}, {"saved_max": 0}])
def test_a_budget_outside_its_domain_is_named(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(settings))):
        RetryBudget(**settings)


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: retry(0), "attempts_max"),
        (lambda: retry(None), "attempts_max"),
        (lambda: retry(within_s=0), "within_s"),
    ],
)
def test_a_retry_without_an_attempt_or_without_an_end_is_refused(build: Callable[[], object], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        build()
