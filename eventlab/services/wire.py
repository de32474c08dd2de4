"""Calls and replies as HTTP says them: headers, statuses, bodies. Neither a client nor a server is needed for it.

A call is ``POST /<operation>`` with the request as JSON. What comes back says in `OUTCOME_HEADER` which of a `Reply`'s
outcomes it is, in its status what everybody else makes of it, and in its body the answer, or what else there is to
say. An answer without that header is not from a service, but from something before it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import quote, unquote

import msgspec

from .. import runtime
from ..errors import InvalidValue
from ..resilience.header import DEADLINE_HEADER, deadline_from_header, deadline_to_header
from ..store import Metadata
from .message import NOT_READ, STORE_FAILED, Call, Outcome, Reply, encode

JSON = "application/json"
KEY_HEADER = "idempotency-key"
OUTCOME_HEADER = "eventlab-outcome"
CALL_HEADER = "eventlab-call"
SOURCE_HEADER = "eventlab-source"
METADATA_HEADER = "eventlab-metadata"
ANSWER_TO_HEADER = "eventlab-answer-to"

ONE_WAY = {"prefer": "respond-async"}
"""Says that nobody waits for the answer: it is a 202 at once, and the work is done after it (RFC 7240)."""

STATUS: dict[Outcome, int] = {
    "ok": 200,
    "refused": 409,
    "failed": 500,
    "unavailable": 503,
    "unknown": 504,
    "unknown_operation": 404,
}
"""What an outcome is to those who know HTTP alone."""

UNREADABLE = "unreadable"
"""The code of a failed reply to a body that is no request: a 400, as the fault is the caller's."""

TOO_LARGE = "too_large"
"""The code of a failed reply to a body that is longer than any request: a 413, and nothing of it was looked at."""

_OF_FAILURES = {UNREADABLE: 400, TOO_LARGE: 413, STORE_FAILED: 503}

_OUTCOMES = get_args(Outcome)
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '%"')


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer that is not ok: the other fields of a `Reply`."""

    code: str = ""
    message: str = ""
    facts: dict[str, Any] = {}
    reason: str = ""
    retry_after_s: float | None = None


def key_to_header(key: str) -> str:
    """*key* as a header's value: as it is, but for what has no place in one, which is percent-encoded."""
    return quote(key, safe=_PLAIN)


def key_from_header(text: str) -> str:
    """The key, also of those who put it into quotation marks, as the draft *Idempotency-Key HTTP Header Field* does."""
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    return unquote(bare)


def trace_headers(metadata: Metadata) -> dict[str, str]:
    """W3C Trace Context, where there is one that may stand in a header: it may be anything that a stranger sent."""
    headers = {"traceparent": metadata.traceparent, "tracestate": metadata.tracestate}
    return {name: text for name, text in headers.items() if text and text.isascii() and text.isprintable()}


def headers_of(call: Call) -> dict[str, str]:
    """What travels beside the body of *call*. The deadline becomes the time that is left."""
    headers = {
        "content-type": JSON,
        CALL_HEADER: str(call.id),
        SOURCE_HEADER: key_to_header(call.source),
        **trace_headers(call.metadata),
    }
    if call.key:
        headers[KEY_HEADER] = key_to_header(call.key)
    if call.answer_to:
        headers[ANSWER_TO_HEADER] = key_to_header(call.answer_to)
    if call.deadline_s is not None:
        left = deadline_to_header(call.deadline_s - runtime.monotonic())
        if left is not None:
            headers[DEADLINE_HEADER] = left
    rest = msgspec.structs.replace(call.metadata, traceparent=None, tracestate=None)
    if rest != Metadata():
        headers[METADATA_HEADER] = json.dumps(msgspec.to_builtins(rest), separators=(",", ":"))
    return headers


def call_from(target: str, operation: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call that a request is. Raises InvalidValue for a header that is not of its form."""
    number = headers.get(CALL_HEADER, "0")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InvalidValue(CALL_HEADER, number, "a whole number")
    left = headers.get(DEADLINE_HEADER)
    try:
        said = headers.get(METADATA_HEADER)
        metadata = msgspec.json.decode(said, type=Metadata) if said else Metadata()
    except NOT_READ as error:
        raise InvalidValue(METADATA_HEADER, said, f"metadata as JSON; {error}") from None
    traceparent, tracestate = headers.get("traceparent"), headers.get("tracestate")
    return Call(
        int(number),
        unquote(headers.get(SOURCE_HEADER, "")),
        target,
        operation,
        body,
        key_from_header(headers.get(KEY_HEADER, "")),
        None if left is None else runtime.monotonic() + deadline_from_header(left),
        msgspec.structs.replace(metadata, traceparent=traceparent, tracestate=tracestate),
        unquote(headers.get(ANSWER_TO_HEADER, "")),
    )


def is_one_way(headers: Mapping[str, str]) -> bool:
    """Whether the request is a posted message: its sender hears no more than that it has arrived."""
    return headers.get("prefer", "").strip().lower() == ONE_WAY["prefer"]


def answer_of(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of *reply*."""
    headers = {"content-type": JSON, OUTCOME_HEADER: reply.outcome}
    if reply.outcome == "ok":
        return STATUS["ok"], headers, reply.body
    status = STATUS[reply.outcome]
    if reply.outcome == "failed":
        status = _OF_FAILURES.get(reply.code, status)
    if reply.outcome == "unavailable":
        headers["retry-after"] = str(math.ceil(reply.retry_after_s or 1.0))
    facts = msgspec.to_builtins(reply.facts, str_keys=True, enc_hook=str)
    return status, headers, encode(Said(reply.code, reply.message, facts, reply.reason, reply.retry_after_s))


def reply_from(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """The reply that an answer is. What no service said leaves the outcome unknown, whatever its status."""
    outcome = headers.get(OUTCOME_HEADER)
    if outcome == "ok":
        return Reply("ok", body)
    if outcome not in _OUTCOMES:
        return Reply("unknown", reason=f"status {status}, which does not come from a service")
    try:
        said = msgspec.json.decode(body, type=Said)
    except NOT_READ as error:
        return Reply("unknown", reason=f"status {status}, which cannot be read: {error}")
    return Reply(outcome, b"", said.code, said.message, said.facts, said.reason, said.retry_after_s)  # type: ignore[arg-type]
