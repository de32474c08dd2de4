"""How naive metrics mislead; the sound ones pass the same tests the other way round.

That their lag looks healthy when the consumer has stopped, and is negative under two clocks, is in
`tests/unit/telemetry/test_lag.py`, beside the sound one.
"""

from __future__ import annotations

import asyncio

import pytest

from eventlab.naive.metrics import NaiveMetrics
from eventlab.telemetry import Metrics
from tests.unit.telemetry.exposition import named, read

COMMANDS = "eventcore_commands_total"


def sound(metrics: Metrics) -> str:
    return asyncio.run(metrics.export_metrics())


def naive(service: str) -> NaiveMetrics:
    metrics = NaiveMetrics(service)
    metrics.samples.clear()
    return metrics


def test_two_naive_services_count_into_one() -> None:
    orders, payments = naive("orders"), naive("payments")
    orders.record_command_executed("Reserve", 0.01, True)
    payments.record_command_executed("Reserve", 0.01, True)
    assert named(read(orders.export_metrics()), COMMANDS) == {("Reserve",): 2}
    assert named(read(sound(two_sound_services()[0])), COMMANDS) == {("Reserve",): 1}


def two_sound_services() -> tuple[Metrics, Metrics]:
    orders, payments = Metrics("orders"), Metrics("payments")
    orders.record_command_executed("Reserve", 0.01, True)
    payments.record_command_executed("Reserve", 0.01, True)
    return orders, payments


def test_one_quotation_mark_spoils_the_naive_scrape() -> None:
    metrics, careful = naive("orders"), Metrics("orders")
    metrics.record_command_executed('a "b" \n', 0.01, True)
    careful.record_command_executed('a "b" \n', 0.01, True)
    with pytest.raises(ValueError):
        read(metrics.export_metrics())
    assert named(read(sound(careful)), COMMANDS) == {('a "b" \n',): 1}


def test_the_naive_series_are_as_many_as_anybody_likes() -> None:
    metrics, careful = naive("orders"), Metrics("orders")
    for number in range(1000):
        metrics.record_command_executed(f"Reserve-{number}", 0.01, True)
        careful.record_command_executed(f"Reserve-{number}", 0.01, True)
    assert len(named(read(metrics.export_metrics()), COMMANDS)) == 1000
    assert len(named(read(sound(careful)), COMMANDS)) == 101
