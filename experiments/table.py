"""The table of the backoff experiment: every policy, every number of clients, both stores, replicated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from eventlab.figures import BackoffPoint
from eventlab.simulation.statistics import replicate
from experiments.backoff import CLIENTS, POLICIES, SERVICE_S, contend

SEED = 2015
REPLICATIONS = 10
WORKERS = 2
COLUMNS = (
    *("service_ms", "jitter", "clients", "runs", "confidence"),
    *("calls", "calls_half_width", "seconds", "seconds_half_width"),
)


class Setting(NamedTuple):
    service_s: float
    jitter: str
    clients: int
    replications: int


def measured(setting: Setting) -> BackoffPoint:
    """One setting, replicated. The same seeds for every setting: policies are compared under the same luck."""
    service_s, jitter, clients, replications = setting

    def run_one(seed: int) -> dict[str, float | None]:
        run = contend(clients, POLICIES[jitter], seed=seed, service_s=service_s)
        return {"calls": run.calls, "seconds": run.duration_s}

    runs = replicate(run_one, replications=replications, seed=SEED)
    return BackoffPoint(1000 * service_s, jitter, clients, runs.estimate("calls"), runs.estimate("seconds"))


def settings(replications: int) -> Iterator[Setting]:
    for service_s in (0.0, SERVICE_S):
        for jitter in POLICIES:
            for clients in CLIENTS:
                yield Setting(service_s, jitter, clients, replications)


def backoff(path: Path, replications: int = REPLICATIONS) -> None:
    """Write the table of Brooker's experiment, and of the same with a store of limited capacity: at the end, whole."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    with get_context("spawn").Pool(WORKERS) as pool:
        for point in pool.imap(measured, settings(replications)):
            writer.writerow(row(point))
            print(f"{point.service_ms:g} ms, {point.jitter}, {point.clients} clients: {point.seconds} s", flush=True)
    path.write_text(text.getvalue(), encoding="utf-8")


def row(point: BackoffPoint) -> list[str]:
    """A line of the table."""
    calls, seconds = point.calls, point.seconds
    numbers = (calls.mean, calls.half_width, seconds.mean, seconds.half_width)
    named = (f"{point.service_ms:g}", point.jitter, str(point.clients), str(calls.n), f"{calls.confidence:g}")
    return [*named, *(f"{number:.6g}" for number in numbers)]
