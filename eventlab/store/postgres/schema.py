"""The tables of a store in PostgreSQL. What is written there by `functions` is never changed again."""

from __future__ import annotations

from typing import Final

from .functions import FUNCTIONS_1, IMMUTABLE

ROOM = "store"

VERSIONS = """
CREATE TABLE IF NOT EXISTS eventlab_schema (
    room text PRIMARY KEY,
    version integer NOT NULL
)
"""

# Names compare as their bytes do: in the order of Python, on every server, whatever its language.
_TABLES_1 = (
    # CACHE 1: a connection that kept positions back would hand out low ones late.
    "CREATE SEQUENCE event_positions AS bigint CACHE 1",
    # The bytes of an event come back as they were: `json` would refuse what is no JSON, and `jsonb` a \\u0000.
    # `began` is the position of the first event of the same append, for those after the first.
    """
CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    schema_version integer NOT NULL,
    data bytea NOT NULL,
    metadata bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    began bigint,
    UNIQUE (stream, version)
)
""",
    """
CREATE TABLE receipts (
    command_id text COLLATE "C" PRIMARY KEY,
    fingerprint bytea NOT NULL,
    positions bigint[] NOT NULL,
    streams text[] NOT NULL,
    versions bigint[] NOT NULL
)
""",
    """
CREATE TABLE records (
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (kind, key)
)
""",
    f"""
CREATE FUNCTION eventlab_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stored events are never changed'
        USING ERRCODE = '{IMMUTABLE}', DETAIL = TG_OP || ' on ' || TG_TABLE_NAME;
END $$
""",
    """
CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION eventlab_refuse_change()
""",
    # Also where a session says that it only repeats what another server did.
    "ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_never_changed",
)

MIGRATIONS: Final = ((*_TABLES_1, *FUNCTIONS_1),)
"""What brings the tables from each version to the next; the first makes them."""

SCHEMA_VERSION = len(MIGRATIONS)
