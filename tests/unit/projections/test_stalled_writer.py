"""On PostgreSQL the head of the log goes back for as long as an append stalls; that is no log that lost its end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest

from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.store import open_store
from eventlab.store.postgres.functions import _SPACE
from eventlab.testing import run
from eventlab.testing.postgres import available, fresh_url
from eventlab.testing.projections import rows_of
from tests.unit.projections.accounts import STORY, a_view, by_hand


@pytest.mark.skipif(bool(available()), reason=available())
def test_an_append_that_stalls_stops_no_projection() -> None:
    url = fresh_url()

    async def main() -> None:
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(url))
            database = await stack.enter_async_context(ReadModel("memory:"))
            for each in STORY:
                await store.append([each])
            assert await ProjectionRunner(store, a_view(), database).catch_up() == 6
            async with await psycopg.AsyncConnection.connect(url) as writer:
                # It has read where the sequence stood, and announces that only now, when others have gone on.
                await writer.execute(f"SELECT pg_advisory_xact_lock_shared({_SPACE}, 2)")
                other = await stack.enter_async_context(open_store(url))  # as another process, that has seen nothing
                assert await other.head() == 2
                runner = ProjectionRunner(other, a_view(), database)
                assert (await runner.progress()).state == "caught up"
                assert await runner.catch_up() == 6
                rebuilding = asyncio.create_task(runner.rebuild())
                await other.changed(0)
                assert not rebuilding.done()
            assert await rebuilding == 6
            assert await rows_of(a_view(), database) == by_hand(STORY)

    run(main())
