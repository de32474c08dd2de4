"""What runs in the server: an append in one round trip, and the position up to which the log is complete.

Why a reader misses nothing, although writers commit in any order, is proven in
docs/decisions/0017-positions-on-postgresql.md. The order of the statements
below is part of that proof.
"""

from __future__ import annotations

from typing import Final

from ..archive import ARCHIVED

ANY_VERSION: Final = -1
SOME_VERSION: Final = -2
"""How ANY and EXISTS travel in the place of a version; NONE is version 0."""

CONFLICT: Final = "EL001"
ARCHIVED_STREAM: Final = "EL002"
REUSED: Final = "EL003"
IMMUTABLE: Final = "EL004"
WRONG_ISOLATION: Final = "EL005"
STANDBY: Final = "EL006"
"""Error codes of our own. The facts are JSON, in the detail."""

# A lock of two integers has 64 bits: 12 that say that it stands for a position, and 52 for the position.
# Locks of streams and command ids are of the other kind, of one big integer, and never meet these.
_SPACE = 0x65E << 20
_SPACE_END = _SPACE + (1 << 20) - 1

_ISOLATION = f"""
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventlab needs the isolation level read committed' USING ERRCODE = '{WRONG_ISOLATION}';
    END IF;
"""

# A lower bound of every position that this transaction is going to take, for all to see until it ends.
_ANNOUNCE = f"""
    low := coalesce(pg_sequence_last_value('event_positions'::regclass), 0);
    PERFORM pg_advisory_xact_lock_shared({_SPACE} + (low >> 32)::int, ((low << 32) >> 32)::int);
"""

_ANNOUNCE_FUNCTION = f"""
CREATE FUNCTION eventlab_announce() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    low bigint;
BEGIN
    {_ANNOUNCE}
    RETURN low;
END $$
"""

# One event on one stream: what most appends are.
_APPEND_ONE = f"""
CREATE FUNCTION eventlab_append_one(
    in_stream text, in_expected bigint, in_id uuid, in_type text, in_schema_version integer, in_data bytea,
    in_metadata bytea, in_occurred_at timestamptz, in_command text, in_fingerprint bytea,
    OUT out_position bigint, OUT out_version bigint, OUT out_repeated boolean
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    stream_key bigint := hashtextextended(in_stream, 1);
    command_key bigint;
    kept receipts;
    last_type text;
    low bigint;
BEGIN
    {_ISOLATION}
    IF in_command IS NULL THEN
        PERFORM pg_advisory_xact_lock(stream_key);
    ELSE
        command_key := hashtextextended(in_command, 2);
        PERFORM pg_advisory_xact_lock(least(stream_key, command_key));
        PERFORM pg_advisory_xact_lock(greatest(stream_key, command_key));
        SELECT * INTO kept FROM receipts WHERE command_id = in_command;
        IF FOUND THEN
            IF kept.fingerprint <> in_fingerprint THEN
                RAISE EXCEPTION 'command id used before' USING ERRCODE = '{REUSED}';
            END IF;
            out_position := kept.positions[1];
            out_version := kept.versions[1];
            out_repeated := true;
            RETURN;
        END IF;
    END IF;
    {_ANNOUNCE}
    IF in_expected >= 0 THEN
        -- As nearly always: check and write in one statement. If the next version is there already, it breaks
        -- UNIQUE (stream, version), and whoever asked asks `eventlab_append`, which says what is stale.
        INSERT INTO events (position, stream, version, id, type, schema_version, data, metadata, occurred_at)
            SELECT nextval('event_positions'), in_stream, in_expected + 1, in_id, in_type, in_schema_version, in_data,
                    in_metadata, in_occurred_at
                WHERE in_expected = 0 OR EXISTS (SELECT FROM events e WHERE e.stream = in_stream
                    AND e.version = in_expected AND e.type <> '{ARCHIVED}')
            RETURNING position, version INTO out_position, out_version;
    END IF;
    IF out_position IS NULL THEN
        SELECT e.version, e.type INTO out_version, last_type
            FROM events e WHERE e.stream = in_stream ORDER BY e.version DESC LIMIT 1;
        out_version := coalesce(out_version, 0);
        IF in_expected <> out_version AND in_expected <> {ANY_VERSION}
            AND (in_expected <> {SOME_VERSION} OR out_version = 0)
        THEN
            RAISE EXCEPTION 'a stream is not at the expected version'
                USING ERRCODE = '{CONFLICT}', DETAIL = json_build_array(json_build_array(in_stream, out_version))::text;
        END IF;
        IF last_type = '{ARCHIVED}' THEN
            RAISE EXCEPTION 'a stream is archived'
                USING ERRCODE = '{ARCHIVED_STREAM}', DETAIL = json_build_array(in_stream, out_version)::text;
        END IF;
        out_version := out_version + 1;
        INSERT INTO events (position, stream, version, id, type, schema_version, data, metadata, occurred_at)
            VALUES (nextval('event_positions'), in_stream, out_version, in_id, in_type, in_schema_version, in_data,
                    in_metadata, in_occurred_at)
            RETURNING position INTO out_position;
    END IF;
    IF in_command IS NOT NULL THEN
        INSERT INTO receipts VALUES
            (in_command, in_fingerprint, ARRAY[out_position], ARRAY[in_stream], ARRAY[out_version]);
    END IF;
    out_repeated := false;
END $$
"""

