"""What a breaker knows, as a value that outlives it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from .. import runtime
from ..errors import InvalidValue
from .state import Period, State, nothing_counted
from .window import CountWindow, RowWindow, TimeWindow

if TYPE_CHECKING:
    from .deciding import Decider

LETTERS = "SFsf"
"""How a call ended: well, failed, slow and well, slow and failed."""


class BreakerSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A breaker at one moment. Times are what is left of them: a monotonic clock ends with its process.

    *calls*, *failures* and *slow_calls* sum up the window, which is in *outcomes* (oldest first: ``S`` well, ``F``
    failed, ``s`` slow, ``f`` slow and failed) or, counted by time, in *buckets* of calls, failures and slow calls.
    *permits_left* and *probes_out* are those of half-open.
    """

    name: str
    state: State
    calls: int = 0
    failures: int = 0
    slow_calls: int = 0
    outcomes: str = ""
    buckets: list[tuple[int, int, int]] = []
    permits_left: int | None = None
    probes_out: int = 0
    remaining_s: float | None = None
    """How long it will be OPEN yet, or HALF_OPEN at most; None when there is no end to it.

    Below 0 that was over so long before, and nobody has called since.
    """
    open_for_s: float = 0.0
    openings: int = 0
    failed_at: datetime | None = None
    rejections: int = 0

    def __post_init__(self) -> None:
        if strange := set(self.outcomes) - set(LETTERS):
            raise InvalidValue("outcomes", self.outcomes, f"only the letters {LETTERS}, and not {min(strange)!r}")
        for name in ("open_for_s", "openings", "rejections", "failures"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InvalidValue(name, getattr(self, name), "a number, 0 or more")
        if self.remaining_s is not None and not math.isfinite(self.remaining_s):
            raise InvalidValue("remaining_s", self.remaining_s, "a number of seconds, or none")


def save(breaker: Decider) -> BreakerSnapshot:
    with breaker._lock:
        period = breaker._period
        window = period.window
        window.look()
        half_open = period.state is State.HALF_OPEN
        until_s = period.until_s
        return BreakerSnapshot(
            name=breaker.name,
            state=period.state,
            calls=window.calls,
            failures=window.failures,
            slow_calls=window.slows,
            outcomes="".join(LETTERS[each] for each in window.outcomes) if isinstance(window, CountWindow) else "",
            buckets=[(b[0], b[1], b[2]) for b in window.in_order()] if isinstance(window, TimeWindow) else [],
            permits_left=period.permits_left if half_open else None,
            probes_out=breaker.config.half_open_calls - window.calls - period.permits_left if half_open else 0,
            remaining_s=None if until_s == math.inf else until_s - runtime.monotonic(),
            open_for_s=breaker._open_for_s,
            openings=breaker.openings,
            failed_at=breaker.failed_at,
            rejections=breaker.rejections,
        )


def restore(breaker: Decider, snapshot: BreakerSnapshot) -> None:
    """Put *breaker*, which is new, where *snapshot* was, as far as its configuration lets it."""
    at_s = runtime.monotonic()
    if snapshot.state is State.OPEN:  # not begun as others are: it opened then, not now
        left_s = breaker.config.open_s if snapshot.remaining_s is None else snapshot.remaining_s
        period = Period(State.OPEN, nothing_counted(), until_s=at_s + left_s)
    else:
        period = breaker._begin(snapshot.state, at_s)
        if snapshot.remaining_s is not None:
            period.until_s = min(period.until_s, at_s + snapshot.remaining_s)
    breaker._period = period
    breaker._open_for_s = snapshot.open_for_s or breaker.config.open_s
    breaker.openings, breaker.failed_at = snapshot.openings, snapshot.failed_at
    breaker._count_rejections_from(snapshot.rejections)
    window = period.window
    if isinstance(window, CountWindow):
        kept = snapshot.outcomes[-window.size :]
        if period.state is State.HALF_OPEN:
            kept = kept[: window.size - 1]  # at least one probe is left to decide
            period.left = window.size - len(kept)
        for letter in kept:
            window.add(LETTERS.index(letter))
    elif isinstance(window, TimeWindow) and len(snapshot.buckets) == len(window.buckets):
        window.refill([list(bucket) for bucket in snapshot.buckets])
    elif isinstance(window, RowWindow):
        period.window = RowWindow(snapshot.failures)
