"""A circuit breaker's time, read from a history: its states, the calls through it, what it counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from eventlab.history import of_kind
from eventlab.hooks import BreakerChanged, BreakerCounted, CallEnded
from eventlab.scenarios.breaker_lives import breaker_changes

from .faults import FaultSpan, fault_spans
from .subject import RunLike, end_s


class Stretch(NamedTuple):
    """How long the breaker was in one state, and why it came to be in it."""

    state: str
    began_s: float
    ended_s: float
    reason: str


class CallMark(NamedTuple):
    """One call that ended: when, how, and how long it had taken."""

    at_s: float
    outcome: str
    duration_s: float


class BreakerStory(NamedTuple):
    """All that the strip shows.

    *counted* are ``(time, calls in the window, failure rate or None)``, and *slow* ``(time, share of slow calls or
    None)``, empty where the breaker knows of no slow calls.
    """

    breaker: str
    stretches: tuple[Stretch, ...]
    calls: tuple[CallMark, ...]
    counted: tuple[tuple[float, int, float | None], ...]
    slow: tuple[tuple[float, float | None], ...]
    threshold: float | None
    slow_threshold: float | None
    faults: tuple[FaultSpan, ...]
    ended_s: float

    @property
    def transitions(self) -> tuple[Stretch, ...]:
        """The stretches that the breaker changed into."""
        return self.stretches[1:]


def spoken(state: str) -> str:
    """``HALF_OPEN`` as people say it: ``half-open``."""
    return state.lower().replace("_", "-")


def breakers(run: RunLike) -> list[str]:
    """The breakers of the run, the one that changed most often first."""
    changes: dict[str, int] = {}
    for _, counted in of_kind(run.entries, BreakerCounted):
        changes.setdefault(counted.breaker, 0)
    for _, changed in of_kind(run.entries, BreakerChanged):
        changes[changed.breaker] = changes.get(changed.breaker, 0) + 1
    return sorted(changes, key=lambda name: (-changes[name], name))


def tell(run: RunLike, breaker: str | None = None, threshold: float | None = None) -> BreakerStory:
    """The story of *breaker*, or of the one that changed most. Raises LookupError when the run does not know it."""
    known = breakers(run)
    if not known:
        raise LookupError("no circuit breaker did anything in this run")
    chosen = breaker or known[0]
    if chosen not in known:
        raise LookupError(f"the run has no breaker {chosen!r}; it has {', '.join(known)}")
    changes = breaker_changes(run.entries).get(chosen, [])
    counts = [(entry.at, what) for entry, what in of_kind(run.entries, BreakerCounted) if what.breaker == chosen]
    last = end_s(run)
    return BreakerStory(
        breaker=chosen,
        stretches=tuple(_stretches(changes, last)),
        calls=tuple(_calls(run, chosen)),
        counted=tuple((at, what.calls, what.failure_rate) for at, what in counts),
        slow=_slow(counts),
        threshold=threshold if threshold is not None else _threshold(changes, r"failed \("),
        slow_threshold=_threshold(changes, "were slow, "),
        faults=tuple(fault_spans(run)),
        ended_s=last,
    )


def _stretches(changes: Sequence[tuple[float, BreakerChanged]], last: float) -> list[Stretch]:
    if not changes:
        return [Stretch("closed", 0.0, last, "")]
    ends = [*(at for at, _ in changes[1:]), last]
    first = Stretch(spoken(changes[0][1].before), 0.0, changes[0][0], "")
    return [
        first,
        *(Stretch(spoken(what.after), at, end, what.reason) for (at, what), end in zip(changes, ends, strict=True)),
    ]


def _calls(run: RunLike, breaker: str) -> list[CallMark]:
    """The calls that this breaker guards: those to the targets that its name says."""
    ended = [(entry.at, what) for entry, what in of_kind(run.entries, CallEnded)]
    source, targets = _guards(breaker, {what.target: None for _, what in ended})
    return [
        CallMark(at, what.outcome, what.duration_s)
        for at, what in ended
        if what.target in targets and source in ("", what.source)
    ]


def _guards(breaker: str, targets: dict[str, None]) -> tuple[str, list[str]]:
    """``payments`` guards calls to payments; ``orders→payments`` (or ``/``, ``->``, ``:``) only those from orders.

    ``orders→a+b`` guards those to a and to b, and ``orders/3→payments`` is one of several that orders has: whose
    call was whose, no record says, so they are given those of all.
    """
    if breaker in targets:
        return "", [breaker]
    source, arrow, named = breaker.partition("→")
    within = [name for name in named.split("+") if name in targets]
    if arrow and within:
        return source.partition("/")[0], within
    parts = [part.strip() for part in re.split(r"→|->|/|:|\|", breaker)]
    if len(parts) == 2 and parts[1] in targets:
        return parts[0], [parts[1]]
    return "", [next((target for target in targets if target in breaker), breaker)]


def _slow(counts: Sequence[tuple[float, BreakerCounted]]) -> tuple[tuple[float, float | None], ...]:
    rates = tuple((at, what.slow_rate) for at, what in counts)
    return rates if any(rate is not None for _, rate in rates) else ()


def _threshold(changes: Sequence[tuple[float, BreakerChanged]], of_what: str) -> float | None:
    """The rate at which it opens, as the reason of an opening states it: ``… (55 % ≥ 50 %)``."""
    for _, what in changes:
        if found := re.search(of_what + r".*≥\s*([\d.]+)\s*%", what.reason):
            return float(found.group(1)) / 100
    return None


def window_of_interest(story: BreakerStory) -> tuple[float, float]:
    """The part of the run worth showing: the faults and the transitions, with calm on either side."""
    moments = [stretch.began_s for stretch in story.transitions]
    moments += [moment for span in story.faults for moment in (span.began_s, span.ended_s)]
    if not moments:
        return 0.0, max(story.ended_s, 1e-3)
    first, last = min(moments), max(moments)
    calm = max(0.3 * (last - first), 2.0)
    return max(0.0, first - calm), min(max(story.ended_s, last), last + calm)