# Any number of events. The streams are named once, those that are written first, and *in_places* says for each event
# which of them it goes to.
_APPEND = f"""
CREATE FUNCTION eventlab_append(
    in_streams text[], in_expected bigint[], in_written integer,
    in_places integer[], in_ids uuid[], in_types text[], in_schema_versions integer[], in_datas bytea[],
    in_metadata bytea, in_occurred_at timestamptz, in_command text, in_fingerprint bytea,
    OUT out_positions bigint[], OUT out_versions bigint[], OUT out_repeated boolean
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    lock record;
    kept receipts;
    stale json[] := '{{}}';
    last_types text[] := '{{}}';
    actual bigint[] := '{{}}';
    actual_one bigint;
    last_type text;
    low bigint;
    place integer;
    new_position bigint;
    first_position bigint;
BEGIN
    {_ISOLATION}
    FOR lock IN
        SELECT hashtextextended(named.stream, 1) AS key, named.place <= in_written AS alone
            FROM unnest(in_streams) WITH ORDINALITY AS named (stream, place)
        UNION ALL SELECT hashtextextended(in_command, 2), true WHERE in_command IS NOT NULL
        ORDER BY key, alone DESC
    LOOP
        IF lock.alone THEN
            PERFORM pg_advisory_xact_lock(lock.key);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(lock.key);
        END IF;
    END LOOP;
    out_repeated := false;
    IF in_command IS NOT NULL THEN
        SELECT * INTO kept FROM receipts WHERE command_id = in_command;
        IF FOUND THEN
            IF kept.fingerprint <> in_fingerprint THEN
                RAISE EXCEPTION 'command id used before' USING ERRCODE = '{REUSED}';
            END IF;
            out_positions := kept.positions;
            out_versions := kept.versions;
            out_repeated := true;
            RETURN;
        END IF;
    END IF;
    FOR place IN 1 .. cardinality(in_streams) LOOP
        SELECT e.version, e.type INTO actual_one, last_type
            FROM events e WHERE e.stream = in_streams[place] ORDER BY e.version DESC LIMIT 1;
        actual[place] := coalesce(actual_one, 0);
        last_types[place] := last_type;
        IF in_expected[place] <> actual[place] AND in_expected[place] <> {ANY_VERSION}
            AND (in_expected[place] <> {SOME_VERSION} OR actual[place] = 0)
        THEN
            stale := stale || json_build_array(in_streams[place], actual[place]);
        END IF;
    END LOOP;
    IF cardinality(stale) > 0 THEN
        RAISE EXCEPTION 'streams are not at the expected versions'
            USING ERRCODE = '{CONFLICT}', DETAIL = array_to_json(stale)::text;
    END IF;
    out_positions := '{{}}';
    out_versions := actual[1:in_written];
    IF cardinality(in_places) > 0 THEN
        {_ANNOUNCE}
        FOR i IN 1 .. cardinality(in_places) LOOP
            place := in_places[i];
            IF last_types[place] = '{ARCHIVED}' THEN
                RAISE EXCEPTION 'a stream is archived'
                    USING ERRCODE = '{ARCHIVED_STREAM}',
                        DETAIL = json_build_array(in_streams[place], actual[place])::text;
            END IF;
            out_versions[place] := out_versions[place] + 1;
            last_types[place] := in_types[i];
            INSERT INTO events
                VALUES (nextval('event_positions'), in_streams[place], out_versions[place], in_ids[i], in_types[i],
                        in_schema_versions[i], in_datas[i], in_metadata, in_occurred_at, first_position)
                RETURNING position INTO new_position;
            first_position := coalesce(first_position, new_position);
            out_positions[i] := new_position;
        END LOOP;
    END IF;
    IF in_command IS NOT NULL THEN
        INSERT INTO receipts VALUES
            (in_command, in_fingerprint, out_positions, in_streams[1:in_written], out_versions);
    END IF;
END $$
"""

# Each statement sees what was committed before it began, so their order counts: first the last position that was taken,
# then the appends that are under way, then the events.
_HEAD = f"""
CREATE FUNCTION eventlab_head() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    safe bigint;
    under_way bigint;
    before_it bigint;
BEGIN
    {_ISOLATION}
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'a standby does not know which appends are under way; read the log from the primary server'
            USING ERRCODE = '{STANDBY}';
    END IF;
    safe := coalesce(pg_sequence_last_value('event_positions'::regclass), 0);
    SELECT min(((classid::bigint & {(1 << 20) - 1}) << 32) | objid::bigint) INTO under_way
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint BETWEEN {_SPACE} AND {_SPACE_END}
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    safe := least(safe, under_way);
    -- No append is cut in two: neither by one that is under way, nor for having gone on after the first look.
    LOOP
        SELECT min(began) - 1 INTO before_it FROM events WHERE position > safe AND began <= safe;
        EXIT WHEN before_it IS NULL;
        safe := before_it;
    END LOOP;
    -- Not the bound itself: a server that crashes may hand out again what was taken and never committed.
    RETURN coalesce((SELECT max(position) FROM events WHERE position <= safe), 0);
END $$
"""

FUNCTIONS_1: Final = (_ANNOUNCE_FUNCTION, _APPEND_ONE, _APPEND, _HEAD)
