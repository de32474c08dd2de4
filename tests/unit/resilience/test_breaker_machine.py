"""The breaker against a model that remembers everything and recomputes it each time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from eventlab.errors import CircuitOpen
from eventlab.resilience import BreakerSnapshot, CircuitBreaker, CircuitBreakerConfig, Exponential, Permit, State
from eventlab.resilience.state import Period
from eventlab.resilience.window import TimeWindow, Window
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_model import Model, Stretch
from tests.unit.resilience.breaker_stories import Outside

End = Callable[[bool | None], Coroutine[Any, Any, None]]
Ongoing = tuple[End, Stretch, float, CircuitBreaker]

WINDOWS = (
    {"window_calls": 4, "minimum_calls": 3},
    {"window_calls": 2, "minimum_calls": 1},
    {"window_calls": 6, "minimum_calls": 6},
    {"window_s": 5.0, "minimum_calls": 3},
    {"window_s": 20.0, "minimum_calls": 1},
    {"failure_threshold": 3},
    {"failure_threshold": 1},
)


GROWING, SPREAD = Exponential(1.0, jitter="none"), Exponential(1.0, cap_s=8.0, jitter="full")


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls, ends, cancellations, switches, restarts, passing time and a clock set to and fro."""

    under_way = Bundle("under_way")
    make: ClassVar[type[CircuitBreaker]] = CircuitBreaker
    told: ClassVar[dict[str, Any]] = {}
    """Settings that are always the same."""

    @initialize(
        window=st.sampled_from(WINDOWS),
        rate=st.sampled_from([0.2, 0.5, 2 / 3, 1.0]),
        probes=st.integers(1, 4),
        slow_call_s=st.sampled_from([None, 1.0, 2.0]),
        half_open_max_s=st.sampled_from([None, 1.0, 6.0]),
        open_backoff=st.sampled_from(
            [None, Exponential(1.0, cap_s=8.0, jitter="full"), Exponential(1.0, jitter="none")]
        ),
    )
    def begin(
        self,
        window: dict[str, Any],
        rate: float,
        probes: int,
        slow_call_s: float | None,
        half_open_max_s: float | None,
        open_backoff: Exponential | None,
    ) -> None:
        self.clock, self.runner = ManualClock(), asyncio.Runner()
        self.ruling = self.clock.ruling()
        self.ruling.__enter__()
        told: dict[str, Any] = {
            "failure_rate": rate,
            "open_s": 4.0,
            "half_open_calls": probes,
            "half_open_max_s": half_open_max_s,
            "open_backoff": open_backoff,
            **window,
            **self.told,
        }
        if slow_call_s is not None and "failure_threshold" not in told:
            told.update(slow_call_s=slow_call_s, slow_call_rate=0.5)
        config = CircuitBreakerConfig(**told)
        chance = self.clock._runtime.make_stream("local/resilience/breaker/payments")
        self.model = Model(config, chance, 0.0)
        self.breaker = self.make("payments", config)

    @rule(target=under_way, through=st.sampled_from(["permit", "call", "block"]))
    def call(self, through: str) -> Ongoing | None:
        async def begin() -> End | None:
            try:
                return await getattr(self, f"through_{through}")()  # type: ignore[no-any-return]
            except CircuitOpen as rejection:
                assert rejection.retry_after_s == pytest.approx(self.model.wait_s)
                return None

        lets_in = self.model.lets_in()
        end = self.runner.run(begin())
        assert (end is not None) == lets_in
        return None if end is None else (end, self.model.stretch, self.clock.monotonic_s, self.breaker)

    async def through_permit(self) -> End:
        permit = self.breaker.acquire()
        return lambda failed: self.settle(permit, failed)

    async def settle(self, permit: Permit, failed: bool | None) -> None:
        if failed is None:
            permit.release()
        elif failed:
            permit.failure()
        else:
            permit.success()

    async def through_call(self) -> End:
        verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def wait() -> None:
            await verdict

        return await self.in_a_task(self.breaker.call(wait), verdict)

    async def through_block(self) -> End:
        verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        breaker = self.breaker

        async def wait() -> None:
            async with breaker:
                await verdict

        return await self.in_a_task(wait(), verdict)

    async def in_a_task(self, work: Coroutine[Any, Any, None], verdict: asyncio.Future[None]) -> End:
        task = asyncio.ensure_future(work)
        await asyncio.sleep(0)
        if task.done():
            await task

        async def end(failed: bool | None) -> None:
            if failed is None:
                task.cancel()
            elif failed:
                verdict.set_exception(Outside("down"))
            else:
                verdict.set_result(None)
            await asyncio.gather(task, return_exceptions=True)

        return end

    @rule(ended=consumes(under_way), failed=st.sampled_from([True, True, False, None]))
    def end(self, ended: Ongoing | None, failed: bool | None) -> None:
        if ended is None:
            return
        end, stretch, began_s, breaker = ended
        slow_s = self.model.config.slow_call_s
        slow = slow_s is not None and self.clock.monotonic_s - began_s > slow_s
        if breaker is self.breaker:
            self.runner.run(end(failed))
        else:  # what is left of an earlier process has a clock and a chance of its own
            with ManualClock().ruling():
                self.runner.run(end(failed))
        self.model.ends(stretch, failed, slow)

    @rule(quarters=st.integers(1, 16))
    def time_passes(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)
        self.model.now_s = self.clock.monotonic_s

    @rule(seconds=st.integers(-10_000, 10_000))
    def wall_clock_is_set(self, seconds: int) -> None:
        self.clock.step(seconds)

    @rule(state=st.sampled_from(State), sure=st.booleans())
    def somebody_switches(self, state: State, sure: bool) -> None:
        if sure:  # not too often: little would happen by itself
            self.breaker.switch(state)
            self.model.go(state)

    @rule(sure=st.booleans())
    def somebody_resets(self, sure: bool) -> None:
        if sure:
            self.breaker.reset()
            self.model.go(State.CLOSED)
            self.model.rejections = 0

    @rule(later_s=st.sampled_from([0.0, 1000.0]))
    def another_process_goes_on(self, later_s: float) -> None:
        text = msgspec.json.encode(self.breaker.snapshot())
        self.clock.advance(later_s)
        self.model.moved(later_s)
        self.breaker = self.make.restored(msgspec.json.decode(text, type=BreakerSnapshot), self.model.config)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()
            self.ruling.__exit__(None, None, None)

    @invariant()
    def both_know_the_same(self) -> None:
        if hasattr(self, "model"):
            model, seen = self.model, self.breaker.snapshot()
            counting = model.stretch.state in (State.CLOSED, State.HALF_OPEN, State.METRICS_ONLY)
            window = model.window() if counting else []
            assert (seen.state, seen.openings, seen.rejections) == (
                model.stretch.state,
                model.openings,
                model.rejections,
            )
            assert (seen.calls, seen.failures, seen.slow_calls) == (
                len(window),
                sum(each.failed for each in window),
                sum(each.slow for each in window),
            )
            left_s = model.stretch.until_s - model.now_s
            assert seen.remaining_s == (None if left_s == math.inf else pytest.approx(left_s))
            assert seen.permits_left == (model.permits_left if model.stretch.state is State.HALF_OPEN else None)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(stateful_step_count=40)


