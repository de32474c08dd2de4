"""A SQLite store is used by one event loop at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation import World
from eventlab.store.sqlite import SqliteStore
from eventlab.testing import run

from .notes import Jotted, store_at, texts

BOTH = pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])

USES: list[Callable[[SqliteStore], Awaitable[object]]] = [
    lambda store: store.append([("a-1", Jotted("second"))]),
    lambda store: store.records.put("kind", "key", b"", version=0),
    lambda store: store.restore([]),
    lambda store: store.changed(0),
    lambda store: store.read("a-1"),
    lambda store: store.read_many(["a-1", "b-1"]),
    lambda store: store.read_all(),
    lambda store: store.receipt("c-1"),
    lambda store: store.records.list("kind"),
]


@BOTH
def test_a_second_loop_on_another_thread_is_refused_while_the_first_one_runs(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("first"))])
            for use in USES:
                with pytest.raises(InvalidValue, match="expected one event loop at a time; let each"):
                    await asyncio.to_thread(lambda use=use: run(use(store)))
            assert await store.records.list("kind") == []
            await store.append([("a-1", Jotted("third"))])
            assert await texts(store) == ["first", "third"]

    run(main())


@BOTH
def test_loops_may_follow_each_other_on_any_thread(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        opened = store_at(tmp_path / "a.db", synchronous)
        store = await opened.__aenter__()

        def turn(number: int) -> None:
            run(store.append([("a-1", Jotted(str(number)))], expect={"a-1": number}))

        for number in range(3):
            await asyncio.to_thread(turn, number)  # this loop runs as well, and does not use it
        await asyncio.to_thread(run, store.changed(0))
        await store.append([("a-1", Jotted("3"))], expect={"a-1": 3})
        assert await texts(store) == ["0", "1", "2", "3"]
        await opened.__aexit__(None, None, None)

    run(main())


@BOTH
def test_a_world_inside_a_loop_uses_the_store_of_that_loop(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("outside"))])

            async def inside() -> None:
                await store.append([("a-1", Jotted("inside"))])
                await store.changed(0)
                await store.records.put("kind", "key", b"", version=0)

            World(seed=1).run(inside())
            await store.append([("a-1", Jotted("outside again"))])
            assert await texts(store) == ["outside", "inside", "outside again"]

    run(main())
