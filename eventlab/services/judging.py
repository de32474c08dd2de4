"""What an answer of somebody else's HTTP service means for whoever asked: three outcomes, and no fourth.

*Ok* is any 2xx. *Refused* is any 4xx that says no for good. Everything else leaves the outcome unknown: 408, 425 and
429, all of 5xx, and redirections, which are not followed. That holds for a 503 or a 429 as well, whatever its headers
say: between the caller and the one who answers there may be others that repeat a request by themselves, and "nothing
was done" is then true of the last repetition only. To ask again with the same key costs little; to believe that money
was not taken, when it was, costs more. Certainty that nothing happened comes from one thing alone, that no connection
came about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from .. import runtime
from ..errors import CallUnknown, EventlabError, Refused, UnknownOperation
from .message import NOT_READ
from .wire import OUTCOME_HEADER

NOT_FOR_GOOD = (408, 425, 429)
"""Statuses of 4xx that are about this moment, not about the request."""

LONGEST_S = 10.0**9
"""What a longer wait is taken for, thirty years: a number of any length may stand in a header."""

_TEXT_MAX = 2000


def judge(target: str, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> EventlabError | None:
    """What that answer is as an error; None when it is ok."""
    if 200 <= status < 300:
        return None
    said = content_of(body)
    if headers.get(OUTCOME_HEADER) == "unknown_operation":
        known = _field(_field(said, "facts", dict, {}), "known", list, [])
        return UnknownOperation(target, operation, [str(name) for name in known])
    if 400 <= status < 500 and status not in NOT_FOR_GOOD:
        code = _field(said, "code", str, f"http_{status}")
        message = words_of(said) or f"{target} answered {operation} with {status}"
        return Refused(code, message, {"status": status, "body": said})
    words = words_of(said)
    unknown = CallUnknown(target, operation, f"it answered {status}{': ' if words else ''}{words}")
    unknown.retry_after_s = retry_after_s(headers)
    return unknown


def words_of(said: Any) -> str:
    """What a body says to people: as our own services do, or as RFC 9457 (*Problem Details*) has it; or nothing."""
    found = (_field(said, name, str, "") for name in ("message", "reason", "detail", "title"))
    return next(filter(None, found), "")


def content_of(body: bytes) -> Any:
    """A body as JSON, or as the beginning of its text where it is none; None for an empty one."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except NOT_READ:
        return body[:_TEXT_MAX].decode(errors="replace")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long *Retry-After* asks to wait, in either of its forms (RFC 9110, 10.2.3); None where it says nothing.

    A date is compared with the *Date* of the same answer, so that it does not matter what either clock shows.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return min(float(text), LONGEST_S) if len(text) < 20 else LONGEST_S
    at = _moment(text)
    if at is None:
        return None
    sent = _moment(headers.get("date", "")) or runtime.now()
    return max(0.0, (at - sent).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _field(said: Any, name: str, of: type, default: Any) -> Any:
    value = said.get(name) if isinstance(said, dict) else None
    return value if isinstance(value, of) else default
