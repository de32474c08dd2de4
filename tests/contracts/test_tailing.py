"""Eight writers and one reader who follows: nothing is lost, nothing comes twice, and the order holds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

from eventlab.naive.tailing import NaiveTail
from eventlab.store import EventStore, StoredEvent, open_store
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from tests.contracts.backends import BACKENDS, url_of
from tests.unit.store.postgres.servers import needs_postgres

WRITERS, EVENTS = 8, 5000

WRITING = """
import asyncio, sys
from eventlab.store import open_store
from eventlab.testing.stores.vocabulary import Counted

async def write(store, writer):
    written = 0
    while written < {each}:
        events = [(f"tail-{{writer + n % 2 * 100}}", Counted(written + n)) for n in range(1 + written % 3)]
        events = events[: {each} - written]
        await store.append(events)
        written += len(events)

async def main(url, writers):
    stores = [open_store(url) for _ in writers]
    await asyncio.gather(*(write(store, writer) for store, writer in zip(stores, writers)))
    for store in stores:
        await store.close()
"""
PROGRAM = WRITING + "\nasyncio.run(main(sys.argv[1], [int(writer) for writer in sys.argv[2:]]))\n"


async def followed(store: EventStore, writing: Awaitable[object]) -> list[StoredEvent]:
    """What a reader sees who goes on after the last position that he saw, until all is written and read."""
    seen: list[StoredEvent] = []

    async def follow() -> None:
        while len(seen) < EVENTS:
            after = seen[-1].position if seen else 0
            await store.changed(after)
            seen.extend(await store.read_all(after, limit=100))

    following = asyncio.ensure_future(follow())
    await writing
    async with asyncio.timeout(60):
        await following
    return seen


async def another_process(url: str, writers: range) -> None:
    """Half of the writers, with an interpreter of their own."""
    program = PROGRAM.format(each=EVENTS // WRITERS)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, *map(str, writers))
    assert await process.wait() == 0


def two_processes(url: str) -> asyncio.Future[list[None]]:
    return asyncio.gather(*(another_process(url, range(first, first + 4)) for first in (0, 4)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reader_who_follows_eight_writers_misses_nothing(backend: str, tmp_path: Path) -> None:
    here: dict[str, object] = {}
    exec(WRITING.format(each=EVENTS // WRITERS), here)  # the same writers, in this process or in another

    async def main() -> tuple[list[StoredEvent], list[StoredEvent]]:
        url = url_of(backend, tmp_path)
        store = open_store(url)
        if backend == "memory":
            writing = asyncio.gather(*(here["write"](store, writer) for writer in range(WRITERS)))  # type: ignore[operator]
        elif backend == "postgres":
            writing = two_processes(url)
        else:
            writing = asyncio.gather(here["main"](url, range(4)), another_process(url, range(4, 8)))  # type: ignore[operator]
        seen = await followed(store, writing)
        log: list[StoredEvent] = []
        while page := await store.read_all(log[-1].position if log else 0):
            log += page
        await store.close()
        return seen, log

    seen, log = run(main())
    positions = [stored.position for stored in seen]
    assert (len(seen), seen) == (EVENTS, log)
    assert positions == sorted(set(positions))
    versions: dict[str, int] = {}
    for stored in seen:
        assert stored.version == versions.get(stored.stream, 0) + 1
        versions[stored.stream] = stored.version


@needs_postgres
def test_the_same_writers_show_a_naive_reader_less_than_they_wrote() -> None:
    async def main() -> int:
        url = fresh_url()
        tail, seen = NaiveTail(url), 0
        writing = two_processes(url)
        while not writing.done():
            seen += len(await tail.next_page())
        await writing
        while page := await tail.next_page():
            seen += len(page)
        return seen

    assert run(main()) < EVENTS
