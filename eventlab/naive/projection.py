"""A projection as it is usually first written: the rows are saved, and then how far one has come.

What is wrong with it:

- rows and checkpoint are two transactions, so a crash between them makes the next run handle an event
  again: what adds, adds twice;
- the checkpoint is read once and never compared, so two runners at the same time both handle everything;
- it moves past whatever fails, so an event whose handler raised is in no row, and nobody knows.

The sound one is `eventlab.projections`.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import sqlalchemy as sa

from eventlab.projections import Projection, ReadModel
from eventlab.store import EventStore, StoredEvent

CHECKPOINTS = sa.Table(
    "naive_checkpoints",
    sa.MetaData(),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)


async def catch_up(store: EventStore, projection: Projection, database: ReadModel) -> None:
    """Handle what came since the last run, one event after the other."""
    after = await database.transaction(partial(_begin, projection))
    for stored in await store.read_all(after, where=projection.where):
        with suppress(Exception):  # so it is first written: the show must go on
            await database.transaction(partial(_handle, projection, stored))
        await database.transaction(partial(_save, projection, stored.position))


def _begin(projection: Projection, rows: sa.Connection) -> int:
    for table in (*projection.tables, CHECKPOINTS):
        table.create(rows, checkfirst=True)
    mine = CHECKPOINTS.c.name == projection.name
    position = rows.execute(sa.select(CHECKPOINTS.c.position).where(mine)).scalar()
    if position is None:
        rows.execute(sa.insert(CHECKPOINTS).values(name=projection.name, position=0))
    return int(position or 0)


def _handle(projection: Projection, stored: StoredEvent, rows: sa.Connection) -> None:
    projection.handler_of(stored.event)(rows, stored.event, stored)


def _save(projection: Projection, position: int, rows: sa.Connection) -> None:
    mine = CHECKPOINTS.c.name == projection.name
    rows.execute(sa.update(CHECKPOINTS).where(mine).values(position=position))
