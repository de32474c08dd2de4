"""What is kept beside the rows, in the same transactions: the checkpoint of each projection, and its parked events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from ..errors import ProjectionMisdefined, ProjectionOutdated
from ..runtime import now
from ..store import StoredEvent
from ..store.parking import Parked
from .definition import Projection
from .tables import OWN_PREFIX, double_of, first_foreign, make, problem_in_postgres, same_name

_LOCK: Final = 0x6576_6C61_6270
"""Two programs that begin at the same moment make the tables one after the other (PostgreSQL)."""

_BOOKS = sa.MetaData()

CHECKPOINTS = sa.Table(
    f"{OWN_PREFIX}projections",
    _BOOKS,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("tables", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("stopped", sa.Text),
    sa.Column("rebuild", sa.String(40)),
)

PARKED = sa.Table(
    f"{OWN_PREFIX}parked",
    _BOOKS,
    sa.Column("projection", sa.String(200), primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String(255), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("parked_at", sa.String(40), nullable=False),
)

FAILED_REBUILDS = sa.Table(
    f"{OWN_PREFIX}failed_rebuilds",
    _BOOKS,
    sa.Column("projection", sa.String(200), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)


class Checkpoint(msgspec.Struct, frozen=True):
    """How far the rows are, and what made them. *rebuild* says which rebuild may replace them."""

    name: str
    version: int
    shape: str
    tables: tuple[str, ...]
    position: int
    paused: bool = False
    stopped: str | None = None
    rebuild: str | None = None

    def check(self, projection: Projection) -> None:
        """Raise ProjectionOutdated unless *projection* may go on with these rows."""
        if (self.version, self.shape) != (projection.version, projection.shape):
            raise self.outdated(projection)

    def outdated(self, projection: Projection) -> ProjectionOutdated:
        """Why *projection*, which is another version or has another shape, may not go on with these rows."""
        if self.version != projection.version:
            return ProjectionOutdated(projection.name, self.version, projection.version)
        return ProjectionOutdated(projection.name, self.version, projection.version, _difference(self, projection))


def begin(rows: sa.Connection, projection: Projection) -> Checkpoint:
    """The checkpoint, made along with the tables if there was none.

    Raises ProjectionMisdefined if one of these is there all the same.
    """
    if rows.dialect.name == "postgresql":
        rows.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    _BOOKS.create_all(rows)
    _check_owners(rows, projection)
    found = read(rows, projection.name)
    if found is not None:
        return found
    check_tables(rows, projection, ())
    make(rows, projection.tables)
    rows.execute(sa.insert(CHECKPOINTS).values(position=0, paused=False, **_identity(projection)))
    return _found(rows, projection.name)


def check_tables(rows: sa.Connection, projection: Projection, accounted: Iterable[str]) -> None:
    """Raise ProjectionMisdefined unless its tables can be made here, and all that are there are *accounted* for.

    An empty table of somebody else is as little the projection's to fill and to drop as a full one.
    """
    foreign = first_foreign(rows, projection.tables, accounted)
    if foreign is not None:
        raise ProjectionMisdefined(
            projection.name,
            f"table {foreign!r} is there already, and no checkpoint accounts for it: "
            "drop it, if it is nobody's, or give the projection's table another name",
        )
    problem = problem_in_postgres(projection.tables) if rows.dialect.name == "postgresql" else None
    if problem is not None:
        raise ProjectionMisdefined(projection.name, problem)


def exist(rows: sa.Connection) -> bool:
    """Whether anything was ever kept here."""
    return sa.inspect(rows).has_table(CHECKPOINTS.name)


def read(rows: sa.Connection, name: str, *, lock: bool = True) -> Checkpoint | None:
    """The checkpoint of projection *name*, locked until the transaction ends; None if there is none.

    On SQLite a transaction that writes has the whole file to itself.
    """
    query = sa.select(CHECKPOINTS).where(CHECKPOINTS.c.name == name)
    row = rows.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    fields: dict[str, Any] = dict(row._mapping)
    return Checkpoint(**fields | {"tables": tuple(msgspec.json.decode(fields["tables"]))})


def write(rows: sa.Connection, name: str, /, **values: object) -> None:
    """Change what is said of projection *name*."""
    rows.execute(sa.update(CHECKPOINTS).where(CHECKPOINTS.c.name == name).values(**values))


def stop(rows: sa.Connection, name: str, saved: int, reason: str) -> None:
    """Remember why it stopped, if it is still there."""
    which = (CHECKPOINTS.c.name == name) & (CHECKPOINTS.c.position == saved)
    rows.execute(sa.update(CHECKPOINTS).where(which).values(stopped=reason))


def renew(rows: sa.Connection, projection: Projection, position: int) -> None:
    """From now on the rows are those of *projection* as it is defined here, up to *position*."""
    rows.execute(sa.delete(FAILED_REBUILDS).where(FAILED_REBUILDS.c.projection == projection.name))
    write(rows, projection.name, position=position, stopped=None, rebuild=None, **_identity(projection))


def fail_rebuild(rows: sa.Connection, projection: Projection, reason: str) -> None:
    """Remember why the last rebuild came to nothing, until one succeeds."""
    rows.execute(sa.delete(FAILED_REBUILDS).where(FAILED_REBUILDS.c.projection == projection.name))
    values = {"projection": projection.name, "version": projection.version, "reason": reason}
    rows.execute(sa.insert(FAILED_REBUILDS).values(values))


def failed_rebuild(rows: sa.Connection, projection: Projection) -> str:
    """Why the last rebuild as this version came to nothing; empty if it did not."""
    if not sa.inspect(rows).has_table(FAILED_REBUILDS.name):  # made by a program that knew no such table
        return ""
    mine = (FAILED_REBUILDS.c.projection == projection.name) & (FAILED_REBUILDS.c.version == projection.version)
    return rows.execute(sa.select(FAILED_REBUILDS.c.reason).where(mine)).scalar() or ""


def park(rows: sa.Connection, name: str, stored: StoredEvent, reason: str) -> Parked:
    """Set *stored* aside."""
    parked = Parked(stored.position, stored.stream, stored.version, stored.type, reason, now())
    values = msgspec.structs.asdict(parked) | {"parked_at": parked.parked_at.isoformat()}
    rows.execute(sa.insert(PARKED).values(projection=name, **values))
    return parked


def unpark(rows: sa.Connection, name: str, position: int | None = None) -> bool:
    """Forget that one event is set aside, or that any is; whether there was one."""
    which = PARKED.c.projection == name
    if position is not None:
        which &= PARKED.c.position == position
    return bool(rows.execute(sa.delete(PARKED).where(which)).rowcount)


def park_again(rows: sa.Connection, name: str, position: int, reason: str) -> None:
    """It was tried once more, and failed for another *reason*."""
    which = (PARKED.c.projection == name) & (PARKED.c.position == position)
    rows.execute(sa.update(PARKED).where(which).values(reason=reason))


def parked(rows: sa.Connection, name: str) -> list[Parked]:
    """What is set aside, in the order of the log."""
    query = sa.select(PARKED).where(PARKED.c.projection == name).order_by(PARKED.c.position)
    return [
        Parked(row.position, row.stream, row.version, row.type, row.reason, datetime.fromisoformat(row.parked_at))
        for row in rows.execute(query)
    ]


def parked_count(rows: sa.Connection, name: str) -> int:
    return rows.execute(sa.select(sa.func.count()).where(PARKED.c.projection == name)).scalar_one()


def first_parked_of(rows: sa.Connection, name: str) -> dict[str, int]:
    """The streams of which something is set aside, each with the position of the first."""
    query = sa.select(PARKED.c.stream, sa.func.min(PARKED.c.position)).where(PARKED.c.projection == name)
    return {str(row[0]): int(row[1]) for row in rows.execute(query.group_by(PARKED.c.stream))}


def take_over(rows: sa.Connection, name: str, beside: str) -> None:
    """Replace what is set aside by what was set aside in the schema *beside*."""
    unpark(rows, name)
    double = double_of(PARKED, beside)
    rows.execute(sa.insert(PARKED).from_select(list(PARKED.columns.keys()), sa.select(double)))


def position_beside(rows: sa.Connection, name: str, beside: str) -> int:
    """How far the doubles in schema *beside* are."""
    double = double_of(CHECKPOINTS, beside)
    return int(rows.execute(sa.select(double.c.position).where(double.c.name == name)).scalar_one())


def _found(rows: sa.Connection, name: str) -> Checkpoint:
    found = read(rows, name)
    assert found is not None
    return found


def _identity(projection: Projection) -> dict[str, object]:
    names = msgspec.json.encode([str(table.name) for table in projection.tables]).decode()
    return {
        "name": projection.name,
        "version": projection.version,
        "shape": projection.shape,
        "tables": names,
    }


def _check_owners(rows: sa.Connection, projection: Projection) -> None:
    """Raise ProjectionMisdefined if another projection writes one of the tables."""
    mine = {same_name(rows, table.name) for table in projection.tables}
    others = sa.select(CHECKPOINTS.c.name, CHECKPOINTS.c.tables).where(CHECKPOINTS.c.name != projection.name)
    for name, tables in rows.execute(others):
        shared = [table for table in msgspec.json.decode(tables) if same_name(rows, table) in mine]
        if shared:
            raise ProjectionMisdefined(projection.name, f"table {shared[0]!r} is filled by projection {name!r} already")


def _difference(checkpoint: Checkpoint, projection: Projection) -> str:
    before, after = (msgspec.json.decode(shape) for shape in (checkpoint.shape, projection.shape))
    return " and ".join(part for part in after if before.get(part) != after[part])
