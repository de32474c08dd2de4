"""Which layer of a policy belongs outside of which, and what goes wrong otherwise.

The order is that of `ORDER`, with a timeout innermost, around each attempt, or outside of whatever repeats. An order
that would not do what it seems to do is refused; one that does it at a price is warned about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Protocol

ORDER = ("fallback", "retry", "hedge", "breaker", "rate_limit", "bulkhead", "shedding", "adaptive_limit")
"""Outermost first; a ``timeout`` stands where its scope is."""

_BLIND = "the limit sees one call where the target gets several"
_NO_STAND_IN = "whoever it rejects gets no stand-in"
_HELD = "a place is held during the pauses between attempts"
_IN_VAIN = "a call waits for its place, only to be rejected by the breaker"
_WAITING = "the waiting inside would be measured as the target's latency"

REFUSED = {
    ("retry", "fallback"): "a stand-in looks like success, so that nothing would ever be tried again",
    ("hedge", "fallback"): "a stand-in comes at once, and would win against the answer",
    ("breaker", "fallback"): "the breaker would count stand-ins as successes, and never open",
    (
        "hedge",
        "retry",
    ): "a call that pauses between attempts looks slow, and each hedge would bring attempts of its own",
    ("breaker", "retry"): "a breaker outside sees one call where the target got several",
    ("breaker", "hedge"): "a breaker outside sees the quickest of several calls, and not what ails the others",
    ("adaptive_limit", "retry"): "pauses and repetitions would be measured as the target's latency",
    ("adaptive_limit", "hedge"): "it would measure the quickest of several calls, and take the target for quicker",
    ("adaptive_limit", "rate_limit"): _WAITING,
    ("adaptive_limit", "bulkhead"): _WAITING,
    ("adaptive_limit", "shedding"): _WAITING,
}
"""What (outer, inner) would do that nobody wants."""

DOUBTFUL = {
    ("rate_limit", "fallback"): _NO_STAND_IN,
    ("bulkhead", "fallback"): _NO_STAND_IN,
    ("shedding", "fallback"): _NO_STAND_IN,
    ("adaptive_limit", "fallback"): _NO_STAND_IN,
    ("rate_limit", "retry"): _BLIND,
    ("bulkhead", "retry"): _HELD,
    ("shedding", "retry"): _HELD,
    ("rate_limit", "hedge"): _BLIND,
    ("bulkhead", "hedge"): _BLIND,
    ("shedding", "hedge"): _BLIND,
    ("rate_limit", "breaker"): "what the breaker rejects has used up the rate",
    ("bulkhead", "breaker"): _IN_VAIN,
    ("shedding", "breaker"): _IN_VAIN,
    ("adaptive_limit", "breaker"): _IN_VAIN,
    ("bulkhead", "rate_limit"): "a place is held while waiting for the rate",
    ("shedding", "rate_limit"): "a place is held while waiting for the rate",
    ("shedding", "bulkhead"): "a place is held while waiting in the queue of the bulkhead",
    ("timeout", "fallback"): "whoever runs out of time gets no stand-in",
}
"""What (outer, inner) costs."""

ALONE = {
    "retry": "the attempts would multiply",
    "hedge": "the calls would multiply",
    "breaker": "one would count what the other held back",
    "bulkhead": "only the smaller counts",
    "shedding": "what the outer let through in time, the inner would drop",
    "adaptive_limit": "each would measure the waiting for the other",
}
"""Kinds of which one policy has one at most, and why."""

_REPEATING = ("retry", "hedge")
_LIMITERS = ("rate_limit", "bulkhead", "shedding", "adaptive_limit")


class PolicyWarning(UserWarning):
    """A policy in an order that does what it says, but at a price that its author may not have meant."""


class Ordered(Protocol):
    """What the rules look at of a layer."""

    @property
    def kind(self) -> str: ...

    @property
    def ends_after_s(self) -> float | None: ...


def why_senseless(layers: Sequence[Ordered]) -> str:
    """What an order of layers gets wrong, with the order that would do; empty when it makes sense."""
    kinds = [layer.kind for layer in layers]
    for kind, harm in ALONE.items():
        if kinds.count(kind) > 1:
            return f"one {kind} at most: with two, {harm}"
    for outer, inner in combinations(kinds, 2):
        if (outer, inner) in REFUSED:
            return f"{inner} | {outer}: {REFUSED[outer, inner]}"
    return next(_wrong_timeouts(layers), "")


def _wrong_timeouts(layers: Sequence[Ordered]) -> Iterator[str]:
    for outer, inner, between in _around(layers):
        apart = any(kind in _REPEATING for kind in between)
        if inner.kind == "timeout":
            if not apart:
                yield "two timeouts with something between them that repeats: of these only the shorter counts"
            elif outer.ends_after_s < inner.ends_after_s:
                least = f"an outer timeout of at least {inner.ends_after_s:g} s"
                yield f"{least}: before a shorter one the inner never ends anything"
        if inner.kind == "breaker" and not apart:
            yield "breaker | timeout: a timeout outside cancels the call, and a cancelled call counts as nothing"
    for hedge in layers:
        after_s = getattr(hedge, "begins_after_s", None)
        shortest_s = min((each.ends_after_s for each in layers if each.ends_after_s is not None), default=None)
        if after_s is not None and shortest_s is not None and after_s >= shortest_s:
            yield f"a hedge after less than {shortest_s:g} s: by then the timeout has ended the first call"


def doubts_of(layers: Sequence[Ordered]) -> list[str]:
    """What an order costs, a sentence each."""
    kinds = [layer.kind for layer in layers]
    doubts = [
        f"{inner} | {outer} would do: with the {outer} outside, {DOUBTFUL[outer, inner]}"
        for outer, inner in combinations(kinds, 2)
        if (outer, inner) in DOUBTFUL
    ]
    for outer, inner, between in _around(layers):
        if inner.kind in _LIMITERS and not any(kind in _REPEATING for kind in between):
            before = kinds[: [*layers].index(outer)]
            if "breaker" in before:
                price = "the breaker counts waiting in one's own queue as a failure of the target"
            elif inner.kind == "adaptive_limit":
                price = "a timeout cancels the call, and the limit learns nothing from it"
            else:
                continue
            doubts.append(f"{inner.kind} | timeout would do: with the timeout outside, {price}")
    return doubts


def _around(layers: Sequence[Ordered]) -> Iterator[tuple[Any, Ordered, list[str]]]:
    """Each timeout with each layer inside of it, and the kinds of what stands between the two."""
    for at, outer in enumerate(layers):
        if outer.kind == "timeout":
            for further, inner in enumerate(layers[at + 1 :], at + 1):
                yield outer, inner, [layer.kind for layer in layers[at + 1 : further]]


def table() -> str:
    """The rules about pairs as a table in Markdown, for people."""
    order = " > ".join(f"`{kind}`" for kind in ORDER)
    rows = [f"| `{inner} \\| {outer}` | refused | {why} |" for (outer, inner), why in REFUSED.items()]
    rows += [f"| `{inner} \\| {outer}` | warned | {why} |" for (outer, inner), why in DOUBTFUL.items()]
    head = ["| Write | The other way round is | because |", "|---|---|---|"]
    return "\n".join([f"From outside to inside: {order}.", "", *head, *rows])
