"""A hedge asks again while there is no answer, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks, runtime
from eventlab.errors import CallTimeout, CircuitOpen, InvalidValue, Refused, Unavailable
from eventlab.resilience import CircuitBreaker, RetryBudget, breaker, hedge
from eventlab.resilience.quantile import RecentQuantile
from eventlab.simulation import World


class Target:
    """An attempt takes its time, then answers with its number, or raises; when it began and how it ended is kept."""

    def __init__(self, *attempts: float | tuple[float, Exception]) -> None:
        self.attempts = list(attempts)
        self.began_s: list[float] = []
        self.ended: list[str] = []

    async def __call__(self) -> int:
        number = len(self.began_s) + 1
        self.began_s.append(runtime.monotonic())
        how = self.attempts.pop(0)
        try:
            await asyncio.sleep(how[0] if isinstance(how, tuple) else how)
            if isinstance(how, tuple):
                raise how[1]
            self.ended.append(f"{number} answered")
            return number
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)  # it takes a while to put things in order
            self.ended.append(f"{number} cancelled")
            raise


def in_world(main: Callable[[], Awaitable[None]]) -> None:
    complaints: list[object] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        before = asyncio.all_tasks()
        await main()
        assert asyncio.all_tasks() == before, "a task was left behind"

    World().run(watched)
    assert complaints == []


def down() -> Unavailable:
    return Unavailable("payments", "cable cut")


def test_a_quick_answer_is_asked_for_once() -> None:
    async def main() -> None:
        target = Target(0.09)
        assert await hedge(0.1, idempotent=True).call(target) == 1
        assert (target.began_s, runtime.monotonic()) == ([0], 0.09)

    in_world(main)


def test_the_first_answer_wins_and_the_other_call_has_ended_by_then() -> None:
    async def main() -> None:
        target = Target(9, 0.2)
        assert await hedge(0.1, idempotent=True).call(target) == 2
        assert target.began_s == [0, 0.1]
        assert target.ended == ["2 answered", "1 cancelled"]

    in_world(main)


def test_the_first_call_may_still_win() -> None:
    async def main() -> None:
        target = Target(0.2, 9, 9)
        assert await hedge(0.08, idempotent=True, hedges_max=5).call(target) == 1
        assert target.began_s == [0, 0.08, 0.16]
        assert target.ended == ["1 answered", "2 cancelled", "3 cancelled"]

    in_world(main)


def test_there_are_so_many_hedges_and_no_more() -> None:
    async def main() -> None:
        target = Target(9, 9, 9)
        assert await hedge(0.5, idempotent=True, hedges_max=2).call(target) == 1
        assert target.began_s == [0, 0.5, 1]

    in_world(main)


def test_a_failure_waits_for_the_others_and_brings_no_new_call() -> None:
    async def main() -> None:
        target = Target((0.3, down()), 1.0)
        assert await hedge(0.1, idempotent=True).call(target) == 2
        alone = Target((0.05, down()), 1.0)
        with pytest.raises(Unavailable):
            await hedge(0.1, idempotent=True).call(alone)
        assert len(alone.began_s) == 1

    in_world(main)


def test_a_failure_moves_no_hedge() -> None:
    async def main() -> None:
        target = Target((0.15, down()), 9, 9)
        await hedge(0.1, idempotent=True, hedges_max=2).call(target)
        assert target.began_s == [0, 0.1, 0.2]

    in_world(main)


def test_of_an_answer_and_a_failure_at_one_moment_the_answer_comes_out() -> None:
    async def main() -> None:
        moment, begun = asyncio.Event(), 0

        async def both() -> int:
            nonlocal begun
            begun += 1
            number = begun
            await moment.wait()
            if number == 1:
                raise down()
            return number

        asyncio.get_running_loop().call_later(0.3, moment.set)
        assert await hedge(0.1, idempotent=True).call(both) == 2

    in_world(main)


def test_when_all_have_failed_the_last_error_comes_out_unless_an_earlier_one_left_it_in_doubt() -> None:
    async def main() -> None:
        errors = [down(), down()]
        with pytest.raises(Unavailable) as raised:
            await hedge(0.1, idempotent=True).call(Target((0.2, errors[0]), (0.2, errors[1])))
        assert raised.value is errors[1]
        lost = CallTimeout("payments", "Pay", 1)
        with pytest.raises(CallTimeout) as doubt:
            await hedge(0.1, idempotent=True).call(Target((0.2, lost), (0.2, errors[1])))
        assert (doubt.value, doubt.value.__cause__) == (lost, errors[1])

    in_world(main)


@pytest.mark.parametrize("error", [Refused("declined"), KeyError("a bug"), CircuitOpen("payments", 1)])
def test_an_error_that_another_call_cannot_help_ends_it_at_once(error: Exception) -> None:
    async def main() -> None:
        target = Target((0.2, error), 9)
        with pytest.raises(type(error)):
            await hedge(0.1, idempotent=True).call(target)
        assert target.ended == ["2 cancelled"]

    in_world(main)


def test_whoever_leaves_takes_every_attempt_along() -> None:
    async def main() -> None:
        target = Target(9, 9)
        caller = asyncio.create_task(hedge(0.1, idempotent=True).call(target))
        await asyncio.sleep(0.3)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert target.ended == ["1 cancelled", "2 cancelled"]

    in_world(main)


async def naive_hedge(f: Callable[[], Awaitable[int]], after_s: float) -> int:
    """As it is often first written: who loses is forgotten."""
    first = asyncio.ensure_future(f())
    await asyncio.wait([first], timeout=after_s)
    both = [first, asyncio.ensure_future(f())]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    return next(task.result() for task in both if task.done())


def test_a_naive_hedge_leaves_its_losers_running_and_takes_a_failure_for_an_answer() -> None:
    async def forgets() -> None:
        assert await naive_hedge(Target(9, 0.2), 0.1) == 2

    async def fails() -> None:
        assert await naive_hedge(Target((0.2, down()), 1.0), 0.1) == 2

    with pytest.raises(AssertionError, match="a task was left behind"):
        in_world(forgets)
    with pytest.raises(Unavailable):
        in_world(fails)


Plan = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["answers", "is down", "is lost", "refuses"])), min_size=4, max_size=4
)


@given(Plan, st.integers(0, 5), st.one_of(st.none(), st.integers(0, 15)))
def test_nothing_is_left_behind_whatever_happens(plan: list[tuple[int, str]], after: int, leaves: int | None) -> None:
    errors = {"is down": down(), "is lost": CallTimeout("payments", "Pay", 1), "refuses": Refused("declined")}

    async def main() -> None:
        target = Target(*[tenths / 10 if what == "answers" else (tenths / 10, errors[what]) for tenths, what in plan])
        caller = asyncio.ensure_future(hedge(after / 10, idempotent=True, hedges_max=3).call(target))
        if leaves is not None:
            asyncio.get_running_loop().call_later(leaves / 10, caller.cancel)
        with suppress(Unavailable, CallTimeout, Refused, asyncio.CancelledError):
            number = await caller
            assert plan[number - 1][1] == "answers"

    in_world(main)


def test_a_breaker_inside_counts_no_loser() -> None:
    async def main() -> None:
        circuit = CircuitBreaker("payments")
        await (hedge(0.1, idempotent=True) | breaker(circuit)).call(Target(9, 0.1))
        assert (circuit.calls, circuit.failures) == (1, 0)

    in_world(main)


def test_a_budget_bounds_the_share_that_is_asked_twice_and_without_one_a_slow_target_gets_twice_the_load() -> None:
    async def asked(budget: RetryBudget | None) -> int:
        policy, count = hedge(0.1, idempotent=True, budget=budget), 0

        async def slow() -> None:
            nonlocal count
            count += 1
            await asyncio.sleep(1)

        await asyncio.gather(*(policy.call(slow) for _ in range(1000)))
        return count

    async def main() -> None:
        assert await asked(RetryBudget(0.05, floor_per_s=0, saved_max=50)) == 1050
        assert await asked(None) == 2000

    in_world(main)


def test_every_hedge_is_told() -> None:
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        World().run(lambda: hedge(0.25, idempotent=True, hedges_max=2, name="search").call(Target(9, 9, 0.25)))
    assert heard == [hooks.HedgeSent("search", 2, 0.25), hooks.HedgeSent("search", 3, 0.5)]


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: hedge(0.1, idempotent=False), "carry out a hedged call twice"),
        (lambda: hedge(-1, idempotent=True), "after_s"),
        (lambda: hedge(1, idempotent=True, hedges_max=0), "hedges_max"),
        (lambda: hedge(1, idempotent=True, after_percentile=100), "after_percentile"),
        (lambda: hedge(1, idempotent=True, after_percentile=0.95), "after_percentile"),
    ],
)
def test_a_hedge_outside_its_domain_is_refused(build: Callable[[], object], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        build()


def test_it_learns_when_to_hedge() -> None:
    async def main() -> None:
        policy = hedge(5.0, idempotent=True, after_percentile=90)
        for number in range(100):
            assert policy.delay_s == 5.0  # until enough is known
            await policy.call(asyncio.sleep, (number + 1) / 100)
        assert policy.delay_s == pytest.approx(0.91)

    in_world(main)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_a_recent_quantile_is_that_of_the_latest_values(values: list[float], share: float) -> None:
    recent = RecentQuantile(share, size=20, minimum=5)
    for number, value in enumerate(values, 1):
        recent.add(value)
        latest = sorted(values[max(0, number - 20) : number])
        assert recent.value == (latest[int(len(latest) * share)] if number >= 5 else None)
