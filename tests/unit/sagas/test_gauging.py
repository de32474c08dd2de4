"""How many sagas of a store have not ended, how many are stuck, and since when: told to whoever scrapes."""

from __future__ import annotations

import asyncio

from eventlab.sagas import events as e
from eventlab.sagas.gauging import SagaGauges
from eventlab.simulation import SimulatedStore, World
from eventlab.store import MemoryStore
from eventlab.telemetry import Metrics
from tests.unit.sagas.filled import COMPLETED, STUCK, write
from tests.unit.telemetry.exposition import named, read

COUNT, AGE = "eventcore_sagas_unfinished", "eventcore_saga_age_seconds"


def test_stuck_and_open_sagas_are_counted_and_the_age_of_the_oldest_grows() -> None:
    """Two are left open and one is stuck, a minute later a person helps it on, and nobody drives any of them."""

    async def main() -> list[tuple[float, ...]]:
        store, metrics, seen = MemoryStore("trips"), Metrics("trips"), []
        gauges = SagaGauges(store)

        async def look() -> None:
            found = read(await metrics.export_metrics())
            count, age = named(found, COUNT), named(found, AGE)
            seen.append((count["open",], age["open",], count["stuck",], age["stuck",]))

        await look()
        await write(store, range(3), COMPLETED)
        await write(store, range(3, 5))
        await asyncio.sleep(10)
        await write(store, [6], STUCK)
        await asyncio.sleep(50)
        await look()
        await store.append([("saga-000006", e.SagaRetried("up again", "ada", 0.0)), ("saga-000003", e.SagaCompleted())])
        await look()
        del gauges
        return seen

    with World(seed=1) as world:
        assert world.run(main) == [(0, 0, 0, 0), (2, 60, 1, 50), (2, 60, 0, 0)]


def test_to_ask_takes_no_time_draws_nothing_and_writes_nothing_in_a_world() -> None:
    async def main() -> None:
        store, metrics = SimulatedStore(MemoryStore("trips")), Metrics("trips")
        await write(store, range(50))
        gauges, before_s = SagaGauges(store), world.now_s
        await metrics.export_metrics()
        assert (world.now_s, await store.records.list("saga-index")) == (before_s, [])
        del gauges

    with World(seed=1) as world:
        world.run(main)
