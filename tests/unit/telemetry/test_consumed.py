"""What was published and what was consumed are counted, each once, where it happened."""

from __future__ import annotations

from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.telemetry import Metrics
from tests.unit.projections.accounts import Moved, Opened, a_view
from tests.unit.telemetry.exposition import named, told

PUBLISHED, CONSUMED = "eventcore_events_published_total", "eventcore_events_consumed_total"


def test_what_a_projection_is_through_with_is_consumed_once_and_what_waits_is_not() -> None:
    async def main() -> list[tuple[float, float]]:
        store, metrics, seen = MemoryStore("bank"), Metrics("bank"), []
        runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))
        with metrics.listening():
            for cents in (1, 2):
                await store.append([(f"acc-{cents}", Opened("ada")), (f"acc-{cents}", Moved(cents))])
                for _ in range(cents):
                    await runner.catch_up()
                found = told(metrics.samples())
                seen.append((sum(named(found, PUBLISHED).values()), named(found, CONSUMED)["accounts", ""]))
            await store.append([("acc-3", Opened("ben"))])
        found = told(metrics.samples())
        return [*seen, (sum(named(found, PUBLISHED).values()), named(found, CONSUMED)["accounts", ""])]

    with World(seed=1) as world:
        assert world.run(main) == [(2, 2), (4, 4), (5, 4)]


def test_what_is_consumed_by_hand_counts_with_its_age() -> None:
    metrics = Metrics("orders")
    for lag_s in (0.5, 61):
        metrics.record_event_consumed("Paid", lag_s, consumer="mailer")
    found = told(metrics.samples())
    ages = named(found, "eventcore_event_age_seconds_bucket")
    assert named(found, CONSUMED) == {("mailer", "Paid"): 2}
    assert [ages["mailer", "Paid", edge] for edge in ("0.5", "60.0", "300.0", "+Inf")] == [1, 1, 2, 2]
