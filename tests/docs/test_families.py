"""The table of metrics in docs/telemetry.md is what is exported."""

from __future__ import annotations

import re

from eventlab.telemetry import Metrics
from eventlab.telemetry.families import FAMILIES
from tests.sources import ROOT

PAGE = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
Row = tuple[str, str, tuple[str, ...], tuple[float, ...], str]


def shown(page: str) -> list[Row]:
    """Name, type, labels, buckets and meaning of each family in the page's table."""
    rows = []
    for line in page.splitlines():
        if line.startswith("| `eventcore_"):
            name, kind, labels, buckets, says = (cell.strip() for cell in line.strip("|").split(" | ", 4))
            numbers = tuple(float(each) for each in buckets.split(", ") if each)
            rows.append((name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)), numbers, says))
    return rows


def test_the_table_shows_every_family_as_it_is() -> None:
    assert shown(PAGE) == [
        (each.name, each.kind, each.labels[1:], each.buckets_s, each.help) for each in FAMILIES.values()
    ]


def test_the_registry_describes_what_the_table_shows() -> None:
    described = {family.name: family.type for family in Metrics("orders").registry.collect()}
    assert described == {name.removesuffix("_total"): kind for name, kind, *_ in shown(PAGE)}


def test_a_planted_difference_is_seen() -> None:
    assert shown(PAGE.replace("`eventcore_outbox_depth` | gauge", "`eventcore_outbox_depth` | counter")) != shown(PAGE)
    assert shown(PAGE.replace("| 0.001, 0.0025", "| 0.002, 0.0025")) != shown(PAGE)
