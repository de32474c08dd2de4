"""A sentence to the reader: text where text is compared, a short piece of HTML where a browser shows it."""

from __future__ import annotations

import re
from html import escape
from typing import Literal

Tone = Literal["good", "bad", "neutral"]

_SIGNS: dict[Tone, str] = {"good": "✓", "bad": "✗", "neutral": "·"}
_LINES: dict[Tone, str] = {"good": "solid", "bad": "dashed", "neutral": "dotted"}


class Said:
    """What a cell answers. Its colours are the theme's own, so that it reads in light and dark."""

    def __init__(self, text: str, tone: Tone = "neutral") -> None:
        self.text, self.tone = text, tone

    def __repr__(self) -> str:
        return f"{_SIGNS[self.tone]} {self.text}"

    def _repr_html_(self) -> str:
        border = f"border-left: 4px {_LINES[self.tone]} currentColor; padding: .2em .8em; margin: .4em 0"
        return f'<div role="status" style="{border}">{_SIGNS[self.tone]} {escape(self.text)}</div>'


def marked(text: str) -> str:
    """Text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def folded(title: str, body_html: str) -> str:
    """HTML that a reader opens when wanted. *body_html* is markup already."""
    return f"<details><summary>{escape(title)}</summary>{body_html}</details>"


def shown(value: object, limit: int = 160) -> str:
    """A value as it would be typed, cut where it gets long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
