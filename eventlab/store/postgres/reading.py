"""Streams and the log, as they are asked for and as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from ..filters import EVERYTHING, Filter
from ..lazily import StoredRow
from ..metadata import from_json
from ..model import KeptReceipt, Receipt, StoredEvent
from .complete import Complete
from .connecting import BINARY, TEXT, Parameter, Session, Statement
from .encoding import BIGINT, bigints_from, from_bigint, from_moment, texts_from, to_array, to_bigint, to_moment
from .encoding import TEXT as TEXTS

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_COLUMNS = "position, stream, version, id, type, schema_version, data, metadata, occurred_at"
_ALL = b"9223372036854775807"

_UP_TO = """ AND version < coalesce(
    (SELECT min(version) FROM events WHERE stream = $1 AND occurred_at > $5::timestamptz), version + 1)"""


def _window(name: str, order: str, at: bool) -> Statement:
    return Statement(
        name,
        f"SELECT {_COLUMNS} FROM events WHERE stream = $1 AND version > $2 AND version <= $3"
        f"{_UP_TO if at else ''} ORDER BY version {order} LIMIT $4",
        [BINARY, TEXT, TEXT, TEXT, *[BINARY] * at],
        BINARY,
    )


_WINDOWS = {
    (backwards, at): _window(f"read_{order}_{at}".lower(), order, at)
    for backwards, order in ((False, "ASC"), (True, "DESC"))
    for at in (False, True)
}
_MANY = Statement(
    "read_many",
    f"""SELECT {_COLUMNS} FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS asked (name, after, place)
        CROSS JOIN LATERAL (SELECT * FROM events WHERE stream = asked.name AND version > asked.after) AS found
        ORDER BY asked.place, found.version""",
    [BINARY, BINARY],
    BINARY,
)
_PAGE = Statement(
    "page",
    f"SELECT {_COLUMNS} FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3",
    [TEXT, TEXT, TEXT],
    BINARY,
)
_FILTERED = Statement(
    "filtered",
    f"""SELECT {_COLUMNS} FROM events WHERE position > $1 AND position <= $2
        AND ($4::text[] IS NULL OR split_part(stream, '-', 1) = ANY ($4::text[]))
        AND ($5::text IS NULL OR stream LIKE $5::text)
        AND ($6::text[] IS NULL OR type = ANY ($6::text[]))
        ORDER BY position LIMIT $3""",
    [TEXT, TEXT, TEXT, BINARY, BINARY, BINARY],
    BINARY,
)
_HEAD = Statement("head", "SELECT eventlab_head()", [])
_END = Statement("end", "SELECT max(position) FROM events", [])
_RECEIPT = Statement(
    "receipt",
    "SELECT command_id, fingerprint, positions, streams, versions FROM receipts WHERE command_id = $1",
    [BINARY],
    BINARY,
)
_RECEIPTS = Statement(
    "receipts",
    "SELECT command_id, fingerprint, positions, streams, versions FROM receipts WHERE command_id > $1 "
    "ORDER BY command_id LIMIT $2",
    [BINARY, TEXT],
    BINARY,
)


async def read_window(
    session: Session, stream: str, after: int, to: int | None, at: datetime | None, backwards: bool, limit: int | None
) -> list[StoredEvent]:
    """A part of a stream."""
    parameters: list[Parameter] = [
        stream.encode(),
        b"%d" % after,
        _ALL if to is None else b"%d" % to,
        None if limit is None else b"%d" % limit,
    ]
    if at is not None:
        parameters.append(to_moment(at.astimezone(UTC)))
    return _events(await session.ask(_WINDOWS[backwards, at is not None], parameters))


async def read_streams(session: Session, names: Sequence[str], after: Mapping[str, int]) -> list[StoredEvent]:
    """Several streams as they were at one moment: a statement sees one snapshot."""
    begin = [to_bigint(after.get(name, 0)) for name in names]
    return _events(
        await session.ask(_MANY, [to_array(TEXTS, [name.encode() for name in names]), to_array(BIGINT, begin)])
    )


async def read_head(session: Session, complete: Complete) -> int:
    """The position up to which the log is complete. It is kept, since it stays so."""
    head = int((await session.ask(_HEAD, ())).get_value(0, 0) or b"0")
    if head < complete.position and await read_end(session) < complete.position:
        complete.forget(head)
    session.head = complete.reach(head)
    return session.head


async def read_end(session: Session) -> int:
    """The position of the last event that is there, whether or not the log is complete up to it."""
    return int((await session.ask(_END, ())).get_value(0, 0) or b"0")


async def read_page(session: Session, complete: Complete, after: int, where: Filter, limit: int) -> list[StoredEvent]:
    """A page of the log, up to its head and never beyond.

    Reading far behind the head that is known, nothing has to be asked for it.
    The head is asked in a statement of its own, before: only what a later
    statement sees is known to be complete up to it.
    """
    if session.head - after >= limit:
        found = await _page(session, after, session.head, where, limit)
        if len(found) == limit:
            return found
    head = await read_head(session, complete)
    return [] if head <= after else await _page(session, after, head, where, limit)


async def _page(session: Session, after: int, head: int, where: Filter, limit: int) -> list[StoredEvent]:
    bounds: list[Parameter] = [b"%d" % after, b"%d" % head, b"%d" % limit]
    if where is EVERYTHING:
        return _events(await session.ask(_PAGE, bounds))
    like = None if where.streams is None else _like(where.streams).encode()
    return _events(await session.ask(_FILTERED, [*bounds, _texts(where.categories), like, _texts(where.types)]))


async def read_receipt(session: Session, command_id: str) -> KeptReceipt | None:
    found = _receipts(await session.ask(_RECEIPT, [command_id.encode()]))
    return found[0] if found else None


async def read_receipts(session: Session, after: str, limit: int) -> list[KeptReceipt]:
    return _receipts(await session.ask(_RECEIPTS, [after.encode(), b"%d" % limit]))


def _texts(texts: Sequence[str] | None) -> Parameter:
    return None if texts is None else to_array(TEXTS, [text.encode() for text in texts])


def _like(pattern: str) -> str:
    r"""A pattern of ``*`` and ``?`` in the words of LIKE, where ``% _ \`` would mean something."""
    words = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"}
    return "".join(words.get(one, one) for one in pattern)


def _events(answer: PGresult) -> list[StoredEvent]:
    value: Callable[[int, int], bytes] = answer.get_value  # type: ignore[assignment]  # no column is ever null
    count = answer.ntuples
    if not count:
        return []
    try:
        return _whole(value, count)
    except (msgspec.MsgspecError, OverflowError):  # somebody spoiled a row: it says so when it is asked for that
        return [_as_it_is(value, row) for row in range(count)]


def _whole(value: Callable[[int, int], bytes], count: int) -> list[StoredEvent]:
    ids = msgspec.convert([value(row, 3) for row in range(count)], list[UUID])
    return [
        StoredEvent(
            from_bigint(value(row, 0))[0],
            value(row, 1).decode(),
            from_bigint(value(row, 2))[0],
            ids[row],
            value(row, 4).decode(),
            int.from_bytes(value(row, 5), "big"),
            value(row, 6),
            _metadata(value(row, 7)),
            from_moment(value(row, 8)),
        )
        for row in range(count)
    ]


_metadata = lru_cache(maxsize=256)(from_json)
"""What was carried by one command stands beside all of its events."""


def _as_it_is(value: Callable[[int, int], bytes], row: int) -> StoredEvent:
    try:
        occurred_at: object = from_moment(value(row, 8))
    except OverflowError:  # infinity, or the year 10000
        occurred_at = f"{from_bigint(value(row, 8))[0]} µs from 2000"
    return StoredRow(
        from_bigint(value(row, 0))[0],
        value(row, 1).decode(),
        from_bigint(value(row, 2))[0],
        value(row, 3),  # type: ignore[arg-type]
        value(row, 4).decode(),
        int.from_bytes(value(row, 5), "big"),
        value(row, 6),
        value(row, 7),  # type: ignore[arg-type]
        occurred_at,  # type: ignore[arg-type]
    )


def _receipts(answer: PGresult) -> list[KeptReceipt]:
    found = []
    for row in range(answer.ntuples):
        command_id, fingerprint, positions, streams, versions = (answer.get_value(row, at) or b"" for at in range(5))
        receipt = Receipt(
            tuple(bigints_from(positions)), dict(zip(texts_from(streams), bigints_from(versions), strict=True))
        )
        found.append(KeptReceipt(command_id.decode(), fingerprint, receipt))
    return found
