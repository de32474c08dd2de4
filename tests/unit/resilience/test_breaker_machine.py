"""The breaker against a model that remembers everything and recomputes it each time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, settings
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
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, Permit, State
from eventlab.resilience.state import Period
from eventlab.testing.clock import ManualClock


@dataclass
class Stretch:
    """Everything that happened since the last change of state."""

    state: State
    began_s: float
    under_way: int = 0
    failed: list[bool] = field(default_factory=list)


class Model:
    """What the breaker promises, in the plainest words."""

    def __init__(self, config: CircuitBreakerConfig) -> None:
        self.config = config
        self.period = Stretch(State.CLOSED, 0.0)

    def lets_in(self, now_s: float) -> bool:
        if self.period.state is State.OPEN and now_s - self.period.began_s >= self.config.open_s:
            self.period = Stretch(State.HALF_OPEN, now_s)
        if self.period.state is State.OPEN:
            return False
        probes = self.period.under_way + len(self.period.failed)
        if self.period.state is State.HALF_OPEN and probes >= self.config.half_open_calls:
            return False
        self.period.under_way += 1
        return True

    def ends(self, period: Stretch, failed: bool | None, now_s: float) -> None:
        if period is not self.period:
            return
        period.under_way -= 1
        if failed is None:
            return
        period.failed.append(failed)
        half_open = period.state is State.HALF_OPEN
        window = period.failed if half_open else period.failed[-self.config.window_calls :]
        enough = self.config.half_open_calls if half_open else self.config.minimum_calls
        if len(window) < enough:
            return
        if sum(window) / len(window) >= self.config.failure_rate:
            self.period = Stretch(State.OPEN, now_s)
        elif half_open:
            self.period = Stretch(State.CLOSED, now_s)


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls, ends, passing time and a wall clock that is set to and fro."""

    under_way = Bundle("under_way")
    make = CircuitBreaker

    @initialize(
        window=st.integers(1, 6),
        minimum=st.integers(1, 6),
        rate=st.sampled_from([0.2, 0.5, 2 / 3, 1.0]),
        probes=st.integers(1, 4),
    )
    def begin(self, window: int, minimum: int, rate: float, probes: int) -> None:
        self.clock, self.runner = ManualClock(), asyncio.Runner()
        self.ruling = self.clock.ruling()
        self.ruling.__enter__()
        config = CircuitBreakerConfig(window, min(window, minimum), rate, 4.0, probes)
        self.model = Model(config)
        self.breaker = self.make("payments", config)

    @rule(target=under_way)
    def call(self) -> tuple[Permit, Stretch] | None:
        async def acquire() -> Permit | None:
            try:
                return self.breaker.acquire()
            except CircuitOpen as rejection:
                assert rejection.retry_after_s > 0
                return None

        permit = self.runner.run(acquire())
        assert (permit is not None) == self.model.lets_in(self.clock.monotonic_s)
        return None if permit is None else (permit, self.model.period)

    @rule(ended=consumes(under_way), failed=st.sampled_from([True, True, False, None]))
    def end(self, ended: tuple[Permit, Stretch] | None, failed: bool | None) -> None:
        if ended is None:
            return
        permit, period = ended

        async def settle() -> None:
            if failed is None:
                permit.release()
            elif failed:
                permit.failure()
            else:
                permit.success()

        self.runner.run(settle())
        self.model.ends(period, failed, self.clock.monotonic_s)

    @rule(seconds=st.integers(1, 4))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.integers(-10_000, 10_000))
    def wall_clock_is_set(self, seconds: int) -> None:
        self.clock.step(seconds)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()
            self.ruling.__exit__(None, None, None)

    @invariant()
    def both_are_in_the_same_state(self) -> None:
        if hasattr(self, "model"):
            assert self.breaker.state is self.model.period.state
            window = self.model.period.failed[-self.model.config.window_calls :]
            if self.breaker.state is State.CLOSED:
                assert (self.breaker.calls, self.breaker.failures) == (len(window), sum(window))


TestBreakerMachine = BreakerMachine.TestCase


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


@pytest.mark.parametrize("mutant", [Leaky, Forgetful, Hasty])
def test_the_model_catches_a_breaker_that_is_nearly_right(mutant: type[CircuitBreaker]) -> None:
    class MutantMachine(BreakerMachine):
        make = mutant

    with pytest.raises(AssertionError):
        run_state_machine_as_test(MutantMachine, settings=settings(phases=[Phase.generate], max_examples=500))
