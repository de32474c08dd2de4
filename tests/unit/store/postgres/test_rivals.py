"""Many writers on several stores of one database, each with connections of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from eventlab.errors import CommandIdReused, VersionConflict
from eventlab.store import PortableStore, Receipt
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Noted, places
from tests.unit.store.postgres.servers import needs_postgres, store_at

pytestmark = needs_postgres


@asynccontextmanager
async def stores(count: int) -> AsyncIterator[list[PortableStore]]:
    url = fresh_url()
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(store_at(url)) for _ in range(count)]


def test_one_command_of_eight_callers_writes_once() -> None:
    async def main() -> None:
        async with stores(8) as rivals:
            events = [("a-1", Noted("1")), ("b-1", Noted("2"))]
            receipts = await asyncio.gather(*(store.append(events, command_id="c-1") for store in rivals))
            assert sorted(receipt.repeated for receipt in receipts) == [False] + [True] * 7
            assert len({(receipt.positions, *receipt.versions.items()) for receipt in receipts}) == 1
            assert places(await rivals[0].read_all()) == [("a-1", 1), ("b-1", 1)]

    run(main())


def test_one_command_id_under_eight_contents_is_written_under_one() -> None:
    async def main() -> None:
        async with stores(8) as rivals:
            appends = [store.append([(f"a-{n}", Noted("1"))], command_id="c-1") for n, store in enumerate(rivals)]
            outcomes = await asyncio.gather(*appends, return_exceptions=True)
            assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
            assert sum(isinstance(outcome, CommandIdReused) for outcome in outcomes) == 7
            assert len(await rivals[0].read_all()) == 1

    run(main())


def test_write_skew_over_two_stores_cannot_happen() -> None:
    async def main() -> None:
        async with stores(2) as (one, other):
            for round_ in range(30):
                names = [f"doctor-{round_}a", f"doctor-{round_}b"]
                expect = dict.fromkeys(names, 0)
                outcomes = await asyncio.gather(
                    one.append([(names[0], Noted("went home"))], expect=expect),
                    other.append([(names[1], Noted("went home"))], expect=expect),
                    return_exceptions=True,
                )
                assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 1
            assert len(await one.read_all()) == 30

    run(main())


def test_streams_in_opposite_orders_lock_nobody_out() -> None:
    async def main() -> None:
        async with stores(4) as rivals:
            names = ["a-1", "b-1", "c-1"]

            async def write(index: int, store: PortableStore) -> None:
                for number in range(25):
                    order = names if (index + number) % 2 else names[::-1]
                    await store.append([(name, Noted("1")) for name in order[:2]], expect=dict.fromkeys(order[2:], ANY))

            await asyncio.gather(*(write(index, store) for index, store in enumerate(rivals)))
            assert len(await rivals[0].read_all()) == 200

    from eventlab.store import ANY

    run(main())


def test_what_is_taken_in_and_what_is_appended_at_once_both_hold() -> None:
    async def main() -> None:
        async with stores(1) as (source,), stores(2) as (one, other):
            await one.append([("a-1", Noted("before"))])
            await source.append([("a-1", Noted("1"))] * 3)
            taken = [
                type(stored)(
                    stored.position + 1000,
                    "a-1",
                    stored.version + 0,
                    stored.id,
                    stored.type,
                    stored.schema_version,
                    stored.data,
                    stored.metadata,
                    stored.occurred_at,
                )
                for stored in (await source.read_all())[1:]
            ]
            outcomes = await asyncio.gather(
                one.restore(taken), other.append([("a-1", Noted("x"))], expect={"a-1": 1}), return_exceptions=True
            )
            assert sum(outcome is None or isinstance(outcome, Receipt) for outcome in outcomes) == 1
            log = await one.read_all()
            assert [stored.version for stored in log] == list(range(1, len(log) + 1))

    run(main())
