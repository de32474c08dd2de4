"""What all records of happenings are."""

from __future__ import annotations

import re

import msgspec


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Happening(msgspec.Struct, frozen=True, tag=_kind, tag_field="kind", gc=False):
    """Something that happened, in the past tense. No cycle leads back to it, so the collector need not follow it."""
