"""Layers stand in an order that makes sense, or somebody is told."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import resilience
from eventlab.errors import InvalidValue
from eventlab.resilience import (
    AdaptiveLimit,
    Bulkhead,
    CircuitBreaker,
    Layer,
    Policy,
    PolicyWarning,
    RateLimiter,
    Shedder,
    adaptive_limit,
    breaker,
    bulkhead,
    fallback,
    hedge,
    rate_limit,
    retry,
    shedding,
    timeout,
)
from eventlab.resilience.order import ALONE, DOUBTFUL, ORDER, REFUSED, table
from tests.sources import ROOT


@dataclass(frozen=True)
class Other(Layer):
    """A layer of which the order knows only the kind."""

    kind: str


GUARD = breaker(CircuitBreaker("payments"))
RATE = rate_limit(RateLimiter("payments", rate_per_s=10))
BULKHEAD = bulkhead(Bulkhead("payments", calls_max=8))
SHEDDER = shedding(Shedder("payments", calls_max=8))
ADAPTIVE = adaptive_limit(AdaptiveLimit("payments"))
LAYERS: list[Layer] = [
    fallback(value=None),
    retry(),
    hedge(0.1, idempotent=True),
    GUARD,
    RATE,
    BULKHEAD,
    SHEDDER,
    ADAPTIVE,
]


def verdict(layers: tuple[Layer, ...]) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            reduce(or_, layers)
        except InvalidValue:
            return "refused"
    return "warned" if caught else "accepted"


@given(st.permutations(LAYERS), st.integers(1, len(LAYERS)))
def test_just_the_documented_order_is_accepted_without_a_word(layers: list[Layer], count: int) -> None:
    chosen = tuple(layers[:count])
    kinds = [layer.kind for layer in chosen]
    assert (verdict(chosen) == "accepted") == (kinds == sorted(kinds, key=ORDER.index))


def test_every_layer_has_the_name_by_which_one_writes_it() -> None:
    assert tuple(layer.kind for layer in LAYERS) == ORDER
    for layer in LAYERS:
        assert repr(layer).partition("(")[0] == layer.kind
        assert hasattr(resilience, layer.kind)


def test_every_pair_in_another_order_has_its_reason_and_no_other_has() -> None:
    pairs = {(outer, inner) for outer, inner in permutations(ORDER, 2) if ORDER.index(outer) > ORDER.index(inner)}
    assert set(REFUSED) | set(DOUBTFUL) == pairs | {("timeout", "fallback")}
    assert not set(REFUSED) & set(DOUBTFUL)


@pytest.mark.parametrize("kind", ALONE)
def test_a_kind_that_stands_alone_is_refused_twice(kind: str) -> None:
    assert [verdict((Other(kind), between, Other(kind))) for between in (Other(""), timeout(1))] == ["refused"] * 2


WHOLE, ATTEMPT = timeout(9), timeout(1)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((WHOLE, retry(), GUARD, BULKHEAD, ATTEMPT), "accepted"),
        ((fallback(value=1), WHOLE, retry(), timeout(3), hedge(0.1, idempotent=True), GUARD, ATTEMPT), "accepted"),
        ((retry(), GUARD, RATE, BULKHEAD, ADAPTIVE, ATTEMPT), "accepted"),
        ((ATTEMPT, BULKHEAD), "accepted"),
        ((retry(), GUARD, ATTEMPT, BULKHEAD), "warned"),
        ((retry(), GUARD, ATTEMPT, RATE), "warned"),
        ((retry(), GUARD, RATE, ATTEMPT, BULKHEAD), "warned"),  # resilience4j's order
        ((RATE, WHOLE, retry(), GUARD, ATTEMPT), "warned"),  # that of Polly's standard pipeline
        ((ATTEMPT, ADAPTIVE), "warned"),
        ((ATTEMPT, fallback(value=1)), "warned"),
        ((ATTEMPT, GUARD), "refused"),
        ((ATTEMPT, BULKHEAD, GUARD), "refused"),
        ((WHOLE, ATTEMPT), "refused"),
        ((WHOLE, GUARD, ATTEMPT), "refused"),
        ((ATTEMPT, retry(), WHOLE), "refused"),
        ((hedge(1.0, idempotent=True), ATTEMPT), "refused"),
        ((hedge(1.0, idempotent=True, after_percentile=95), ATTEMPT), "accepted"),
    ],
    ids=lambda value: " | ".join(layer.kind for layer in value) if isinstance(value, tuple) else value,
)
def test_a_timeout_stands_where_its_scope_is(layers: tuple[Layer, ...], expected: str) -> None:
    assert verdict(layers) == expected


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: GUARD | retry(), r"retry \| breaker: a breaker outside sees one call"),
        (lambda: GUARD | timeout(1) | retry(), r"retry \| breaker"),
        (lambda: retry() | retry(), "the attempts would multiply"),
        (lambda: GUARD | GUARD, "one breaker at most"),
        (lambda: timeout(1) | GUARD, "counts as nothing"),
        (lambda: timeout(1) | timeout(2), "only the shorter counts"),
        (lambda: timeout(1) | retry() | timeout(2), "at least 2 s"),
        (lambda: retry() | fallback(value=1), r"fallback \| retry: a stand-in looks like success"),
        (lambda: timeout(0), "seconds"),
    ],
)
def test_what_is_refused_comes_with_the_reason(build: object, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        build()  # type: ignore[operator]


def test_what_costs_something_is_told_once_with_the_price() -> None:
    def groupings() -> list[Policy]:
        return [(BULKHEAD | retry()) | GUARD | ATTEMPT, BULKHEAD | (retry() | (GUARD | ATTEMPT))]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        groupings()
    told = [str(each.message).split(": ", 1)[1] for each in caught if each.category is PolicyWarning]
    held = "retry | bulkhead would do: with the bulkhead outside, a place is held during the pauses between attempts"
    waits = "breaker | bulkhead would do: with the bulkhead outside, a call waits for its place, only to be rejected"
    assert told == 2 * [held, f"{waits} by the breaker"]
    assert {each.filename for each in caught} == {__file__}


def test_the_page_shows_the_rules_as_they_are() -> None:
    assert table() in (ROOT / "docs" / "resilience.md").read_text(encoding="utf-8")
