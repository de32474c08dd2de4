"""How many calls at once a target takes, told from how long they take: the gradient of latency.

Where the target is not busy a call takes *noload_s*; where calls wait for each other inside it, it takes longer. After
each window::

    gradient = tolerance * noload_s / latency_s, within 0.5 and 1, times the share that was not dropped
    limit    = (1 - smoothing) * limit + smoothing * (gradient * limit + √limit)

That is the update of Netflix's concurrency-limits (``Gradient2Limit``, with the √limit of its ``GradientLimit`` as the
queue that is allowed) and of Envoy's adaptive concurrency filter. From Envoy is also how *noload_s* is found:
from calls that began while hardly any others were under way, and if there are none for long, by letting in few for a
moment. A mean over long times, as in ``Gradient2Limit``, follows a lasting overload, and lets the limit creep up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import runtime
from ..errors import InvalidValue
from ..errors.given import check_seconds


@dataclass(frozen=True, slots=True)
class GradientConfig:
    """What an adaptive limit is told.

    Latency may be *tolerance* times that of an idle target. Windows last at least *window_s* and *window_calls*.
    Latency without load is the mean of *probe_calls* calls that began while at most *limit_min* were under way. If
    there were none for *probe_every_s* (± 15 %, so that several limits do not do it together), and at the very
    beginning, the limit is *limit_min* until there are.
    """

    limit_min: int = 4
    limit_max: int = 1000
    limit_initial: int = 20
    tolerance: float = 1.5
    smoothing: float = 0.2
    window_s: float = 0.1
    window_calls: int = 20
    probe_every_s: float = 30.0
    probe_calls: int = 50

    def __post_init__(self) -> None:
        for name in ("limit_min", "window_calls", "probe_calls"):
            if not getattr(self, name) >= 1 or getattr(self, name) % 1:
                raise InvalidValue(f"GradientConfig.{name}", getattr(self, name), "a whole number, at least 1")
        if not self.limit_min <= self.limit_initial <= self.limit_max:
            expected = f"from limit_min to limit_max, {self.limit_min} to {self.limit_max}"
            raise InvalidValue("GradientConfig.limit_initial", self.limit_initial, expected)
        if not 1 <= self.tolerance < math.inf:
            raise InvalidValue("GradientConfig.tolerance", self.tolerance, "a factor of at least 1")
        if not 0 < self.smoothing <= 1:
            raise InvalidValue("GradientConfig.smoothing", self.smoothing, "a share above 0, up to 1")
        for name in ("window_s", "probe_every_s"):
            check_seconds(f"GradientConfig.{name}", getattr(self, name))


class Mean:
    """Of what came since it began."""

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value

    @property
    def value(self) -> float:
        return self.total / self.count


class Gradient:
    """The limit, and what moves it. It is told of every call that ended."""

    def __init__(self, config: GradientConfig, now_s: float) -> None:
        self.config = config
        self.noload_s: float | None = None
        """How long a call takes when the target is not busy; None until it is known."""
        self._limit = float(config.limit_initial)
        self._probe = Mean()
        self._probe_due_s = now_s
        self._begin_window(now_s)

    def limit(self, now_s: float) -> int:
        """How many may be under way now."""
        return self.config.limit_min if now_s >= self._probe_due_s else int(self._limit)

    def ended(self, took_s: float, inside: int, now_s: float) -> None:
        """A call was answered; when it began, *inside* were under way with it."""
        self._latency.add(took_s)
        if inside <= self.config.limit_min:
            self._probe.add(took_s)
            if self._probe.count >= self.config.probe_calls:
                self.noload_s, self._probe = self._probe.value, Mean()
                every_s = self.config.probe_every_s
                self._probe_due_s = now_s + every_s * runtime.random_stream("resilience/gradient").uniform(0.85, 1.15)
        self._end_window(inside, now_s)

    def dropped(self, inside: int, now_s: float) -> None:
        """A call was not answered in time, or turned away by the target."""
        self._drops += 1
        self._end_window(inside, now_s)

    def _begin_window(self, now_s: float) -> None:
        self._window_began_s, self._latency = now_s, Mean()
        self._drops = self._inside_max = 0

    def _end_window(self, inside: int, now_s: float) -> None:
        self._inside_max = max(self._inside_max, inside)
        calls = self._latency.count + self._drops
        if calls < self.config.window_calls or now_s - self._window_began_s < self.config.window_s:
            return
        if self._latency.count and self.noload_s is not None and self.noload_s > 2 * self._latency.value:
            self.noload_s *= 0.9  # the target has become quicker; as in Gradient2Limit
        if self._inside_max >= self._limit / 2:  # else the latency says nothing about that limit
            self._move(self._drops / calls)
        self._begin_window(now_s)

    def _move(self, dropped: float) -> None:
        gradient = 1.0
        if self._latency.count and self.noload_s is not None:
            gradient = min(1.0, self.config.tolerance * self.noload_s / self._latency.value)
        gradient = max(0.5, gradient * (1 - dropped))
        queue = 0.0 if dropped else math.sqrt(self._limit)
        share = self.config.smoothing
        limit = (1 - share) * self._limit + share * (gradient * self._limit + queue)
        self._limit = min(max(limit, self.config.limit_min), self.config.limit_max)
