"""Reading what was exported, with the official parsers."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from eventlab.telemetry import Sample

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str, *, openmetrics: bool = False) -> Samples:
    """The samples of a text, by name and labels."""
    families = read_openmetrics(text) if openmetrics else read_prometheus(text)
    found = [sample for family in families for sample in family.samples]
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for each in found}


def told(samples: list[Sample]) -> Samples:
    """The same of samples that were not exported."""
    return {(each.name, tuple(sorted(each.labels))): each.value for each in samples}


def named(samples: Samples, name: str) -> dict[tuple[str, ...], float]:
    """The values of one name, by the values of their labels in the order of the labels' names, without the service."""
    return {
        tuple(value for label, value in labels if label != "service"): number
        for (each, labels), number in samples.items()
        if each == name
    }
