"""The critical path of a trace: at each moment, the one piece of work that its end was waiting for.

From the end backwards: what ended last was waited for, and before it began, what ended last before that. Where nothing
below a piece of work was under way, it was itself. What goes on after its cause had ended, as a message that comes when
its sender has given up, kept nobody waiting; a saga did, for it is what the trace is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .trace_spans import Bar


class Stretch(NamedTuple):
    """From when until when the end was waiting for that bar."""

    bar: Bar
    began_s: float
    ended_s: float

    @property
    def length_s(self) -> float:
        return self.ended_s - self.began_s


def critical_path(bars: Sequence[Bar]) -> list[Stretch]:
    """The stretches of the path, from the beginning of the trace's root to the end of it or of its last saga."""
    if not bars:
        return []
    known = {bar.id for bar in bars}
    below: dict[str, list[Bar]] = {}
    for bar in bars:
        below.setdefault(bar.parent if bar.parent in known else "", []).append(bar)
    root = below[""][0]
    lasts = _saga_ends(root, below)
    end_s = max(root.ended_s, lasts.get(root.id, root.ended_s))
    return sorted(_path(root, end_s, below, lasts), key=lambda stretch: stretch.began_s)


def _saga_ends(bar: Bar, below: dict[str, list[Bar]]) -> dict[str, float]:
    """Bar → when the last saga within it ended, for those that have one."""
    found: dict[str, float] = {}
    ends = [bar.ended_s] if bar.kind == "saga" else []
    for child in below.get(bar.id, ()):
        inner = _saga_ends(child, below)
        found.update(inner)
        if child.id in inner:
            ends.append(inner[child.id])
    if ends:
        found[bar.id] = max(ends)
    return found


def _path(bar: Bar, until_s: float, below: dict[str, list[Bar]], lasts: dict[str, float]) -> Iterator[Stretch]:
    """Backwards from *until_s* to the beginning of *bar*."""
    waiting = list(below.get(bar.id, ()))
    while waiting := [child for child in waiting if child.began_s < until_s]:
        end_s, child = max(
            ((min(lasts.get(child.id, child.ended_s), until_s), child) for child in waiting),
            key=lambda item: (item[0], item[1].began_s),
        )
        if end_s < until_s:
            yield Stretch(bar, end_s, until_s)
        yield from _path(child, end_s, below, lasts)
        waiting.remove(child)
        until_s = child.began_s
    if bar.began_s < until_s:
        yield Stretch(bar, bar.began_s, until_s)


def shares(path: Sequence[Stretch]) -> list[tuple[str, float]]:
    """What the time of the path went into, in seconds, the longest first."""
    found: dict[str, float] = {}
    for at, stretch in enumerate(path):
        following = path[at + 1].bar if at + 1 < len(path) else None
        waited = {stretch.bar.service: _within(stretch, stretch.bar.queued)}
        if following is not None and following.parent == stretch.bar.id:
            waited[following.service] = min(following.waited_s, stretch.length_s)
        for service, length_s in waited.items():
            name = f"waiting at {service}"
            found[name] = found.get(name, 0.0) + length_s
        name = _what(stretch.bar)
        found[name] = found.get(name, 0.0) + stretch.length_s - sum(waited.values())
    return sorted(((name, length_s) for name, length_s in found.items() if length_s > 0), key=lambda item: -item[1])


def _within(stretch: Stretch, times: Sequence[tuple[float, float]]) -> float:
    """How much of *times* falls into the stretch."""
    return sum(max(0.0, min(stretch.ended_s, until) - max(stretch.began_s, since)) for since, until in times)


def _what(bar: Bar) -> str:
    if bar.kind == "call":
        target = bar.name.partition("/")[0]
        return f"calls to {target}" if bar.outcome in ("ok", "refused") else f"calls to {target} that failed"
    if bar.kind in ("saga", "step"):
        return f"between the calls of {bar.name.removeprefix('saga ').partition('/')[0]}"
    return f"work in {bar.service}"
