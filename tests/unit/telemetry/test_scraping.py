"""What the numbers were at regular moments: the same live and from the record, and the run does not notice."""

from __future__ import annotations

import asyncio

from eventlab.commands import ConflictRetry, execute
from eventlab.history import Entry, to_lines
from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.resilience.backoff import Constant
from eventlab.simulation import SimulatedStore, World
from eventlab.store import MemoryStore
from eventlab.telemetry import Consumer, Metrics, Scrapes
from tests.unit.commands.bank import ALICE, BOB, Deposited, Transfer
from tests.unit.projections.accounts import Moved, Opened, a_view

WANTED = ("tests.projections.Opened", "tests.projections.Moved")


def metrics() -> Metrics:
    return Metrics(consumers=[Consumer("accounts", "bank", WANTED)])


async def story() -> None:
    """Transfers that get in each other's way for half a minute; a projection that stops after ten seconds."""
    store = SimulatedStore(MemoryStore("bank"))
    await store.append([(ALICE, Deposited(1000)), ("acc-1", Opened("ada"))])
    runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))

    async def transfers(pause_s: float) -> None:
        async with asyncio.timeout(30):
            while True:
                await execute(store, Transfer(ALICE, BOB, 1), retry=ConflictRetry(9, Constant(0.01)))
                await store.append([("acc-1", Moved(1))])
                await asyncio.sleep(pause_s)

    async def projection() -> None:
        async with asyncio.timeout(10):
            await runner.run()

    await asyncio.gather(transfers(1), transfers(1.01), projection(), return_exceptions=True)


def recorded(*, scraped: bool) -> tuple[list[Entry], Scrapes | None, tuple[int, ...]]:
    with World(seed=3, ready="shuffled") as world, world.recording() as recording:
        if not scraped:
            world.run(story)
            return recording.entries, None, world.choices
        with metrics().scraping_every(5.0, clock=lambda: world.now_s) as scrapes:
            world.run(story)
        return recording.entries, scrapes, world.choices


def test_to_scrape_changes_nothing_in_a_run() -> None:
    (entries, _, choices), (scraped, scrapes, scraped_choices) = recorded(scraped=False), recorded(scraped=True)
    assert (to_lines(entries), choices) == (to_lines(scraped), scraped_choices)
    assert scrapes is not None and len(scrapes.rows) == 6


def test_a_record_gives_the_same_scrapes_as_the_run() -> None:
    entries, scrapes, _ = recorded(scraped=True)
    assert scrapes is not None
    replayed = Scrapes(metrics(), 5.0).replay(entries).go_on_to(30.0)
    assert replayed.rows == scrapes.rows


def test_a_series_is_followed_through_the_run() -> None:
    _, scrapes, _ = recorded(scraped=True)
    assert scrapes is not None
    commands = scrapes.values("eventcore_commands_total", command_type="Transfer")
    assert [at_s for at_s, _ in commands] == [5, 10, 15, 20, 25, 30]
    assert [count for _, count in commands] == sorted(count for _, count in commands) and commands[-1][1] > 40
    assert scrapes.values("eventcore_command_conflicts_total")[-1][1] > 0
    lags = [lag_s for _, lag_s in scrapes.values("eventcore_event_lag_seconds", consumer="accounts")]
    assert max(lags[:2]) < 1 and [round(lag_s) for lag_s in lags[2:]] == [5, 10, 15, 20]


def test_a_frame_has_a_row_for_each_moment_and_a_column_for_each_series() -> None:
    _, scrapes, _ = recorded(scraped=True)
    assert scrapes is not None
    frame = scrapes.frame()
    column = 'eventcore_commands_total{service="local",command_type="Transfer"}'
    assert (frame.index.name, list(frame.index)) == ("at_s", [5, 10, 15, 20, 25, 30])
    assert list(frame[column]) == [count for _, count in scrapes.values("eventcore_commands_total")]


def test_what_happens_at_a_moment_is_in_its_scrape() -> None:
    async def main() -> None:
        store = MemoryStore("bank")
        await asyncio.sleep(5)
        await store.append([("acc-1", Opened("ada"))])
        await asyncio.sleep(1)
        await store.append([("acc-1", Moved(1))])

    with World(seed=1) as world, Metrics("bank").scraping_every(5.0) as scrapes:
        world.run(main)
    assert scrapes.values("eventcore_events_published_total") == [(5, 1)]


def test_outside_a_world_moments_are_counted_from_the_beginning() -> None:
    async def main() -> None:
        store = MemoryStore("bank")
        for _ in range(3):
            await store.append([("acc-1", Moved(1))])
            await asyncio.sleep(0.002)

    with Metrics("bank").scraping_every(0.001) as scrapes:
        asyncio.run(main())
    assert scrapes.rows[0][0] == 0.001 and scrapes.values("eventcore_events_published_total")[-1][1] in (1, 2)
