"""Each draw of each random stream, on request: who drew what, and where two runs part."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .. import hooks
from ..history import Entry, of_kind
from ..runtime import seeded

Value = float | int | str

_WHOLE_BITS_MAX = 53
"""Of more bits a number would not survive every reader of JSON: it is written as text."""


class RecordedStream(random.Random):
    """A stream that gives what it would give anyway, and tells of it: everything it can do draws on these two."""

    stream = ""

    def random(self) -> float:
        value = super().random()
        if hooks.listening_closely:
            hooks.emit_closely(hooks.Drawn(self.stream, value))
        return value

    def getrandbits(self, k: int, /) -> int:
        value = super().getrandbits(k)
        if hooks.listening_closely:
            hooks.emit_closely(hooks.Drawn(self.stream, value if k <= _WHOLE_BITS_MAX else hex(value)))
        return value


def recorded_stream(seed: int, name: str) -> RecordedStream:
    """What `runtime.seeded` makes of *seed* and *name*, number for number, with its draws told."""
    stream = RecordedStream(0)
    stream.setstate(seeded(seed, name).getstate())
    stream.stream = name
    return stream


@dataclass(frozen=True)
class Difference:
    """The *number*-th draw of *stream*, counted from 1, in two runs. None stands for a draw that was not made."""

    stream: str
    number: int
    at_s: float
    a: Value | None
    b: Value | None

    def __str__(self) -> str:
        a, b = (("no draw" if value is None else str(value)) for value in (self.a, self.b))
        return f"draw {self.number} of {self.stream!r}, at {self.at_s:g} s: {a}, and {b}"


def first_difference(a: Iterable[Entry], b: Iterable[Entry]) -> Difference | None:
    """The first draw that differs between two histories that recorded their draws; None if all are the same.

    Draws are compared stream by stream: how the streams interleave does not matter. Of several streams that differ,
    it is the one that *a* draws from first; where *a* made no such draw, the one of *b*.
    """
    of_a, of_b = list(_numbered(a)), list(_numbered(b))
    values_a = {(stream, number): value for stream, number, _, value in of_a}
    values_b = {(stream, number): value for stream, number, _, value in of_b}
    for stream, number, at_s, _ in (*of_a, *of_b):
        in_a, in_b = values_a.get((stream, number)), values_b.get((stream, number))
        if in_a != in_b:
            return Difference(stream, number, at_s, in_a, in_b)
    return None


def _numbered(entries: Iterable[Entry]) -> Iterator[tuple[str, int, float, Value]]:
    """Each draw: its stream, its number in the stream, when, and the value."""
    made: dict[str, int] = {}
    for entry, drawn in of_kind(entries, hooks.Drawn):
        made[drawn.stream] = number = made.get(drawn.stream, 0) + 1
        yield drawn.stream, number, entry.at, drawn.value
