"""What is exported is what Prometheus reads, whatever the labels are; and who serves it serves the official text."""

from __future__ import annotations

import asyncio
import sys

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, generate_latest

from eventlab.errors import InvalidValue
from eventlab.telemetry import Metrics
from tests.unit.telemetry.exposition import named, read, told


def exported(metrics: Metrics, *, openmetrics: bool = False) -> str:
    return asyncio.run(metrics.export_metrics(openmetrics=openmetrics))


ODD = ['"', "\\", "\n", "a\\n", '},x="', "{}", "#"]
weird = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(ODD)


@given(weird, st.floats(0, 1e6), st.booleans())
def test_the_official_parsers_give_back_what_was_counted(name: str, duration_s: float, success: bool) -> None:
    metrics = Metrics("orders")
    metrics.record_command_executed(name, duration_s, success)
    metrics.record_event_consumed("Paid", duration_s, consumer=name)
    metrics.record_event_published(name)
    counted = told(metrics.samples())
    assert read(exported(metrics)) == counted
    assert read(exported(metrics, openmetrics=True), openmetrics=True) == counted


def test_half_a_surrogate_pair_spoils_no_scrape() -> None:
    metrics = Metrics("orders")
    metrics.record_event_published("a\ud800")
    assert named(read(exported(metrics)), "eventcore_events_published_total") == {("a?",): 1}


def test_buckets_are_cumulative_and_their_last_is_the_count() -> None:
    metrics = Metrics("orders")
    for duration_s in (0.001, 0.0011, 0.3, 99.0):
        metrics.record_command_executed("Reserve", duration_s, True)
    found = read(exported(metrics))
    buckets = named(found, "eventcore_command_duration_seconds_bucket")
    assert [buckets["Reserve", le] for le in ("0.001", "0.0025", "0.25", "0.5", "10.0", "+Inf")] == [1, 2, 2, 3, 3, 4]
    assert named(found, "eventcore_command_duration_seconds_count") == {("Reserve",): 4}


def test_two_services_share_a_registry_with_others_and_do_not_collide() -> None:
    registry = CollectorRegistry()
    orders, payments = Metrics("orders", registry), Metrics("payments", registry)
    Counter("somebody_elses", "Not ours.", registry=registry).inc()
    orders.record_event_published("Placed")
    payments.record_event_published("Placed")
    text = generate_latest(registry).decode()
    key = "eventcore_events_published_total", (("event_type", "Placed"), ("service", "orders"))
    assert (read(text)[key], text.count("# TYPE eventcore_events_published_total")) == (1, 1)
    assert named(read(text), "somebody_elses_total") == {(): 1}
    with pytest.raises(InvalidValue, match="another name than any in the same registry"):
        Metrics("orders", registry)


def test_a_registry_of_its_own_knows_nothing_of_another() -> None:
    mine, yours = Metrics("orders"), Metrics("orders")
    mine.record_event_published("Placed")
    assert named(read(exported(yours)), "eventcore_events_published_total") == {}


@pytest.mark.parametrize(
    ("accept", "content_type", "openmetrics"),
    [
        ("*/*", "text/plain", False),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text", True),
    ],
)
def test_it_is_served_as_the_scraper_asks_for(accept: str, content_type: str, openmetrics: bool) -> None:
    metrics = Metrics("orders")
    metrics.record_event_published("Placed")

    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(metrics.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            return await client.get("/metrics", headers={"accept": accept})

    response = asyncio.run(main())
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, content_type)
    assert read(response.text, openmetrics=openmetrics) == told(metrics.samples())


def test_without_the_official_client_numbers_are_kept_and_exporting_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "eventlab.telemetry.prometheus", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    metrics = Metrics("orders")
    metrics.record_event_published("Placed")
    assert len(metrics.samples()) == 1
    with pytest.raises(InvalidValue, match=r"pip install 'eventlab\[telemetry\]'"):
        exported(metrics)
