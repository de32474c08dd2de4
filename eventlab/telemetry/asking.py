"""The gauges that are asked at a scrape: none that goes wrong spoils it."""

from __future__ import annotations

import asyncio
from typing import Final

from ..errors import InvalidValue
from ..hooks.gauges import Gauge, registered
from .families import FAMILIES, LAG
from .numbers import Labels, Numbers

TIMEOUT_S: Final = 5.0
"""So long all gauges together may be awaited: half of what a scrape of Prometheus usually may take."""


async def read_all(numbers: Numbers, service: str | None, node: str | None) -> None:
    """Await all gauges that have to be, one after the other. One that raises, or takes too long, is counted."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            for gauge in _of(service, node):
                await _read(numbers, gauge, service)
    except TimeoutError:
        numbers.add("eventcore_gauge_errors_total", service or "", "timeout")


async def _read(numbers: Numbers, gauge: Gauge, service: str | None) -> None:
    try:
        await gauge.read()
    except Exception:
        _count_error(numbers, gauge, service)


def answers(numbers: Numbers, service: str | None, node: str | None) -> dict[str, dict[Labels, float]]:
    """What the gauges answer, by family and labels; of several with the same labels the largest."""
    told: dict[str, dict[Labels, float]] = {}
    for gauge in _of(service, node):
        try:
            value = gauge.ask()
            if value is None:
                continue
            labels, value = _labels(gauge, service), float(value)
        except Exception:
            _count_error(numbers, gauge, service)
            continue
        if gauge.name == LAG and value < 0:
            numbers.add("eventcore_negative_lags_total", *labels)
            value = 0.0
        cells, labels = told.setdefault(gauge.name, {}), numbers.bounded(gauge.name, labels)
        cells[labels] = max(value, cells.get(labels, value))
    return told


def _of(service: str | None, node: str | None) -> list[Gauge]:
    """Those of *node*, if it is given, which name no other service."""
    return [
        each
        for each in registered()
        if node in (None, each.node) and (service is None or each.labels.get("service", service) == service)
    ]


def _labels(gauge: Gauge, service: str | None) -> Labels:
    family = FAMILIES.get(gauge.name)
    if family is None or family.kind != "gauge":
        raise InvalidValue("gauge", gauge.name, "the name of a family of gauges")
    given = {"service": service or gauge.node, **gauge.labels}
    if sorted(given) != sorted(family.labels):
        raise InvalidValue(f"labels of {gauge.name}", sorted(given), ", ".join(family.labels))
    return tuple(given[label] for label in family.labels)


def _count_error(numbers: Numbers, gauge: Gauge, service: str | None) -> None:
    numbers.add("eventcore_gauge_errors_total", service or gauge.node, gauge.name)
