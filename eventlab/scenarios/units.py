"""Durations, rates and probabilities as people write them: `250ms`, `20/s`, `5%`.

Parsers raise :class:`Misread`, whose text says what was expected and what was
found. A bare number where a unit decides the meaning is such an error.
"""

from __future__ import annotations

import math
import re

SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
"""The units of a duration, each in seconds."""

PER_SECOND = {"s": 1.0, "min": 60.0, "h": 3600.0}
"""What may stand after the stroke of a rate, each in seconds."""

BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
"""The units of a size, each in bytes: powers of ten."""

BYTES_PER_SECOND = {
    **{f"{unit}/s": size for unit, size in BYTES.items()},
    "bit/s": 1 / 8,
    "kbit/s": 125.0,
    "Mbit/s": 125e3,
    "Gbit/s": 125e6,
}
"""The units of a bandwidth, each in bytes a second."""

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({NUMBER})\s*([^\d\s.+-].*)?")


class Misread(ValueError):
    """A text that is not what its place asks for. *offset* is where in the text the trouble begins."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message, offset)
        self.offset = offset

    def __str__(self) -> str:
        return str(self.args[0])


def is_number(value: object) -> bool:
    """Whether *value* came as a number; YAML's true and false did not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value for an error message, short."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:47]}…{text[-1] if isinstance(value, str) else ''}"


def duration_s(value: object, *, above_zero: bool = False) -> float:
    """Seconds of a text such as `250ms`."""
    seconds = _quantity(value, "a duration such as 250ms, 30s, 2min or 1h", SECONDS)
    if seconds < 0 or (above_zero and seconds == 0):
        raise Misread(f"expected a duration {'above zero' if above_zero else 'of zero or more'}, found {shown(value)}")
    return seconds


def rate_per_s(value: object, *, zero_too: bool = False) -> float:
    """Events per second of a text such as `20/s`; zero only where that may be."""
    per = {f"/{unit}": 1 / seconds for unit, seconds in PER_SECOND.items()}
    rate = _quantity(value, "a rate such as 20/s, 100/min or 5/h", per)
    if rate < 0 or (rate == 0 and not zero_too):
        raise Misread(f"expected a rate {'of zero or more' if zero_too else 'above zero'}, found {shown(value)}")
    return rate


def bytes_per_s(value: object) -> float:
    """Bytes a second of a text such as `500kB/s` or `8Mbit/s`."""
    rate = _quantity(value, "a bandwidth such as 500kB/s or 8Mbit/s", BYTES_PER_SECOND)
    if rate <= 0:
        raise Misread(f"expected a bandwidth above zero, found {shown(value)}")
    return rate


def size_bytes(value: object) -> int:
    """Whole bytes of a text such as `64kB`."""
    size = _quantity(value, "a size such as 64kB or 1.5MB", BYTES)
    if size < 0 or size != round(size):
        raise Misread(f"expected a whole number of bytes, zero or more, found {shown(value)}")
    return round(size)


def probability(value: object) -> float:
    """A share from 0 to 1 of a number such as 0.05, or a text such as `5%`."""
    if is_number(value):
        share = float(value)  # type: ignore[arg-type]  # is_number has looked
    else:
        share = _quantity(value, "a probability such as 0.05 or 5%", {"%": 0.01})
    if not 0 <= share <= 1:
        raise Misread(f"{shown(value)} is not a probability; expected 0 to 1, or 0% to 100%")
    return share


def duration_text(seconds: float) -> str:
    """The shortest spelling that `duration_s` reads back as the same number."""
    for unit in ("h", "min", "s", "ms", "us"):
        count = seconds / SECONDS[unit]
        if count >= 1 and count == round(count) and round(count) * SECONDS[unit] == seconds:
            return f"{round(count)}{unit}"
    return f"{seconds!r}s"


def rate_text(per_s: float) -> str:
    """A spelling that `rate_per_s` reads back as the same number."""
    return f"{per_s:g}/s" if float(f"{per_s:g}") == per_s else f"{per_s!r}/s"


def _quantity(value: object, expected: str, units: dict[str, float]) -> float:
    text = value.strip() if isinstance(value, str) else str(value) if is_number(value) else ""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise Misread(f"expected {expected}; found {shown(value)}")
    number, unit = float(match[1]), re.sub(r"\s+", "", match[2] or "")
    if not unit:
        *others, last = (
            match[1] + name
            for name in ("s", "ms", "min", "/s", "/min", "%", "kB", "MB", "kB/s", "Mbit/s")
            if name in units
        )
        raise Misread(f"{text} has no unit; write {', '.join(others)}{' or ' if others else ''}{last}")
    if unit not in units:
        raise Misread(f"unknown unit {unit!r} in {shown(value)}; expected {', '.join(units)}")
    if not math.isfinite(number * units[unit]):
        raise Misread(f"expected {expected}; {shown(value)} is too large")
    return number * units[unit]
