"""Run the experiments in full and write their tables: ``python -m experiments [--out data]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.table import REPLICATIONS, backoff


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m experiments", description="Write the tables of the experiments.")
    parser.add_argument("--out", type=Path, default=Path("data"), help="the folder for the tables (data)")
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="runs of each setting, 2 or more")
    chosen = parser.parse_args()
    if chosen.replications < 2:
        parser.error("--replications: an interval takes 2 or more")
    chosen.out.mkdir(parents=True, exist_ok=True)
    backoff(chosen.out / "occ_backoff.csv", chosen.replications)


if __name__ == "__main__":
    main()
