"""A consumer that has stopped is late, and later by the minute, whoever looks and however."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.hooks.gauges import Since, gauge
from eventlab.naive.metrics import NaiveMetrics
from eventlab.projections import Park, ProjectionGauges, ProjectionRunner, ReadModel
from eventlab.runtime import now, on_node
from eventlab.simulation import SimulatedStore, World
from eventlab.store import MemoryStore, open_store
from eventlab.telemetry import Consumer, Metrics
from eventlab.telemetry.lag import KEPT_MAX, Lag
from tests.unit.projections.accounts import Moved, Noted, Opened, a_view
from tests.unit.telemetry.exposition import named, read, told

LAG = "eventcore_event_lag_seconds"


async def lag_of(metrics: Metrics) -> float:
    return named(read(await metrics.export_metrics()), LAG)["accounts",]


def test_a_stopped_consumer_shows_a_growing_lag_and_the_naive_gauge_a_healthy_one() -> None:
    async def main() -> list[tuple[float, float]]:
        store, metrics, naive = SimulatedStore(MemoryStore("bank")), Metrics("bank"), NaiveMetrics("bank")
        naive.samples.clear()
        runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))
        seen: list[tuple[float, float]] = []

        async def look() -> None:
            naive_s = naive.samples[f'{LAG}{{event_type="Opened"}}']
            seen.append((round(await lag_of(metrics), 1), round(naive_s, 1)))

        await store.append([("acc-1", Opened("ada"))])
        (stored,) = await store.disk.read("acc-1")
        await runner.catch_up()
        naive.record_event_consumed("Opened", stored.occurred_at)
        await look()
        await store.append([("acc-1", Noted("nobody wants it"))])
        await asyncio.sleep(60)
        await store.append([("acc-1", Moved(1))])
        for pause_s in (0, 60, 3600):
            await asyncio.sleep(pause_s)
            await look()
        await runner.catch_up()
        await look()
        return seen

    with World(seed=1) as world:
        assert world.run(main) == [(0, 0), (0, 0), (60, 0), (3660, 0), (0, 0)]


def test_to_ask_for_the_lag_takes_no_time_and_draws_nothing_in_a_world() -> None:
    def run(asks: bool) -> list[float]:
        async def main() -> list[float]:
            store, metrics, moments = SimulatedStore(MemoryStore("bank")), Metrics("bank"), []
            runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))
            for _ in range(5):
                await store.append([("acc-1", Moved(1))])
                before_s = world.now_s
                if asks:
                    await lag_of(metrics)
                assert world.now_s == before_s
                moments.append(world.now_s)
            await runner.catch_up()
            return [*moments, world.now_s]

        with World(seed=1) as world:
            return world.run(main)

    assert run(True) == run(False)


def test_the_lag_and_what_was_set_aside_are_known_without_a_runner() -> None:
    async def main() -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
        store, database, metrics = MemoryStore("bank"), ReadModel("memory:"), Metrics("bank")

        def cannot(*_: object) -> None:
            raise ValueError("no")

        view = a_view(moved=cannot)
        await store.append([("acc-1", Opened("ada")), ("acc-1", Moved(1))])
        await ProjectionRunner(store, view, database, failing=Park()).catch_up()
        gauges = ProjectionGauges(store, view, database)
        await store.append([("acc-1", Opened("ada"))])
        await asyncio.sleep(5)
        found = read(await metrics.export_metrics())
        del gauges
        return named(found, LAG), named(found, "eventcore_dead_letter_depth")

    with World(seed=1) as world:
        assert world.run(main) == ({("accounts",): 5}, {("accounts",): 1})


def test_a_lag_below_nothing_is_told_as_nothing_and_counted() -> None:
    async def main() -> tuple[float, float, float]:
        store, metrics, naive = MemoryStore("bank"), Metrics("bank"), NaiveMetrics("bank")
        world.node("ahead").clock.offset_s = 30
        runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))
        with on_node("ahead"):
            await store.append([("acc-1", Opened("ada"))])
        lag_s = await lag_of(metrics)
        (stored,) = await store.read("acc-1")
        metrics.record_event_consumed("Opened", (now() - stored.occurred_at).total_seconds(), consumer="accounts")
        naive.record_event_consumed("Opened", stored.occurred_at)
        assert runner.projection.name == "accounts"
        negative = named(told(metrics.samples()), "eventcore_negative_lags_total")["accounts",]
        return lag_s, negative, naive.samples[f'{LAG}{{event_type="Opened"}}']

    with World(seed=1) as world:
        assert world.run(main) == (0, 2, -30)


def test_on_a_thread_the_lag_that_was_last_read_goes_on_growing() -> None:
    async def main() -> None:
        moment = now() - timedelta(seconds=100)

        async def oldest() -> Since:
            return Since(moment)

        seen: list[float] = []
        metrics = Metrics("bank")

        def scrape() -> None:
            seen.extend(named(told(metrics.scraped()), LAG).values())

        with gauge(LAG, oldest, consumer="accounts"):
            for is_read in (False, True):
                if is_read:
                    await metrics.read_gauges()
                thread = threading.Thread(target=scrape)
                thread.start()
                thread.join()
        assert len(seen) == 1 and seen[0] >= 100

    asyncio.run(main())


def test_a_gauge_that_goes_wrong_spoils_no_scrape_and_is_counted() -> None:
    async def main() -> tuple[list[float], dict[tuple[str, ...], float]]:
        metrics = Metrics("bank")

        def broken() -> float:
            raise OSError("gone")

        async def stuck() -> float:
            await asyncio.sleep(3600)
            return 1.0

        async def torn() -> float:
            raise OSError("gone")

        with (
            gauge("eventcore_outbox_depth", broken, queue="a"),
            gauge("eventcore_outbox_depth", torn, queue="b"),
            gauge("eventcore_outbox_depth", lambda: 7, queue="c"),
            gauge("eventcore_outbox_depth", lambda: 7, wrong="d"),
            gauge("nobody_knows", lambda: 7),
            gauge("eventcore_active_connections", stuck, target="e"),
        ):
            found = read(await metrics.export_metrics())
        return list(named(found, "eventcore_outbox_depth").values()), named(found, "eventcore_gauge_errors_total")

    with World(seed=1) as world:
        depths, errors = world.run(main)
        assert world.now_s == 5
    assert depths == [7]
    assert errors == {("eventcore_outbox_depth",): 3, ("nobody_knows",): 1, ("timeout",): 1}


def test_a_store_tells_its_connections(tmp_path: Path) -> None:
    async def main() -> list[float]:
        metrics, store = Metrics("bank"), open_store(f"sqlite:///{tmp_path / 'bank.db'}", name="bank")
        found = [named(told(metrics.scraped()), "eventcore_active_connections")["bank",]]
        await store.close()
        return [*found, named(told(metrics.scraped()), "eventcore_active_connections")["bank",]]

    with World(seed=1) as world:
        first, closed = world.run(main)
    assert first >= 1 and closed == 0


appends = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=40)


@given(appends, st.integers(0, 60))
def test_the_lag_out_of_what_is_told_is_the_age_of_the_oldest_that_waits(
    appended: list[tuple[int, bool]], reached: int
) -> None:
    lag, position, waiting = Lag(Consumer("view", "bank", ("Paid",))), 0, []
    for at_s, (count, wanted) in enumerate(appended):
        position += count
        kind = "Paid" if wanted else "Noted"
        lag.appended(hooks.EventsAppended("bank", position, (("a-1", 1, kind),) * count), float(at_s))
        lag.appended(hooks.EventsAppended("another", position, (("a-1", 1, "Paid"),)), -100.0)
        waiting += [(each, at_s) for each in range(position - count + 1, position + 1) if wanted]
    lag.reached(reached)
    left = [at_s for each, at_s in waiting if each > reached]
    assert lag.age_s(100.0) == (100.0 - left[0] if left else 0)


def test_of_very_many_that_wait_none_is_told_younger_than_it_is_and_few_are_kept() -> None:
    lag, total = Lag(Consumer("view", "bank")), 5 * KEPT_MAX
    for position in range(1, total + 1):
        lag.appended(hooks.EventsAppended("bank", position, (("a-1", 1, "Paid"),)), float(position))
    assert len(lag._waiting) <= KEPT_MAX
    assert lag.age_s(total) == total - 1
    for reached in range(0, total, 997):
        lag.reached(reached)
        assert total - (reached + 1) <= lag.age_s(total) <= total - (reached + 1) + 16
    lag.reached(total)
    assert lag.age_s(total) == 0
