"""What stands before a store in a world keeps every law of the store: latency, a disk with its queue, a write-back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from eventlab.simulation import Disk, SimulatedStore, World, WriteBack
from eventlab.store import MemoryStore, PortableStore
from eventlab.testing.stores import STORE_LAWS, Law, law_name

Simulated = Callable[[World, PortableStore], PortableStore]

SIMULATED: dict[str, Simulated] = {
    "latency": lambda world, store: SimulatedStore(store),
    "disk": lambda world, store: SimulatedStore(store, on=Disk(reads_at_once=1, flushes_at_once=1)),
    "write-back": lambda world, store: WriteBack(store, world.node("db"), flush_every_s=0.001),
    "all": lambda world, store: SimulatedStore(WriteBack(store, world.node("db"), flush_every_s=0.01), on=Disk()),
}


@pytest.mark.parametrize("kind", SIMULATED)
@pytest.mark.parametrize("law", STORE_LAWS, ids=law_name)
def test_a_simulated_store_keeps_every_law(law: Law, kind: str) -> None:
    world = World(seed=1)

    async def opened(*, owns: Sequence[str] = ()) -> PortableStore:
        return SIMULATED[kind](world, MemoryStore("under test", owns))

    world.run(law(opened))
