"""The tables of projections: whether they will do, how they are made, emptied, and filled from their doubles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.schema import conv, sort_tables
from sqlalchemy.sql.functions import next_value

OWN_PREFIX: Final = "eventlab_"
"""Tables of the package begin with it, so those of a projection do not."""

STORE_NAMES: Final = frozenset(
    (
        "events",
        "receipts",
        "records",
        "event_positions",
        "events_are_never_changed",
        "events_are_never_deleted",
        "events_pkey",
        "events_stream_version_key",
        "receipts_pkey",
        "records_pkey",
    )
)
"""What a store calls its own, besides what begins with `OWN_PREFIX`: a read model may lie in the same database."""


POSTGRES_NAME_BYTES_MAX: Final = 63
"""It cuts longer ones off, or SQLAlchemy refuses them; those that SQLAlchemy made up it shortens."""


def problem_with(tables: Sequence[sa.Table]) -> str | None:
    """Why these cannot be the tables of a projection; None if they can."""
    if not tables:
        return "it has no tables"
    names: set[str] = set()
    for table in tables:
        problem = _problem_with_one(table)
        if table.name.casefold() in (name.casefold() for name in names):
            problem = "it is there twice"
        if problem:
            return f"table {table.name!r}: {problem}"
        names.add(table.name)
    for table in tables:
        for key in table.foreign_keys:
            target = key.target_fullname.rpartition(".")[0]
            if target not in names:
                return (
                    f"table {table.name!r} refers to {target!r}, which is none of its tables: a rebuild has no such row"
                )
    return None


def _problem_with_one(table: sa.Table) -> str | None:
    if table.schema is not None:
        return f"it lies in schema {table.schema!r}; tables have none, so that a rebuild can fill doubles beside them"
    if not table.primary_key.columns:
        return "it has no primary key"
    if table.name.casefold().startswith(OWN_PREFIX):
        return f"names that begin with {OWN_PREFIX!r} are taken"
    for name in map(str, _names_of(table)):
        if name.casefold() in STORE_NAMES:
            return f"{name!r} is a name of the store's own, which may lie in the same database; choose another"
    for column in table.columns:
        if _counts_by_sequence(column):
            return (
                f"column {column.name!r} is numbered by a sequence of its own, which a rebuild would not move; use "
                "Identity()"
            )
    return None


def _names_of(table: sa.Table) -> tuple[str, ...]:
    """What it and its indexes are called."""
    return (table.name, *(index.name for index in table.indexes if index.name))


def _counts_by_sequence(column: sa.Column[Any]) -> bool:
    given = (column.default, getattr(column.server_default, "arg", None))
    return any(isinstance(each, sa.Sequence | next_value) for each in given)


def problem_in_postgres(tables: Sequence[sa.Table]) -> str | None:
    """Why PostgreSQL could not make these, or copy their rows from their doubles; None if it can."""
    for name in (name for table in tables for name in _names_of(table)):
        is_shortened = isinstance(name, conv) and name.isascii()  # it counts characters
        if len(name.encode()) > POSTGRES_NAME_BYTES_MAX and not is_shortened:
            return f"{str(name)!r} is longer than the {POSTGRES_NAME_BYTES_MAX} bytes that a name has in PostgreSQL"
    for column in (column for table in tables for column in table.columns):
        where = f"column {column.name!r} of table {column.table.name!r}"
        kind = getattr(column.type, "item_type", column.type)
        if isinstance(kind, sa.Enum) and kind.native_enum:
            return f"{where} is a native Enum, which is another type in each schema; say native_enum=False"
        if column.identity is not None and column.identity.always:
            return f"{where} takes no number from a rebuild, since it is Identity(always=True); say Identity()"
    return None


def in_order(tables: Iterable[sa.Table]) -> list[sa.Table]:
    """Each table after those it refers to."""
    return sort_tables(list(tables))


def make(rows: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Make them. The database refuses where one is there already."""
    for table in in_order(tables):
        table.create(rows, checkfirst=False)


def drop(rows: sa.Connection, tables: Iterable[sa.Table], names: Iterable[str]) -> None:
    """Drop *tables*, and others that only their *names* are left of; never one of a store's."""
    for table in reversed(in_order(tables)):
        table.drop(rows, checkfirst=True)
    kept = sa.MetaData()
    for name in names:
        if name.casefold() not in STORE_NAMES:
            sa.Table(name, kept).drop(rows, checkfirst=True)


def empty(rows: sa.Connection, tables: Iterable[sa.Table]) -> None:
    for table in reversed(in_order(tables)):
        rows.execute(sa.delete(table))


def first_foreign(rows: sa.Connection, tables: Iterable[sa.Table], mine: Iterable[str]) -> str | None:
    """The name of a table, or view, that is there and none of *mine*."""
    known = {same_name(rows, name) for name in mine}
    for table in tables:
        # Of doubles the schema is named by the connection alone.
        there = sa.inspect(rows).has_table(table.name, schema=rows.schema_for_object(table))
        if there and same_name(rows, table.name) not in known:
            return table.name
    return None


def same_name(rows: sa.Connection, name: str) -> bytes:
    """Equal for names that mean the same table: to SQLite capital letters of ASCII are small ones."""
    return name.encode().lower() if rows.dialect.name == "sqlite" else name.encode()


def double_of(table: sa.Table, beside: str) -> sa.Table:
    """The same table in the schema *beside*."""
    return table.to_metadata(sa.MetaData(), schema=beside)


def fill(rows: sa.Connection, tables: Iterable[sa.Table], beside: str) -> None:
    """Copy the rows of the doubles in schema *beside* into the empty *tables*."""
    for table in in_order(tables):
        names = [column.name for column in table.columns if column.computed is None]
        double = double_of(table, beside)
        source = sa.select(*(double.columns[name] for name in names))
        rows.execute(sa.insert(table).from_select(names, source, include_defaults=False))
        _move_sequence(rows, table)


def _move_sequence(rows: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL numbers rows by a sequence, which knows nothing of rows that were copied."""
    column = table.autoincrement_column
    if column is None or rows.dialect.name != "postgresql":
        return
    highest = rows.execute(sa.select(sa.func.max(column))).scalar()
    quoted = rows.dialect.identifier_preparer.format_table(table)
    sequence = rows.execute(sa.select(sa.func.pg_get_serial_sequence(quoted, column.name))).scalar()
    if highest is not None and sequence is not None:
        rows.execute(sa.select(sa.func.setval(sa.cast(sequence, REGCLASS), highest)))
