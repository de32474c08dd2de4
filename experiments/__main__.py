"""Run the experiments in full and write their tables: ``python -m experiments [backoff] [--out data]``."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from eventlab.figures import BackoffPoint
from experiments.backoff import CLIENTS, POLICIES, SERVICE_S, contend
from experiments.estimates import estimate

CONFIDENCE = 0.95
REPLICATIONS = 10
WORKERS = 2


class Setting(NamedTuple):
    service_s: float
    jitter: str
    clients: int
    replications: int


def measured(setting: Setting) -> BackoffPoint:
    """One setting, replicated. The same seeds for every setting: policies are compared under the same luck."""
    service_s, jitter, clients, replications = setting
    runs = [contend(clients, POLICIES[jitter], seed=seed, service_s=service_s) for seed in range(replications)]
    calls = estimate([run.calls for run in runs], CONFIDENCE)
    seconds = estimate([run.duration_s for run in runs], CONFIDENCE)
    return BackoffPoint(1000 * service_s, jitter, clients, replications, CONFIDENCE, *calls, *seconds)


def settings(replications: int) -> Iterator[Setting]:
    for service_s in (0.0, SERVICE_S):
        for jitter in POLICIES:
            for clients in CLIENTS:
                yield Setting(service_s, jitter, clients, replications)


def backoff(path: Path, replications: int = REPLICATIONS) -> None:
    """Write the table of Brooker's experiment, and of the same with a store of limited capacity."""
    with path.open("w", encoding="utf-8", newline="") as file, get_context("spawn").Pool(WORKERS) as pool:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BackoffPoint._fields)
        for point in pool.imap(measured, settings(replications)):
            writer.writerow(_rounded(point))
            print(f"{point.service_ms:g} ms, {point.jitter}, {point.clients} clients: {point.calls:,.1f} writes")


def _rounded(point: BackoffPoint) -> list[str]:
    return [value if isinstance(value, str) else f"{value:.6g}" for value in point]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m experiments", description="Write the tables of the experiments.")
    parser.add_argument("names", nargs="*", default=["backoff"], choices=["backoff"], metavar="NAME")
    parser.add_argument("--out", type=Path, default=Path("data"), help="the folder for the tables (data)")
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="runs of each setting, 2 or more")
    chosen = parser.parse_args()
    if chosen.replications < 2:
        parser.error("--replications: an interval takes 2 or more")
    chosen.out.mkdir(parents=True, exist_ok=True)
    backoff(chosen.out / "occ_backoff.csv", chosen.replications)


if __name__ == "__main__":
    main()
