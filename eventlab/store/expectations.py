"""Whether streams are where a writer believes them to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import InvalidValue, VersionConflict
from .model import ANY, EXISTS, NONE, Expect, Expectation
from .naming import NUMBER_MAX


def check(expect: Mapping[str, Expectation], version_of: Callable[[str], int]) -> None:
    """Raise VersionConflict that names every stale stream; return if there is none."""
    stale: list[tuple[str, int | str, int]] = []
    for stream, expected in expect.items():
        actual = version_of(stream)
        if expected == actual or _met(expected, actual):
            continue
        stale.append((stream, expected.name if isinstance(expected, Expect) else expected, actual))
    if stale:
        raise VersionConflict(stale)


def by_plain_name(expect: Mapping[str, Expectation], plain: Callable[[str], str]) -> dict[str, Expectation]:
    """*expect* as a store checks it. Raises InvalidValue for what expects nothing that could be met."""
    if not isinstance(expect, Mapping):
        raise InvalidValue("expect", expect, "a mapping of streams to what is expected of each, as {'order-17': 3}")
    return {plain(name): validated(name, value) for name, value in expect.items()}


def _met(expected: Expectation, actual: int) -> bool:
    if expected is NONE:
        return actual == 0
    return expected is ANY or (expected is EXISTS and actual > 0)


def validated(stream: str, expected: object) -> Expectation:
    """*expected*, if it is an expectation, or a version that another can follow. True and False are none."""
    if type(expected) is int and 0 <= expected < NUMBER_MAX:  # as it is nearly always
        return expected
    if isinstance(expected, Expect):
        return expected
    if isinstance(expected, int) and not isinstance(expected, bool) and 0 <= expected < NUMBER_MAX:
        return expected
    raise InvalidValue(f"the expectation for stream {stream!r}", expected, "a version from 0 on, NONE, ANY or EXISTS")
