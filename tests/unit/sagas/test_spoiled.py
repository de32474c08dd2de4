"""Sagas in whose log somebody spoiled a time: they keep no other waiting."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from eventlab.sagas.index import SagaIndex
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.store.lazily import StoredRow
from eventlab.store.sqlite.rows import row_of
from eventlab.testing import run
from tests.unit.sagas.crew import Crew
from tests.unit.sagas.filled import RUNNING, STUCK, named, write


def spoil(store: MemoryStore, index: int) -> None:
    whole = store._log[index]
    spoiled = msgspec.structs.replace(StoredRow(*row_of(whole)), occurred_at="noon")  # type: ignore[type-var]
    store._log[index] = spoiled
    store._streams[whole.stream][whole.version - 1] = spoiled


@pytest.mark.parametrize("spoiled", [0, 2])
def test_the_index_goes_on_after_it(spoiled: int) -> None:
    async def main() -> tuple[list[str], list[str]]:
        store = MemoryStore()
        await write(store, [0], STUCK)
        await write(store, [1], RUNNING)
        spoil(store, spoiled)
        index = SagaIndex(store)
        await index.catch_up()
        return list(index.stuck), list(index.open)

    assert run(main()) == (named(0), named(1))


@pytest.mark.parametrize("spoiled", [0, 1])
def test_a_worker_drives_the_others(spoiled: int) -> None:
    async def main() -> int:
        store = MemoryStore("sagas")
        crew = Crew(world, store=store)
        await write(store, [0])
        spoil(store, spoiled)
        await crew.start(3, begin=1)
        await crew.join("w1")
        await asyncio.sleep(60)
        return len({stored.stream for stored in await crew.log() if stored.type == "SagaCompleted"} - {"saga-000000"})

    with World(seed=1) as world:
        assert world.run(main) == 3
