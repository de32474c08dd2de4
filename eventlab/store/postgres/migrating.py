"""Bringing the tables of a database to the shape that this program knows. Never done without being asked."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection

from ...errors import SchemaTooNew, StoreFailed
from .connecting import connect
from .schema import MIGRATIONS, ROOM, SCHEMA_VERSION, VERSIONS
from .settings import Settings, settings_of
from .trouble import explained

_LOCK = 0x6576656E746C6162
"""Held while tables are made, so that two programs that migrate at once do it once."""


async def migrate(url: str) -> tuple[int, int]:
    """Make the tables at *url*, or bring older ones up to date: the version that was found, and the one there is now.

    All in one transaction; again, it finds nothing to do. Raises SchemaTooNew
    for tables of a newer program, StoreUnavailable, or StoreFailed.
    """
    settings = settings_of(url)
    connection = await connect(settings)
    try:
        async with connection.transaction():
            return await _migrated(connection, settings)
    except psycopg.Error as error:
        raise explained(settings.url, error) from error
    finally:
        await connection.close()


async def _migrated(connection: AsyncConnection[Any], settings: Settings) -> tuple[int, int]:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    await _check_encoding(connection, settings.url)
    await connection.execute(VERSIONS)
    row = await (await connection.execute("SELECT version FROM eventlab_schema WHERE room = %s", (ROOM,))).fetchone()
    found = 0 if row is None else int(row[0])
    if found > SCHEMA_VERSION:
        raise SchemaTooNew(settings.url, found, SCHEMA_VERSION)
    for migration in MIGRATIONS[found:]:
        for statement in migration:
            await connection.execute(statement.encode())
    await connection.execute(
        "INSERT INTO eventlab_schema VALUES (%s, %s) ON CONFLICT (room) DO UPDATE SET version = excluded.version",
        (ROOM, SCHEMA_VERSION),
    )
    return found, SCHEMA_VERSION


async def _check_encoding(connection: AsyncConnection[Any], url: str) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreFailed(url, f"the database is encoded in {encoding}; make one with ENCODING 'UTF8'")
