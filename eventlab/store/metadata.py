"""What travels with an event, under the name by which the store knows it. It lives in `eventlab.metadata`."""

from __future__ import annotations

from ..metadata import (
    EMPTY_JSON,
    NO_METADATA,
    Carrying,
    Metadata,
    added,
    carrying,
    current,
    from_json,
    stored_with,
    to_json,
)

__all__ = [
    "EMPTY_JSON",
    "NO_METADATA",
    "Carrying",
    "Metadata",
    "added",
    "carrying",
    "current",
    "from_json",
    "stored_with",
    "to_json",
]
