from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from eventlab import hooks, runtime
from eventlab.errors import CallTimeout, CircuitOpen, DeadlinePassed, InvalidValue, Refused, Unavailable
from eventlab.resilience import Constant, Exponential, RetryBudget, deadline, retry
from eventlab.simulation import World

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


def test_no_attempt_begins_after_the_time_within_which_it_may() -> None:
    async def main() -> None:
        target = Target(*[down() for _ in range(9)])
        with pytest.raises(Unavailable):
            await retry(None, DOUBLING, within_s=7).call(target)
        assert target.asked_s == [0, 1, 3]  # the next one would begin at 7
        assert runtime.monotonic() == 3

    in_world(main)


def test_that_time_counts_from_the_beginning_of_the_first_attempt() -> None:
    async def main() -> None:
        asked_s: list[float] = []

        async def slow() -> None:
            asked_s.append(runtime.monotonic())
            await asyncio.sleep(3)
            raise down()

        with pytest.raises(Unavailable):
            await retry(None, Constant(1), within_s=8).call(slow)
        assert asked_s == [0, 4]

    in_world(main)


def test_an_attempt_under_way_may_end_later_than_that() -> None:
    async def main() -> None:
        async def slow() -> str:
            await asyncio.sleep(5)
            return "answer"

        assert await retry(within_s=1).call(slow) == "answer"

    in_world(main)


def test_an_answer_that_will_not_do_is_asked_for_again_and_taken_if_it_is_the_last() -> None:
    async def main() -> None:
        answers = ["pending", "pending", "done", "pending", "pending", "pending", "never asked"]

        async def status() -> str:
            return answers.pop(0)

        policy = retry(3, DOUBLING, retry_result=lambda answer: answer == "pending")
        assert [await policy.call(status), await policy.call(status)] == ["done", "pending"]
        assert (answers, runtime.monotonic()) == (["never asked"], 6)

    in_world(main)


class Busy(Unavailable):
    """A server that says when to come back."""

    retry_after_s = 3.5


def test_a_server_that_says_when_to_come_back_is_not_asked_before() -> None:
    async def main() -> None:
        target = Target(Busy("payments", "busy"), down())
        await retry(backoff=Constant(0.1)).call(target)
        assert target.asked_s == [0, 3.5, 3.6]

    in_world(main)


def test_who_never_lets_anybody_in_is_not_waited_for() -> None:
    async def main() -> None:
        target = Target(CircuitOpen("payments", math.inf))
        with pytest.raises(CircuitOpen):
            await retry(retry_on=lambda error: True).call(target)
        assert runtime.monotonic() == 0

    in_world(main)


def test_a_named_retry_tells_of_each_pause_and_why_it_gave_up() -> None:
    heard: list[hooks.Happening] = []
    reason = "Unavailable: payments was not reached: cable cut"

    async def main() -> None:
        broke = RetryBudget(ratio=0, floor_per_s=0, saved_max=1)
        for policy in (retry(2, DOUBLING, name="a"), retry(9, DOUBLING, name="b", within_s=2), retry(2, DOUBLING)):
            with pytest.raises(Unavailable):
                await policy.call(Target(down(), down(), down()))
        for _ in range(2):
            with deadline(5), pytest.raises(Unavailable):
                await retry(9, DOUBLING, name="c", budget=broke).call(Target(down(), down(), down()))
        with deadline(0.5), pytest.raises(Unavailable):
            await retry(9, DOUBLING, name="d").call(Target(down()))

    with hooks.listen(heard.append):
        World().run(main)
    assert heard == [
        hooks.RetryScheduled("a", 1, 1.0, reason),
        hooks.RetryGivenUp("a", 2, "no attempt is left", reason),
        hooks.RetryScheduled("b", 1, 1.0, reason),
        hooks.RetryGivenUp("b", 2, "2 s would pass", reason),
        hooks.RetryScheduled("c", 1, 1.0, reason),
        hooks.RetryGivenUp("c", 2, "the budget is spent", reason),
        hooks.RetryGivenUp("c", 1, "the budget is spent", reason),
        hooks.RetryGivenUp("d", 1, "the deadline would pass", reason),
    ]


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
