"""How long what was asked for took, in one run: each of them, percentiles, and the mean with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from .. import hooks
from ..errors import InvalidValue
from ..history import Entry, of_kind, operations
from ..simulation.statistics import batch_means
from ..simulation.statistics.estimate import share
from .summary import MeanLatency


def latencies_s(entries: Sequence[Entry]) -> list[float]:
    """From start to completion: of sagas, or of the load's own requests where there are no sagas, in their order."""
    began: dict[str, float] = {}
    took_s: list[float] = []
    for entry, moved in of_kind(entries, hooks.SagaMoved):
        if moved.phase == "started":
            began[moved.saga] = entry.at
        elif moved.phase == "completed" and moved.saga in began:
            took_s.append(entry.at - began[moved.saga])
    if began:
        return took_s
    answered = (one.latency_s for one in operations(entries) if one.outcome == "ok")
    return [latency_s for latency_s in answered if latency_s is not None]


def percentiles_ms(took_s: Iterable[float]) -> dict[str, float]:
    """Half of the latencies lie below the first of these, nearly all below the last."""
    ordered = sorted(took_s)
    return {f"p{share}": round(1000 * percentile(ordered, share), 3) for share in (50, 95, 99)} if ordered else {}


def mean_latency(took_s: Sequence[float]) -> MeanLatency | msgspec.UnsetType:
    """Their mean with its interval; unset for too few. Those that follow one another are alike, as in one queue.

    So the interval is that of the means of twenty batches (Law 2015, §9.5.3).
    """
    try:
        found = batch_means([1000 * one_s for one_s in took_s])
    except InvalidValue:
        return msgspec.UNSET
    estimate = found.estimate
    text = f"{estimate.interval} ms ({share(estimate.confidence)}, {estimate.n} batches of {found.size:,}{found.doubt})"
    return MeanLatency(
        mean_ms=round(estimate.mean, 3),
        half_width_ms=round(estimate.half_width, 3),
        confidence=estimate.confidence,
        text=text,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that *share* % of all do not exceed. Always one that occurred."""
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]
