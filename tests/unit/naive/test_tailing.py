"""How the naive tail loses an event; the store's reader lives through the same schedule and loses none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from eventlab.naive.tailing import NaiveTail
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Noted, places
from tests.unit.store.postgres.servers import needs_postgres, store_at, writer

Places = list[tuple[str, int]]


async def commits_in_another_order(url: str, next_page: Callable[[], Awaitable[Places]]) -> list[Places]:
    """The first takes its position, the second commits a later one, the reader looks, then the first commits."""
    async with writer(url) as first, writer(url) as second:
        early = await first.take("a-1")
        late = await second.take("b-1")
        assert early < late
        await second.connection.commit()
        pages = [await next_page()]
        await first.connection.commit()
        return [*pages, await next_page(), await next_page()]


@needs_postgres
def test_the_naive_tail_never_sees_what_commits_late() -> None:
    async def main() -> None:
        url = fresh_url()
        assert await commits_in_another_order(url, NaiveTail(url).next_page) == [[("b-1", 1)], [], []]

    run(main())


@needs_postgres
def test_the_stores_reader_waits_for_it() -> None:
    async def main() -> None:
        url, seen = fresh_url(), 0
        async with store_at(url) as store:

            async def next_page() -> Places:
                nonlocal seen
                page = await store.read_all(seen)
                seen = page[-1].position if page else seen
                return places(page)

            assert await commits_in_another_order(url, next_page) == [[], [("a-1", 1), ("b-1", 1)], []]

    run(main())


@needs_postgres
def test_with_one_writer_it_looks_right() -> None:
    async def main() -> None:
        url = fresh_url()
        tail = NaiveTail(url)
        async with store_at(url) as store:
            for number in range(1, 4):
                await store.append([("a-1", Noted(str(number)))])
                assert await tail.next_page() == [("a-1", number)]

    run(main())
