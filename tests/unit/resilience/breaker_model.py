"""What a circuit breaker promises, in the plainest words: it remembers everything, and recomputes it each time."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from eventlab.resilience import CircuitBreakerConfig, State
from eventlab.resilience.window import BUCKETS


@dataclass
class Ended:
    """A call that counted; *bucket* is the tenth of a window in which it ended."""

    failed: bool
    slow: bool
    bucket: int


@dataclass
class Stretch:
    """Everything that happened since the last change of state."""

    state: State
    until_s: float = math.inf
    under_way: int = 0
    ended: list[Ended] = field(default_factory=list)


class Model:
    def __init__(self, config: CircuitBreakerConfig, chance: random.Random, now_s: float) -> None:
        self.config, self.chance = config, chance
        self.openings, self.rejections, self.open_for_s = 0, 0, config.open_s
        self.now_s = now_s
        self.stretch = Stretch(State.CLOSED)

    def go(self, state: State, at_s: float | None = None) -> None:
        at_s = self.now_s if at_s is None else at_s
        until_s = math.inf
        if state is State.OPEN:
            previous_s = self.open_for_s if self.openings else 0.0
            self.openings += 1
            backoff = self.config.open_backoff
            if backoff is not None:
                self.open_for_s = backoff.delay_s(self.openings, self.chance, previous_s)
            until_s = at_s + self.open_for_s
        if state is State.HALF_OPEN and self.config.half_open_max_s is not None:
            until_s = at_s + self.config.half_open_max_s
        if state is State.CLOSED:
            self.openings, self.open_for_s = 0, self.config.open_s
        self.stretch = Stretch(state, until_s)

    def what_is_due(self) -> None:
        if self.stretch.state is State.HALF_OPEN and self.now_s >= self.stretch.until_s:
            self.go(State.OPEN, self.stretch.until_s)
        if self.stretch.state is State.OPEN and self.now_s >= self.stretch.until_s:
            self.go(State.HALF_OPEN)

    def lets_in(self) -> bool:
        self.what_is_due()
        here = self.stretch
        stopped = here.state in (State.OPEN, State.FORCED_OPEN)
        if stopped or (here.state is State.HALF_OPEN and not self.permits_left):
            self.rejections += 1
            return False
        here.under_way += 1
        return True

    @property
    def permits_left(self) -> int:
        return self.config.half_open_calls - self.stretch.under_way - len(self.stretch.ended)

    @property
    def wait_s(self) -> float:
        left_s = self.stretch.until_s - self.now_s
        return min(left_s, self.open_for_s) if self.stretch.state is State.HALF_OPEN else left_s

    def bucket(self) -> int:
        return 0 if self.config.window_s is None else int(self.now_s // (self.config.window_s / BUCKETS))

    def window(self) -> list[Ended]:
        ended = self.stretch.ended
        if self.stretch.state is State.HALF_OPEN:
            return ended
        if self.config.failure_threshold is not None:
            last_good = max((at for at, each in enumerate(ended) if not each.failed), default=-1)
            return ended[last_good + 1 :]
        if self.config.window_s is None:
            return ended[-self.config.window_calls :]
        return [each for each in ended if each.bucket > self.bucket() - BUCKETS]

    def ends(self, stretch: Stretch, failed: bool | None, slow: bool) -> None:
        if stretch is not self.stretch:
            return
        stretch.under_way -= 1
        if failed is None or stretch.state is State.DISABLED:
            return
        if stretch.state is State.HALF_OPEN and self.now_s >= stretch.until_s:
            self.what_is_due()
            return
        stretch.ended.append(Ended(failed, slow and self.config.failure_threshold is None, self.bucket()))
        if stretch.state is State.HALF_OPEN:
            if len(stretch.ended) == self.config.half_open_calls:
                self.go(State.OPEN if self.too_many() else State.CLOSED)
        elif stretch.state is State.CLOSED and self.too_many():
            self.go(State.OPEN)

    def too_many(self) -> bool:
        window = self.window()
        failures, slows = sum(each.failed for each in window), sum(each.slow for each in window)
        half_open = self.stretch.state is State.HALF_OPEN
        if self.config.failure_threshold is not None and not half_open:
            return failures >= self.config.failure_threshold
        if len(window) < (self.config.half_open_calls if half_open else self.config.minimum_calls):
            return False
        too_slow = self.config.slow_call_s is not None and slows / len(window) >= self.config.slow_call_rate
        return failures / len(window) >= self.config.failure_rate or too_slow

    def moved(self, by_s: float) -> None:
        """Another process goes on, whose clock shows *by_s* more: what was under way is not known to it."""
        before = self.bucket()
        window = self.window()
        self.now_s += by_s
        shift = self.bucket() - before
        kept = [Ended(each.failed, each.slow, each.bucket + shift) for each in window]
        self.stretch = Stretch(self.stretch.state, self.stretch.until_s + by_s, 0, kept)
