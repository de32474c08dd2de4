"""The numbers behind the metrics: cells by family and labels, safe on any thread, in one order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from threading import RLock
from typing import TypeAlias

import msgspec

from .families import FAMILIES, FREE_LABELS, Family

Labels: TypeAlias = tuple[str, ...]
"""The values of a family's labels, in its order."""

OTHER = "other"


class Histogram(msgspec.Struct):
    """How many values fell into each bucket (the last one has no upper bound), and their sum."""

    counts: list[int]
    total: float = 0.0


class Sample(msgspec.Struct, frozen=True):
    """One number at one moment: a histogram gives several, as Prometheus has them."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    @property
    def series(self) -> str:
        """Name and labels in one text."""
        inside = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{inside}}}"


class Numbers:
    """Counters, gauges and histograms of `FAMILIES`.

    At most *values_max* values of a label that comes from outside are told apart; later ones are ``other``, and each
    time is counted. A lock is held for the time of one addition, and never while anybody else's code runs.
    """

    def __init__(self, values_max: int) -> None:
        self._values_max = values_max
        self._known: dict[str, dict[str, None]] = {}
        self._cells: dict[str, dict[Labels, float]] = {name: {} for name in FAMILIES}
        self._histograms: dict[str, dict[Labels, Histogram]] = {name: {} for name in FAMILIES}
        self.lock = RLock()  # a finalizer that tells something may run in the middle of an addition

    def add(self, name: str, *labels: str, amount: float = 1) -> None:
        """Add to a counter."""
        with self.lock:
            cells = self._cells[name]
            if labels in cells:  # told apart already, each of them
                cells[labels] += amount
                return
            key = self._bounded(name, labels)
            cells[key] = cells.get(key, 0) + amount

    def observe(self, name: str, *labels: str, value: float) -> None:
        """Put a value into a histogram."""
        bounds = FAMILIES[name].buckets_s
        with self.lock:
            histograms = self._histograms[name]
            found = histograms.get(labels)
            if found is None:
                empty = Histogram([0] * (len(bounds) + 1))
                found = histograms.setdefault(self._bounded(name, labels), empty)
            found.counts[bisect_left(bounds, value)] += 1
            found.total += value

    def set(self, name: str, *labels: str, value: float) -> None:
        """Say what a gauge is now. What would be told as ``other`` is left out: it would be one of several."""
        with self.lock:
            key = self._bounded(name, labels)
            if OTHER not in key or key == labels:
                self._cells[name][key] = value

    def bounded(self, name: str, labels: Labels) -> Labels:
        """*labels* as they are told."""
        with self.lock:
            return self._bounded(name, labels)

    def _bounded(self, name: str, labels: Labels) -> Labels:
        service = self._told("service", labels[0], "")
        names = FAMILIES[name].labels
        return (service, *(self._told(each, value, service) for each, value in zip(names[1:], labels[1:], strict=True)))

    def _told(self, label: str, value: str, service: str) -> str:
        if label not in FREE_LABELS:
            return value
        known = self._known.setdefault(label, {})
        if value in known:
            return value
        text = str(value).encode("utf-8", "replace").decode()  # half a surrogate pair could not be sent
        if text in known:
            return text
        if len(known) < self._values_max:
            known[text] = None
            return text
        folded = self._cells["eventcore_labels_folded_total"]
        folded[service or OTHER, label] = folded.get((service or OTHER, label), 0) + 1
        return OTHER

    def taken(self) -> tuple[dict[str, dict[Labels, float]], dict[str, dict[Labels, Histogram]]]:
        """A copy of everything, of one moment."""
        with self.lock:
            cells = {name: dict(found) for name, found in self._cells.items()}
            histograms = {
                name: {key: Histogram(list(each.counts), each.total) for key, each in found.items()}
                for name, found in self._histograms.items()
            }
        return cells, histograms


def samples_of(family: Family, cells: dict[Labels, float], histograms: dict[Labels, Histogram]) -> Iterator[Sample]:
    """The samples of one family, ordered by their labels."""
    for key in sorted(cells):
        yield Sample(family.name, tuple(zip(family.labels, key, strict=True)), cells[key])
    for key in sorted(histograms):
        labels = tuple(zip(family.labels, key, strict=True))
        for bound, count in cumulated(family, histograms[key]):
            yield Sample(f"{family.name}_bucket", (*labels, ("le", bound)), count)
        yield Sample(f"{family.name}_sum", labels, histograms[key].total)
        yield Sample(f"{family.name}_count", labels, sum(histograms[key].counts))


def cumulated(family: Family, histogram: Histogram) -> list[tuple[str, float]]:
    """How many values were at most each bound, as Prometheus has it; the last bound is ``+Inf``."""
    told, so_far = [], 0
    for bound, count in zip([*family.buckets_s, None], histogram.counts, strict=True):
        so_far += count
        told.append(("+Inf" if bound is None else repr(bound), float(so_far)))
    return told
