"""Taking events and receipts in exactly as they were elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from ..metadata import to_json
from ..model import KeptReceipt, StoredEvent
from ..restoring import check_restored
from .connecting import Session

# The locks that appends take, so that none of them trusts a version that is just being overtaken; then all other
# appends are kept out, and the head stands still; and readers are told, as by every append, that one is under way.
_LOCKS = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT hashtextextended(name, 1) AS key FROM unnest(%s::text[]) AS name ORDER BY key OFFSET 0
) AS keys
"""
_ALONE = "LOCK TABLE events IN EXCLUSIVE MODE"
_ANNOUNCE = "SELECT eventlab_announce()"
_HEAD = "SELECT coalesce(max(position), 0) FROM events"
_VERSIONS = """
SELECT name, (SELECT coalesce(max(version), 0) FROM events WHERE stream = name) FROM unnest(%s::text[]) AS name
"""
_EVENT = """
INSERT INTO events (position, stream, version, id, type, schema_version, data, metadata, occurred_at)
VALUES (%s, %s, %s, %s, %s, %s, %b, %b, %s)
"""
_RECEIPT = "INSERT INTO receipts (command_id, fingerprint, positions, streams, versions) VALUES (%s, %b, %s, %s, %s)"
_GO_ON_AFTER = """
SELECT setval('event_positions', greatest(%s, coalesce(pg_sequence_last_value('event_positions'::regclass), 0)))
"""


async def restore(session: Session, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt]) -> None:
    """All of them, in one transaction, or an InvalidValue and nothing."""
    driver = session.as_driver()
    names = list(dict.fromkeys(stored.stream for stored in events))
    async with driver.transaction(), driver.cursor() as cursor:
        await cursor.execute(_LOCKS, (names,))
        await cursor.execute(_ALONE)
        await cursor.execute(_ANNOUNCE)
        (head,) = await (await cursor.execute(_HEAD)).fetchone() or (0,)
        versions = dict(await (await cursor.execute(_VERSIONS, (names,))).fetchall())
        check_restored(events, head, versions.__getitem__)
        if events:
            await cursor.executemany(_EVENT, [_row(stored) for stored in events])
            await cursor.execute(_GO_ON_AFTER, (events[-1].position,))
        if receipts:
            await cursor.executemany(_RECEIPT, [_receipt_row(kept) for kept in receipts])


def _row(stored: StoredEvent) -> tuple[object, ...]:
    return (
        stored.position,
        stored.stream,
        stored.version,
        stored.id,
        stored.type,
        stored.schema_version,
        stored.data,
        to_json(stored.metadata),
        stored.occurred_at,
    )


def _receipt_row(kept: KeptReceipt) -> tuple[object, ...]:
    receipt = kept.receipt
    return (
        kept.command_id,
        kept.fingerprint,
        list(receipt.positions),
        list(receipt.versions),
        list(receipt.versions.values()),
    )
