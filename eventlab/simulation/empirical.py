"""Durations that were measured, drawn again: from values, or from a column of a file."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from ..errors import InvalidValue
from ..errors.given import check_seconds

_EXPECTED = "a finite number of seconds, 0 or more"


class Empirical(msgspec.Struct, frozen=True, tag_field="law", tag="empirical"):
    """Each of *values_s* is as likely as any other; nothing between them, and nothing beyond, is ever drawn."""

    values_s: Sequence[float]

    def __post_init__(self) -> None:
        values = tuple(self.values_s)
        if not values:
            raise InvalidValue("Empirical.values_s", values, "at least one value")
        for place, value in enumerate(values):
            if not _is_duration(value):
                raise InvalidValue(f"Empirical.values_s[{place}]", value, _EXPECTED)
        msgspec.structs.force_setattr(self, "values_s", values)

    @property
    def mean_s(self) -> float:
        return math.fsum(self.values_s) / len(self.values_s)

    def sample(self, chance: random.Random) -> float:
        return self.values_s[int(chance.random() * len(self.values_s))]

    @classmethod
    def from_file(cls, path: str | Path, column: str | None = None, *, unit_s: float = 1.0) -> Empirical:
        """The numbers of a text file, one a line; or, with *column*, those below that heading of a CSV file.

        *unit_s* is what one of them stands for in seconds: 0.001 for milliseconds. Empty lines are left out. Raises
        InvalidValue that names the line which holds no duration, or the headings where *column* is not among them, and
        an OSError that names the file, as FileNotFoundError, if it cannot be read.
        """
        return cls(numbers_of_file(path, column, unit_s=unit_s))


def numbers_of_file(path: str | Path, column: str | None = None, *, unit_s: float = 1.0) -> tuple[float, ...]:
    """The numbers that :meth:`Empirical.from_file` reads, in seconds and in their order."""
    check_seconds("unit_s", unit_s)
    path = Path(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = list(_cells(file, path.name, column))
    if not cells:
        raise InvalidValue("the file", path.name, "one with at least one value")
    return tuple(_duration_s(text, f"{path.name}, line {line}", unit_s) for line, text in cells)


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < math.inf


def _cells(file: Iterable[str], name: str, column: str | None) -> Iterable[tuple[int, str]]:
    """The texts that are meant as numbers, each with its line."""
    if column is None:
        for line, text in enumerate(file, start=1):
            if text.strip():
                yield line, text.strip()
        return
    rows = csv.DictReader(file)
    headings = rows.fieldnames or ()
    if column not in headings:
        raise InvalidValue(f"column of {name}", column, f"one of {', '.join(headings) or '(none: the file is empty)'}")
    for row in rows:
        yield rows.line_num, (row[column] or "").strip()


def _duration_s(text: str, where: str, unit_s: float) -> float:
    try:
        value = float(text) * unit_s
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise InvalidValue(where, text, "a finite number, zero or more")
    return value
