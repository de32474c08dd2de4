"""Sagas in a SQLite file beside DBOS, and beside bare commits."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Goal, Row, Sample, measure
from benchmarks.sagas import floor, ours, rival
from benchmarks.sagas.ours import CALLERS

ALONE, TOGETHER = 100, 640
THEIRS_ALONE, THEIRS_TOGETHER = 20, 64


def rows() -> Iterator[Row]:
    yield measure(
        "sagas/FULL",
        Sample(lambda: ours.per_second("FULL", ALONE)),
        "DBOS as shipped",
        Sample(lambda: rival.per_second("delete", THEIRS_ALONE)),
        goal=Goal(3, "at least"),
        unit="/s",
    )
    yield measure(
        "sagas/FULL, both in WAL",
        Sample(lambda: ours.per_second("FULL", ALONE)),
        "DBOS in WAL",
        Sample(lambda: rival.per_second("wal", THEIRS_ALONE)),
        goal=Goal(2, "at least"),
        unit="/s",
    )
    yield measure(
        f"sagas/FULL, {CALLERS} at once",
        Sample(lambda: ours.per_second("FULL", TOGETHER, CALLERS)),
        "DBOS at its best",
        Sample(lambda: rival.per_second("wal", THEIRS_TOGETHER, CALLERS)),
        goal=Goal(10, "at least"),
        unit="/s",
    )
    yield measure(
        f"sagas/NORMAL, {CALLERS} at once",
        Sample(lambda: ours.per_second("NORMAL", TOGETHER, CALLERS)),
        "bare commits",
        Sample(lambda: floor.per_second("NORMAL", TOGETHER)),
        goal=Goal(0.4, "at least"),
        unit="/s",
    )
    for callers, name in ((1, "sagas/CPU"), (CALLERS, f"sagas/CPU, {CALLERS} at once")):
        yield measure(
            name,
            Sample(lambda callers=callers: ours.cpu_ms(ALONE if callers == 1 else TOGETHER, callers)),
            "DBOS in WAL",
            Sample(lambda callers=callers: rival.cpu_ms(THEIRS_ALONE if callers == 1 else THEIRS_TOGETHER, callers)),
            goal=Goal(0.2),
            unit="ms",
        )
