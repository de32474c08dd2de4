"""Events whose time or metadata somebody spoiled in the database: they are told, set aside, and hide nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from eventlab.errors import ProjectionFailed, StoreFailed, UndecodableEvent
from eventlab.projections import ProjectionGauges, ProjectionRunner, ReadModel, progress_of
from eventlab.store import (
    ConsumerGroup,
    PortableStore,
    Receipt,
    StoredEvent,
    open_store,
    parked,
    parking,
    redrive,
    subscribe,
)
from eventlab.store.portable import verify
from eventlab.testing import run
from eventlab.testing.postgres import available, fresh_url
from tests.unit.projections.accounts import Moved, Opened, a_view
from tests.unit.store.postgres.servers import sql

EVENTS = [("acc-1", Opened("ada")), ("acc-1", Moved(1)), ("acc-1", Moved(2))]
IN_A_FILE = [
    ("id", "x'00'"),
    ("metadata", "x'00'"),
    ("metadata", """CAST('{"headers": 5}' AS BLOB)"""),
    ("occurred_at", "'noon'"),
    ("occurred_at", "'2026-01-01T00:00:00'"),
]
ON_A_SERVER = [
    ("metadata", r"'\x00'::bytea"),
    ("metadata", """'{"headers": [5]}'::bytea"""),
    ("occurred_at", "'infinity'"),
]
no_server = pytest.mark.skipif(bool(available()), reason=available())
everywhere = pytest.mark.parametrize(
    ("field", "value", "on_a_server"),
    [(*each, False) for each in IN_A_FILE] + [pytest.param(*each, True, marks=no_server) for each in ON_A_SERVER],
)


async def spoiled(folder: Path, field: str, value: str, on_a_server: bool) -> PortableStore:
    """A store of three events, in which the *field* of the second is *value*."""
    url = fresh_url() if on_a_server else f"sqlite:///{folder / 'events.db'}"
    async with open_store(url) as store:
        await store.append(EVENTS)
    change = f"UPDATE events SET {field} = {value} WHERE position = (SELECT min(position) + 1 FROM events)"
    if on_a_server:
        await sql(url, "ALTER TABLE events DISABLE TRIGGER USER")
        await sql(url, change)
    else:
        with sqlite3.connect(folder / "events.db") as file:
            for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                file.execute(f"DROP TRIGGER {trigger}")
            file.execute(change)
    return open_store(url)


async def nothing(_stored: StoredEvent) -> None:
    pass


async def until_the_last(stored: StoredEvent) -> None:
    if stored.version == 3:
        raise EOFError  # which stops the group


@everywhere
def test_it_is_read_and_says_what_and_where_when_it_is_asked(
    tmp_path: Path, field: str, value: str, on_a_server: bool
) -> None:
    async def main() -> None:
        async with await spoiled(tmp_path, field, value, on_a_server) as store:
            before, damaged, after = await store.read("acc-1")
            assert [each.event for each in (before, damaged, after)] == [event for _, event in EVENTS]
            with pytest.raises(UndecodableEvent, match=f"stream 'acc-1' version 2 .* its {field}: "):
                getattr(damaged, field)
            assert damaged == (await store.read_all())[1] != after
            assert f"StoredEvent(position={damaged.position}, " in repr(damaged)
            assert getattr(after, field) is not None

    run(main())


@everywhere
def test_consumers_that_set_aside_what_cannot_be_decoded_set_it_aside(
    tmp_path: Path, field: str, value: str, on_a_server: bool
) -> None:
    async def main() -> None:
        async with await spoiled(tmp_path, field, value, on_a_server) as store:
            events = subscribe(store, follow=False, undecodable=parking(store, "mailer"))
            assert [stored.version async for stored in events] == [1, 3]
            group = ConsumerGroup(store, "group", shares=1, undecodable=parking(store, "group"))
            with pytest.raises(EOFError):
                await group.run(until_the_last, worker="w")
            for name in ("mailer", "group"):
                (aside,) = await parked(store, name)
                assert aside.version == 2 and f"its {field}: " in aside.reason
            assert (await redrive(store, "mailer", nothing)).delivered == ()
            found = await verify(store)
            assert any(f"its {field}: " in finding.what for finding in found.shown), found.shown

    run(main())


@everywhere
def test_the_lag_is_told_behind_it(tmp_path: Path, field: str, value: str, on_a_server: bool) -> None:
    async def main() -> None:
        async with await spoiled(tmp_path, field, value, on_a_server) as store, ReadModel("memory:") as database:
            first, *_ = await store.read("acc-1")
            view = a_view(moved=lambda _rows, _event, stored: (stored.id, stored.metadata, stored.occurred_at))
            runner = ProjectionRunner(store, view, database)
            with pytest.raises(ProjectionFailed):
                await runner.catch_up()
            progress = await progress_of(store, view, database)
            assert (progress.state, progress.position, progress.lag_events) == ("stopped", first.position, 2)
            assert f"its {field}: " in progress.stopped_reason and progress.lag_s > 0
            since = await ProjectionGauges(store, view, database).oldest_unhandled()
            assert since.moment is not None
            (share,) = await ConsumerGroup(store, "group", shares=1, after=first.position).progress()
            assert share.lag_events == 2 and share.lag_s > 0

    run(main())


@pytest.mark.parametrize("value", ["x'00'", "x'5b5d'", "x'ff'"])
def test_a_receipt_that_somebody_spoiled_is_named_and_spoils_no_other_append(tmp_path: Path, value: str) -> None:
    async def main() -> None:
        async with open_store(f"sqlite:///{tmp_path / 'events.db'}") as store:
            await store.append(EVENTS[:1], command_id="click-1")
            with sqlite3.connect(tmp_path / "events.db") as file:
                file.execute(f"UPDATE receipts SET receipt = {value}")
            again = [store.append(EVENTS[:1], command_id=name) for name in ("click-1", "click-2")]
            failed, written = await asyncio.gather(*again, return_exceptions=True)
            assert isinstance(failed, StoreFailed) and "command id 'click-1'" in str(failed)
            assert written == Receipt((2,), {"acc-1": 2})
            for asking in (store.receipt("click-1"), store.receipts()):
                with pytest.raises(StoreFailed, match="'click-1': it cannot be read"):
                    await asking

    run(main())
