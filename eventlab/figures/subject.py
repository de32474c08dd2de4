"""What a figure is drawn of, and the little arithmetic that all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from eventlab.history import Entry


class RunLike(Protocol):
    """Anything that carries a history: a run, one loaded from its folder, or a literal one."""

    @property
    def entries(self) -> Sequence[Entry]: ...


def end_s(run: RunLike) -> float:
    """When the last thing of the run happened; 0 for a run without a history."""
    return max((entry.at for entry in run.entries), default=0.0)


def clock(seconds: float) -> str:
    """A moment or a length for a label: ``0.35 s``, ``61.2 s``, ``250 s``."""
    if abs(seconds) >= 100:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if abs(seconds) >= 10 else f"{seconds:.2f} s"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 call``, ``2 calls``, ``no calls``."""
    word = one if number == 1 else many or f"{one}s"
    return f"{number if number else 'no'} {word}"


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most *limit* characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ·") + "…"