class KeepsAll(Period):
    __slots__ = ()

    def give_back(self) -> None:
        pass


class Leaky(CircuitBreaker):
    """Does not take a permit back that decides nothing."""

    def _begin(self, state: State, at_s: float) -> Period:
        begun = super()._begin(state, at_s)
        return KeepsAll(begun.state, begun.window, begun.left, begun.until_s)


class Forgetful(CircuitBreaker):
    """Does not look at the period in which a permit was given."""

    def _settle(self, period: Period, outcome: int) -> None:
        super()._settle(self._period, outcome)


class Hasty(CircuitBreaker):
    """Lets one probe too many through."""

    def _begin(self, state: State, at_s: float) -> Period:
        begun = super()._begin(state, at_s)
        begun.left += state is State.HALF_OPEN
        return begun


class Patient(CircuitBreaker):
    """Waits for its probes for ever."""

    def _begin(self, state: State, at_s: float) -> Period:
        begun = super()._begin(state, at_s)
        if state is State.HALF_OPEN:
            begun.until_s = float("inf")
        return begun


class LateToOpen(CircuitBreaker):
    """Begins the open time when it is seen that the probes took too long."""

    def _lapse(self, now_s: float) -> Period:
        if self._period.state is State.HALF_OPEN:
            self._period.until_s = now_s
        return super()._lapse(now_s)


class Tireless(CircuitBreaker):
    """Takes each opening for the first."""

    def _next_open_s(self) -> float:
        self.openings = 1
        return super()._next_open_s()


class Elephant(TimeWindow):
    """Forgets nothing."""

    __slots__ = ()

    def look(self) -> None:
        pass


class Unforgetting(CircuitBreaker):
    """Counts in a window that time does not empty."""

    def _begin(self, state: State, at_s: float) -> Period:
        begun = super()._begin(state, at_s)
        window: Window = begun.window
        if isinstance(window, TimeWindow):
            begun.window = Elephant(window.bucket_s * len(window.buckets))
        return begun


class Unhurried(CircuitBreaker):
    """Finds no call slow."""

    def _settle(self, period: Period, outcome: int) -> None:
        super()._settle(period, outcome & 1)


class Reborn(CircuitBreaker):
    """Takes up the time that is left as if it had just begun."""

    @classmethod
    def restored(cls, snapshot: BreakerSnapshot, config: CircuitBreakerConfig | None = None) -> CircuitBreaker:
        return super().restored(msgspec.structs.replace(snapshot, remaining_s=None), config)


SMALL = {"window_calls": 2, "minimum_calls": 1, "window_s": None, "failure_threshold": None, "open_backoff": None}

MUTANTS: list[tuple[type[CircuitBreaker], dict[str, Any]]] = [
    (Leaky, {}),
    (Forgetful, {}),
    (Hasty, {}),
    (Patient, {**SMALL, "half_open_max_s": 1.0}),
    (LateToOpen, {**SMALL, "half_open_max_s": 1.0}),
    (Tireless, {**SMALL, "open_backoff": GROWING}),
    (Unforgetting, {"window_s": 5.0, "window_calls": 20, "minimum_calls": 3, "failure_threshold": None}),
    (Unhurried, {"slow_call_s": 1.0, "failure_threshold": None}),
    (Reborn, SMALL),
]


@pytest.mark.parametrize(("mutant", "told"), MUTANTS, ids=[mutant.__name__ for mutant, _ in MUTANTS])
def test_the_model_catches_a_breaker_that_is_nearly_right(mutant: type[CircuitBreaker], told: dict[str, Any]) -> None:
    given = told

    class MutantMachine(BreakerMachine):
        make = mutant
        told = given

    thorough = settings(
        phases=[Phase.generate], max_examples=5_000, stateful_step_count=40, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with pytest.raises(AssertionError):
        run_state_machine_as_test(MutantMachine, settings=thorough)
