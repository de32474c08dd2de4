"""The lines of an export: a head, one line per event, one per receipt, and a foot that says how many there were.

Events are written as they are stored: *data* is their JSON to the byte, so
that neither a type that is not known here nor a sealed field is in the way.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from ..metadata import NO_METADATA, Metadata
from ..model import KeptReceipt, Receipt, StoredEvent

FORMAT = 1
"""The version of the format. A file of a later one is refused."""


class Head(msgspec.Struct, frozen=True, tag="export", tag_field="line"):
    """The first line: how far the log went. What the store is called is left out: a copy has the same export."""

    format: int
    head: int


class EventLine(msgspec.Struct, frozen=True, tag="event", tag_field="line", omit_defaults=True):
    """A stored event. *data_base64* stands for *data* where the stored bytes are no single line of JSON."""

    position: int
    stream: str
    version: int
    id: UUID
    type: str
    schema_version: int
    occurred_at: datetime
    metadata: Metadata = NO_METADATA
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str = ""


class ReceiptLine(msgspec.Struct, frozen=True, tag="receipt", tag_field="line"):
    """What was written under a command id; *fingerprint* stands for its content, in hexadecimal digits."""

    command_id: str
    fingerprint: str
    positions: tuple[int, ...]
    versions: dict[str, int]


class Foot(msgspec.Struct, frozen=True, tag="end", tag_field="line"):
    """The last line, without which a file was cut short. *digest* is that of all lines before it."""

    events: int
    receipts: int
    digest: str


Line: TypeAlias = Head | EventLine | ReceiptLine | Foot

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode
_is_json = msgspec.json.Decoder().decode


def encoded(line: Line) -> bytes:
    """*line* as it stands in the file, with its end."""
    return _encode(line) + b"\n"


def decoded(text: bytes) -> Line:
    """Raises msgspec.ValidationError or msgspec.DecodeError, in words for people."""
    line: Line = _decode(text)
    return line


def event_line(stored: StoredEvent) -> EventLine:
    """*stored* as a line, from which `stored_event` makes the same again."""
    fields: dict[str, Any] = {"data": msgspec.Raw(stored.data)}
    if not _is_one_line_of_json(stored.data):
        fields = {"data_base64": b64encode(stored.data).decode()}
    return EventLine(
        stored.position,
        stored.stream,
        stored.version,
        stored.id,
        stored.type,
        stored.schema_version,
        stored.occurred_at.astimezone(UTC),
        NO_METADATA
        if stored.metadata == NO_METADATA
        else stored.metadata,  # it is left out where it is the same object
        **fields,
    )


def stored_event(line: EventLine) -> StoredEvent:
    data = b64decode(line.data_base64) if line.data_base64 else bytes(line.data)
    return StoredEvent(
        line.position,
        line.stream,
        line.version,
        line.id,
        line.type,
        line.schema_version,
        data,
        line.metadata,
        line.occurred_at.astimezone(UTC),
    )


def receipt_line(kept: KeptReceipt) -> ReceiptLine:
    return ReceiptLine(kept.command_id, kept.fingerprint.hex(), kept.receipt.positions, kept.receipt.versions)


def kept_receipt(line: ReceiptLine) -> KeptReceipt:
    return KeptReceipt(line.command_id, bytes.fromhex(line.fingerprint), Receipt(line.positions, line.versions))


def _is_one_line_of_json(data: bytes) -> bool:
    if not data or b"\n" in data or b"\r" in data or data != data.strip():
        return False
    try:
        _is_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
