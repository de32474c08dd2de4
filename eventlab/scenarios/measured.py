"""Durations that a scenario takes from a file: `empirical(file delays.csv, column took_ms, unit ms)`.

They are taken in while the scenario is read, in the place of the file's name. So the document that a run
keeps holds the numbers themselves, and gives the same scenario again wherever it is read.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from ..errors import InvalidValue
from ..simulation.empirical import Empirical
from .laws import distribution_text
from .units import SECONDS, Misread, shown
from .whereabouts import find_file, not_there

_NAMED = re.compile(r"\bempirical\s*\(\s*file\s+([^()]*)\)")
_KEYS = ("file", "column", "unit")


class Measured:
    """Replaces, in a distribution as it is written, every file by what stands in it."""

    def __init__(self, scenario_path: Path) -> None:
        self._scenario_path = scenario_path

    def __call__(self, value: object) -> object:
        """*value* with its files taken in. Raises Misread for a file that is not there, or holds something else."""
        if isinstance(value, str):
            return _NAMED.sub(self._from_text, value)
        if isinstance(value, dict):
            return {
                key: self._taken(inside)
                if key == "empirical" and isinstance(inside, dict) and "file" in inside
                else self(inside)
                for key, inside in value.items()
            }
        return value

    def _from_text(self, match: re.Match[str]) -> str:
        name, *rest = re.split(r"[\s,]+", match[1].strip(" ,"))
        if len(rest) % 2:
            raise Misread(f"empirical takes file, column and unit, each with its value; found {rest[-1]!r} alone")
        given = {"file": name, **dict(zip(rest[::2], rest[1::2], strict=True))}
        return f"empirical({', '.join(self._taken(given))})"

    def _taken(self, given: dict[str, object]) -> list[str]:
        """The durations of the file that is described, each as text."""
        for key, value in given.items():
            if key not in _KEYS:
                raise Misread(f"empirical takes {', '.join(_KEYS)} where it takes a file; found {key!r}")
            if not isinstance(value, str):
                raise Misread(f"empirical, {key}: expected a text, found {shown(value)}")
        unit = str(given.get("unit", "s"))
        if unit not in SECONDS:
            raise Misread(f"empirical, unit: expected one of {', '.join(SECONDS)}; found {unit!r}")
        column = str(given["column"]) if "column" in given else None
        text = distribution_text(self._read(str(given["file"]), column, SECONDS[unit]))
        return text.removeprefix("empirical(").removesuffix(")").split(", ")

    def _read(self, name: str, column: str | None, unit_s: float) -> Empirical:
        found, tried = find_file(name, self._scenario_path)
        if found is None:
            raise Misread(f"empirical: {not_there(name, tried)}")
        try:
            return Empirical.from_file(found, column, unit_s=unit_s)
        except InvalidValue as error:
            raise Misread(f"empirical: {error}") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise Misread(f"empirical: {found.name} cannot be read: {why}") from None
