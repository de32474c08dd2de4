"""The numbers in the hands of the official client: its registry, its text, its types. Nothing else imports it.

The numbers are ours, and a collector hands them over at each scrape. The client's own counters ask the machine for the
time when they are made, which no world can answer, and two services would collide in one registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from ..errors import InvalidValue

try:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.metrics_core import Metric
    from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
except ImportError as error:
    raise InvalidValue("metrics", "exported", "prometheus-client: pip install 'eventlab[telemetry]'") from error

from .families import FAMILIES
from .numbers import Sample

if TYPE_CHECKING:
    from .metrics import Metrics


class Collector:
    """Hands over the numbers of all services that share one registry."""

    def __init__(self) -> None:
        self._metrics: list[ref[Metrics]] = []

    def add(self, metrics: Metrics) -> None:
        """Raises InvalidValue for a service that is there already: its numbers would be told twice."""
        living = [found for each in self._metrics if (found := each()) is not None]
        if metrics.service in [each.service for each in living]:
            raise InvalidValue("Metrics.service", metrics.service, "another name than any in the same registry")
        self._metrics = [ref(each) for each in (*living, metrics)]

    def describe(self) -> Iterator[Metric]:
        """The families, so that the registry finds whoever else would use their names."""
        yield from (_family(name) for name in FAMILIES)

    def collect(self) -> Iterator[Metric]:
        """The families with the samples of every service. Called on any thread."""
        told: dict[str, dict[tuple[Any, ...], Sample]] = {}
        for metrics in (each() for each in self._metrics):
            for sample in () if metrics is None else metrics.scraped():
                told.setdefault(_family_of(sample.name), {})[sample.name, sample.labels] = sample
        for name in FAMILIES:
            family = _family(name)
            for sample in told.get(name, {}).values():
                family.add_sample(sample.name, dict(sample.labels), sample.value)
            yield family


_collectors: WeakKeyDictionary[CollectorRegistry, Collector] = WeakKeyDictionary()


def new_registry() -> CollectorRegistry:
    return CollectorRegistry()


def register(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Let *registry* hand out these numbers, beside those of other services."""
    if not callable(getattr(registry, "register", None)):
        raise InvalidValue("Metrics.registry", registry, "a CollectorRegistry of the official client, by name")
    collector = _collectors.get(registry)
    if collector is None:
        collector = Collector()
        registry.register(collector)
        _collectors[registry] = collector
    collector.add(metrics)


def exposition(registry: CollectorRegistry, openmetrics: bool) -> str:
    """The text of everything in *registry*."""
    return (generate_openmetrics if openmetrics else generate_latest)(registry).decode()


def application(metrics: Metrics) -> Any:
    """The official ASGI application, which first awaits what has to be awaited."""
    from prometheus_client import make_asgi_app

    official = make_asgi_app(metrics.registry)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await metrics.read_gauges()
        await official(scope, receive, send)

    return app


def _family(name: str) -> Metric:
    family = FAMILIES[name]
    return Metric(name.removesuffix("_total"), family.help, family.kind)


def _family_of(name: str) -> str:
    if name in FAMILIES:
        return name
    return name.rpartition("_")[0]
