"""A figure means something only beside its limit, measured in the same minutes on the same machine.

A benchmark is a program of a few lines::

    from benchmarks.harness import Goal, Sample, main, measure

    def message() -> float:
        ...                    # do the work many times; give back seconds per unit

    def rows():
        yield measure(
            "simulation/message", Sample(message), "simulation/simpy_store", Sample(simpy_store),
            goal=Goal(0.65),   # at most 0.65 × the limit
        )

    if __name__ == "__main__":
        main(rows)

`measure` runs subject and limit in rounds, turn about: subject, limit, limit, subject, and so on, so that a
machine that slows down, slows both down. A row's *ratio* is the **median of the ratios of the rounds**; its
*value* and *limit_value* are each side's median. The collector runs before every sample and is off within it, unless a
sample says that its garbage is part of its price. The first round is thrown away: it pays for imports and caches.

What is not a time is a row too: `fact` takes a value that was found somehow (bytes per event, a module that is
loaded or not), and `skipped` says why a row could not be measured here.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio, or a bare value where there is no limit, must keep to."""

    bound: float
    kind: Literal["at most", "at least"] = "at most"

    def met(self, measured: float) -> bool:
        return measured <= self.bound if self.kind == "at most" else measured >= self.bound

    def __str__(self) -> str:
        return f"{self.kind} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One way of doing the work. *run* gives back what one unit cost, in the row's unit."""

    run: Callable[[], float]
    collects: bool = False
    """Whether the garbage collector may run inside: True where cycles are part of the price."""

    def take(self) -> float:
        gc.collect()
        was_enabled = gc.isenabled()
        if not self.collects:
            gc.disable()
        try:
            return self.run()
        finally:
            if was_enabled:
                gc.enable()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result. *met* is None where nothing was promised or nothing was measured."""

    name: str
    value: float | None
    unit: str
    limit_name: str = ""
    limit_value: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    skipped: str = ""


def per_unit(work: Callable[[], object], units: int, *, scale: float = 1e6) -> float:
    """Run *work* once and give back microseconds (or 1/*scale* seconds) for each of its *units*."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * scale / units


def measure(
    name: str,
    subject: Sample,
    limit_name: str,
    limit: Sample,
    *,
    goal: Goal | None = None,
    unit: str = "µs",
    rounds: int = ROUNDS,
) -> Row:
    """Subject and limit in interleaved rounds; the ratio is the median of the rounds' ratios."""
    pairs = []
    for number in range(rounds + 1):
        if number % 2:
            theirs, ours = limit.take(), subject.take()
        else:
            ours, theirs = subject.take(), limit.take()
        if number:  # the first round pays for imports and caches
            pairs.append((ours, theirs))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return Row(
        name,
        statistics.median(ours for ours, _ in pairs),
        unit,
        limit_name,
        statistics.median(theirs for _, theirs in pairs),
        ratio,
        *_judged(goal, ratio),
    )


def fact(name: str, value: float, unit: str, *, goal: Goal | None = None) -> Row:
    """A value with no rival: a size, a count, a yes (1) or no (0)."""
    text, met = _judged(goal, value)
    return Row(name, value, unit, goal=text, met=met)


def skipped(name: str, unit: str, reason: str) -> Row:
    """A row that could not be measured here, and why."""
    return Row(name, None, unit, skipped=reason)


def _judged(goal: Goal | None, measured: float) -> tuple[str, bool | None]:
    return ("", None) if goal is None else (str(goal), goal.met(measured))


Rows = Callable[[], Iterable[Row]]


def main(rows: Rows | Mapping[str, Rows], argv: list[str] | None = None, *, soak: Mapping[str, Rows] = {}) -> None:
    """Measure, print each row as it comes, and write them all where ``--json`` says.

    Rows in several *parts* by name can be asked for by name; those of *soak* take long, and are measured
    with ``--soak`` alone. Ends the program with status 1 if a goal was missed.
    """
    parts = rows if isinstance(rows, Mapping) else {}
    parser = argparse.ArgumentParser(description=(sys.modules["__main__"].__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here as well")
    if parts:
        parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these, of {', '.join(parts)}")
    if soak:
        parser.add_argument("--soak", action="store_true", help="instead, the rows that take long")
    chosen = parser.parse_args(argv)
    for name in parts and chosen.parts:
        if name not in parts:
            parser.error(f"there is no part {name!r}; there are {', '.join(parts)}")
    if soak and chosen.soak:
        sources = list(soak.values())
    elif isinstance(rows, Mapping):
        sources = [parts[name] for name in chosen.parts or parts]
    else:
        sources = [rows]
    measured = []
    for source in sources:
        for row in source():
            measured.append(row)
            print(line(row), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in measured], indent=2, ensure_ascii=False) + "\n")
    if missed := [row.name for row in measured if row.met is False]:
        sys.exit(f"missed: {', '.join(missed)}")


def line(row: Row) -> str:
    """A row for the terminal."""
    if row.value is None:
        return f"{row.name:<36} skipped: {row.skipped}"
    text = f"{row.name:<36} {row.value:>11.4g} {row.unit:<6}"
    if row.limit_value is not None:
        text += f" {row.ratio:>9.3g} × {row.limit_name} ({row.limit_value:.4g})"
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return f"{text}  {row.goal} {verdict}".rstrip()
