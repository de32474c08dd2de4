"""Sagas of several engines on one database, each with a store of its own, as in processes: all holds there as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from eventlab.errors import Refused
from eventlab.sagas import Saga, SagaEngine, SagaWorker, Status, pivot, step
from eventlab.store import EventStore, Leases, open_store
from eventlab.testing import run
from tests.contracts.backends import POSTGRES, url_of
from tests.unit.sagas.crew import Desk

WHO = {"by": "ada", "why": "changed her mind"}

on_each = pytest.mark.parametrize("backend", ["NORMAL", POSTGRES])


@asynccontextmanager
async def stores(backend: str, folder: Path, count: int = 2) -> AsyncIterator[Sequence[EventStore]]:
    url = url_of(backend, folder)
    opened = [open_store(url, name="sagas") for _ in range(count)]
    try:
        yield opened
    finally:
        for store in opened:
            await store.close()


@on_each
def test_sagas_of_two_engines_on_one_thing_are_never_at_it_together(backend: str, tmp_path: Path) -> None:
    """Each has two things, so that a circle could close; some are undone, and give back all the same."""
    busy: dict[str, str] = {}
    met: list[tuple[str, str]] = []

    async def take(ctx: Any) -> None:
        for thing in ctx.input:
            met.append((ctx.saga_id, busy.setdefault(thing, ctx.saga_id)))
        await asyncio.sleep(0)

    async def give(ctx: Any, result: Any = None) -> None:
        for thing in ctx.input:
            busy.pop(thing, None)

    async def last(ctx: Any) -> None:
        if ctx.saga_id.endswith("2"):
            raise Refused("no", "not today")
        await give(ctx)

    sale = Saga("sale", [step("take", take, give), pivot("last", last)], locks=lambda things: things)

    async def main() -> list[Status]:
        async with stores(backend, tmp_path) as both:
            engines = [SagaEngine(store, [sale]) for store in both]
            runs = [
                engine.run("sale", f"{who}{number}", ["bag", "seat"] if number % 2 else ["seat", "bag"])
                for number in range(3)
                for who, engine in zip("ab", engines, strict=True)
            ]
            states = await asyncio.gather(*runs)
            assert (await engines[0].lock("seat")).places == (await engines[1].lock("bag")).places == ()
            return [state.status for state in states]

    assert run(main()) == [Status.COMPLETED] * 4 + [Status.COMPENSATED] * 2
    assert [pair for pair in met if pair[0] != pair[1]] == []
    assert busy == {}


@on_each
def test_what_a_worker_that_is_gone_left_is_driven_on_by_another(backend: str, tmp_path: Path) -> None:
    """The first never gets an answer; it leaves, and the second gets one at once."""
    asked, desk = asyncio.Event(), Desk(takes_s=0.0)

    async def never(ctx: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def main() -> tuple[list[str], int]:
        async with stores(backend, tmp_path) as (first, second):
            deaf = SagaEngine(first, [Saga("trip", [step(name, never, desk.undo) for name in "abc"])])
            await deaf.start("trip", "0", None)
            gone = asyncio.ensure_future(SagaWorker(deaf, worker="gone", shares=4).run())
            await asked.wait()
            gone.cancel()
            await asyncio.wait([gone])
            assert [lease for lease in await Leases(second).all("sagas/share/") if lease.remaining_s] == []
            engine = SagaEngine(second, [desk.trip()])
            other = asyncio.ensure_future(SagaWorker(engine, worker="other", shares=4, ttl_s=0.6).run())
            await until_ended(engine, second)
            other.cancel()
            await asyncio.wait([other])
            types = [stored.type for stored in await second.read("saga-0")]
            return list(desk.done), types.count("SagaTakenUp")

    assert run(main()) == ([f"0/{name}/forward" for name in "abc"], 1)


async def until_ended(engine: SagaEngine, store: EventStore) -> None:
    position = 0
    while await engine.unfinished():
        await store.changed(position)
        position = await store.head()


@on_each
def test_a_saga_that_was_cancelled_elsewhere_is_undone_though_its_step_never_ends(backend: str, tmp_path: Path) -> None:
    asked, undone = asyncio.Event(), Desk(takes_s=0.0)

    async def never(ctx: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def main() -> list[str]:
        async with stores(backend, tmp_path) as (mine, elsewhere):
            engine = SagaEngine(mine, [Saga("trip", [step("a", never, undone.undo)])])
            await engine.start("trip", "0", None)
            worker = asyncio.ensure_future(SagaWorker(engine, worker="w").run())
            await asked.wait()
            await SagaEngine(elsewhere).cancel("0", **WHO)
            async with asyncio.timeout(60):
                await until_ended(engine, mine)
            worker.cancel()
            await asyncio.wait([worker])
            return list(undone.done)

    assert run(main()) == ["0/a/backward"]
