"""How a result is printed."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"
