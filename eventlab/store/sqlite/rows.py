"""Events as rows, and rows as events. Driver-level SQL: these statements are the hot paths."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from ...errors import StoreFailed
from ..filters import Filter
from ..metadata import to_json
from ..model import KeptReceipt, Receipt, StoredEvent

COLUMNS = "position, stream, version, id, type, schema_version, data, metadata, occurred_at"

INSERT = (
    "INSERT INTO events (stream, version, id, type, schema_version, data, metadata, occurred_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
LAST = "SELECT version, type FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1"
HEAD = "SELECT max(position) FROM events"
READ = f"SELECT {COLUMNS} FROM events WHERE stream = ? AND version > ? ORDER BY version LIMIT ?"
RESTORE = (
    "INSERT INTO events (position, stream, version, id, type, schema_version, data, metadata, occurred_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
RECEIPTS = "SELECT command_id, fingerprint, receipt FROM receipts WHERE command_id > ? ORDER BY command_id LIMIT ?"
FIND_RECEIPT = "SELECT fingerprint, receipt FROM receipts WHERE command_id = ?"
KEEP_RECEIPT = "INSERT INTO receipts (command_id, fingerprint, receipt) VALUES (?, ?, ?)"

NO_LIMIT = -1

Row = tuple[Any, ...]

_to_json = msgspec.json.Encoder().encode
_receipt_from_json = msgspec.json.Decoder(Receipt).decode
_TIME_BYTES = len('"2026-01-01T00:00:00.000001Z"')


def receipt_to_row(receipt: Receipt) -> bytes:
    return _to_json(receipt)


def receipt_from_row(command_id: str, data: bytes) -> Receipt:
    """A receipt that is found is one that is given again. Raises StoreFailed if somebody spoiled it."""
    found = _receipt(command_id, data)
    return Receipt(found.positions, found.versions, repeated=True)


def kept_receipt(row: Row) -> KeptReceipt:
    return KeptReceipt(row[0], row[1], _receipt(row[0], row[2]))


def _receipt(command_id: str, data: bytes) -> Receipt:
    try:
        return _receipt_from_json(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreFailed(f"the receipt of command id {command_id!r}", f"it cannot be read: {error}") from None


def row_of(stored: StoredEvent) -> Row:
    """A stored event as a row, with its position."""
    return (
        stored.position,
        stored.stream,
        stored.version,
        stored.id.bytes,
        stored.type,
        stored.schema_version,
        stored.data,
        to_json(stored.metadata),
        time_to_row(stored.occurred_at.astimezone(UTC)),
    )


def time_to_row(moment: datetime) -> str:
    """UTC, always with microseconds, so that texts sort as the moments do."""
    text = _to_json(moment)  # "2026-01-01T00:00:00.000001Z", in a tenth of the time that isoformat takes
    if len(text) == _TIME_BYTES:
        return text[1:-2].decode() + "+00:00"
    return moment.isoformat("T", "microseconds")  # a full second is shorter there, another time zone longer


def fetch(connection: sqlite3.Connection, statement: str, arguments: Sequence[Any]) -> list[Row]:
    return connection.execute(statement, arguments).fetchall()


def fetch_streams(
    connection: sqlite3.Connection, names: Sequence[str], after: Mapping[str, int]
) -> dict[str, list[Row]]:
    """Several streams as they were at one moment: a transaction sees one snapshot."""
    if len(names) == 1:
        (name,) = names
        arguments = (name, after.get(name, 0) if after else 0, NO_LIMIT)
        return {name: connection.execute(READ, arguments).fetchall()}
    connection.execute("BEGIN")
    try:
        return {name: fetch(connection, READ, (name, after.get(name, 0), NO_LIMIT)) for name in names}
    finally:
        connection.execute("COMMIT")


@lru_cache
def insert_statement(count: int) -> str:
    """Insert so many events, one after the other."""
    into, values = INSERT.split(" VALUES ")
    return f"{into} VALUES {', '.join([values] * count)}"


_VALUES_PER_EVENT = INSERT.count("?")
EVENTS_PER_STATEMENT = (64, 16, 4, 1)
"""A few sizes, so that each statement is prepared once and found again."""


def insert_events(connection: sqlite3.Connection, values: Sequence[object]) -> int:
    """Write events, whose *values* follow each other, in as few statements as there are sizes for.

    Gives the position of the last one; 0 if there are none.
    """
    done = last = 0
    for size in EVENTS_PER_STATEMENT:
        step = size * _VALUES_PER_EVENT
        while len(values) - done >= step:
            last = connection.execute(insert_statement(size), values[done : done + step]).lastrowid or 0
            done += step
    return last


def version_of(connection: sqlite3.Connection, stream: str) -> int:
    row = connection.execute(LAST, (stream,)).fetchone()
    return 0 if row is None else int(row[0])


def window_statement(
    stream: str, after: int, to: int | None, at: datetime | None, backwards: bool, limit: int | None
) -> tuple[str, Sequence[Any]]:
    """The statement for a part of a stream, and its arguments."""
    if to is None and at is None and not backwards:
        return READ, (stream, after, NO_LIMIT if limit is None else limit)
    conditions, arguments = ["stream = ?", "version > ?"], [stream, after]
    if to is not None:
        conditions.append("version <= ?")
        arguments.append(to)
    if at is not None:
        conditions.append(
            "version < coalesce((SELECT min(version) FROM events WHERE stream = ? AND occurred_at > ?), version + 1)"
        )
        arguments += [stream, time_to_row(at.astimezone(UTC))]
    order = "DESC" if backwards else "ASC"
    statement = f"SELECT {COLUMNS} FROM events WHERE {' AND '.join(conditions)} ORDER BY version {order} LIMIT ?"
    return statement, [*arguments, NO_LIMIT if limit is None else limit]


_RANGES_MAX = 50


def _in_categories(categories: Sequence[str]) -> tuple[str, list[str]]:
    """The condition for streams of any of *categories*, and its arguments."""
    if len(categories) > _RANGES_MAX:  # SQLite bounds the depth of an expression, and a list has none
        return _CATEGORY_IN_LIST, [_to_json(list(categories)).decode()]
    # A category is a range of names: '.' is the character after '-'.
    one = "stream = ? OR (stream >= ? || '-' AND stream < ? || '.')"
    condition = "(" + (" OR ".join([one] * len(categories)) or "0") + ")"
    return condition, [category for category in categories for _ in range(3)]


_CATEGORY_IN_LIST = "substr(stream, 1, instr(stream || '-', '-') - 1) IN (SELECT value FROM json_each(?))"


def page_statement(after: int, where: Filter, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of the log, and its arguments. Filters apply before the limit."""
    conditions = ["position > ?"]
    arguments: list[Any] = [after]
    if where.categories is not None:
        condition, names = _in_categories(where.categories)
        conditions.append(condition)
        arguments += names
    if where.streams is not None:
        conditions.append("stream GLOB ?")
        arguments.append(where.streams)
    if where.types is not None:
        conditions.append("type IN (SELECT value FROM json_each(?))")
        arguments.append(_to_json(list(where.types)).decode())
    statement = f"SELECT {COLUMNS} FROM events WHERE {' AND '.join(conditions)} ORDER BY position LIMIT ?"
    return statement, [*arguments, limit]
