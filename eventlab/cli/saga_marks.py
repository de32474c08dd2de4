"""How a saga's steps look in a terminal: a mark and a word for each state, which read without colour; spans of time."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import NamedTuple

import typer

from ..sagas import StepStatus
from ..sagas.attempts import Outcome
from ..sagas.timeline import StepTimeline


class Mark(NamedTuple):
    """A state in a terminal: a sign, the one for terminals that have few, a word, and a colour."""

    sign: str
    plain: str
    word: str
    colour: str


_DONE = Mark("✓", "+", "done", "blue")
_DOUBT = Mark("◆", "?", "in doubt", "magenta")
_UNDONE = Mark("↩", "<", "undone", "yellow")
_FAILED = Mark("✗", "x", "failed", "red")
_NOT_BEGUN = Mark("·", ".", "not begun", "")

_BY_OUTCOME = {
    Outcome.OPEN: _DOUBT._replace(word="asked"),
    Outcome.SUCCEEDED: _DONE,
    Outcome.REFUSED: _FAILED._replace(word="refused"),
    Outcome.TIMED_OUT: _DOUBT,
    Outcome.UNREACHED: Mark("○", "o", "no contact", "red"),
    Outcome.FAILED: _FAILED,
    Outcome.CUT_SHORT: _DOUBT._replace(word="cut short"),
}

_BY_STATUS = {
    StepStatus.SKIPPED: Mark("–", "-", "skipped", ""),
    StepStatus.FAILED: _FAILED._replace(word="refused"),
    StepStatus.SUCCEEDED: _DONE,
}


def forward_mark(step: StepTimeline) -> Mark:
    """How it went forward, whatever became of it afterwards."""
    status = step.status
    if status is None:
        return _NOT_BEGUN
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return _BY_OUTCOME[step.attempts[-1].outcome] if step.attempts else _NOT_BEGUN


def undo_mark(step: StepTimeline) -> Mark:
    """How far its undoing is."""
    status = step.status
    if status is StepStatus.COMPENSATED or step.is_again:
        return _UNDONE
    if status is StepStatus.LEFT:
        return Mark("!", "!", "left", "red")
    if step.undo_attempts and step.undo_attempts[-1].outcome is Outcome.OPEN:
        return _DOUBT._replace(word="being undone")
    return _FAILED._replace(word="not undone")


def signed(mark: Mark) -> str:
    """The sign, in its colour where the terminal shows any."""
    sign = mark.sign if _can_show("✓◆↩✗·○–") else mark.plain
    return coloured(sign, mark.colour)


def coloured(text: str, colour: str, *, bold: bool = False) -> str:
    """*text* in that colour; who prints it to no terminal gets rid of it again. NO_COLOR is heeded."""
    if (not colour and not bold) or os.environ.get("NO_COLOR"):
        return text
    return typer.style(text, fg=colour or None, bold=bold or None)


def _can_show(signs: str) -> bool:
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def double_line(says: str, width: int) -> str:
    rule = "═" if _can_show("═") else "="
    return f"{rule * 2} {says} {rule * max(width - len(says) - 4, 2)}"


def beside() -> str:
    """What stands before a step that is under way at the same time as the one above it."""
    return "‖ " if _can_show("‖") else "| "


def plain(text: str) -> str:
    """*text* in one line, without anything that a terminal would take for an order."""
    return "".join(character if character.isprintable() else " " for character in text)


def span(seconds: float) -> str:
    """A length of time for people: ``0.35 s``, ``12 s``, ``5 min``, ``3 h 12 min``, ``4 days``."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        hours, rest = divmod(round(seconds / 60), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{seconds / 86400:.0f} days"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
