"""The tables of projections: whether they will do, how they are made, emptied, and filled from their doubles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.schema import sort_tables

OWN_PREFIX: Final = "eventlab_"
"""Tables of the package begin with it, so those of a projection do not."""


def problem_with(tables: Sequence[sa.Table]) -> str | None:
    """Why these cannot be the tables of a projection; None if they can."""
    if not tables:
        return "it has no tables"
    names: set[str] = set()
    for table in tables:
        problem = _problem_with_one(table)
        if table.name in names:
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
    if table.name.startswith(OWN_PREFIX):
        return f"names that begin with {OWN_PREFIX!r} are taken"
    return None


def in_order(tables: Iterable[sa.Table]) -> list[sa.Table]:
    """Each table after those it refers to."""
    return sort_tables(list(tables))


def make(rows: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Make those that are not there."""
    for table in in_order(tables):
        table.create(rows, checkfirst=True)


def drop(rows: sa.Connection, tables: Iterable[sa.Table], names: Iterable[str]) -> None:
    """Drop *tables*, and others that only their *names* are left of."""
    for table in reversed(in_order(tables)):
        table.drop(rows, checkfirst=True)
    kept = sa.MetaData()
    for name in names:
        sa.Table(name, kept).drop(rows, checkfirst=True)


def empty(rows: sa.Connection, tables: Iterable[sa.Table]) -> None:
    for table in reversed(in_order(tables)):
        rows.execute(sa.delete(table))


def first_with_rows(rows: sa.Connection, tables: Iterable[sa.Table]) -> str | None:
    """The name of a table that is not empty."""
    for table in tables:
        if rows.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            return table.name
    return None


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
