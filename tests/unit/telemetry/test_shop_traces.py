"""Traces of a shop in which everything goes wrong: whole trees, the same bytes, and a run that knows nothing of it."""

from __future__ import annotations

from collections import Counter

import pytest

from eventlab import history
from eventlab.hooks import SpanEnded
from eventlab.services import Way
from eventlab.shop import ShopSettings
from eventlab.simulation import Link, Recorder, World
from eventlab.telemetry import TraceLog, flaws, tracing
from tests.unit.shop.test_chaos import ROUGH, SMOOTH, Chaos

SETTINGS = ShopSettings(decline_above_cents=5000)


def shop(seed: int, link: Link, by: Way = "call") -> Chaos:
    """A shop after crashes, partitions and lost messages, and after everything has come to rest."""
    with World(seed, ready="shuffled") as world:
        if link is ROUGH:
            world.network.cuts_seen_as = "broken"
        chaos = Chaos(world, 20, SETTINGS, link, by)
        world.run(chaos.main)
    return chaos


def recorded(seed: int) -> bytes:
    with Recorder(without=[SpanEnded]).recording() as recorder:
        shop(seed, ROUGH)
        return history.to_lines(recorder.entries)


@pytest.mark.parametrize("by", ["call", "message"])
@pytest.mark.parametrize(("seed", "link"), [(1, SMOOTH), (2, SMOOTH), (3, ROUGH), (6, ROUGH), (7, ROUGH)])
def test_whatever_befalls_it_every_trace_is_one_whole_tree_and_every_saga_is_in_one(
    seed: int, link: Link, by: Way
) -> None:
    with tracing() as log:
        chaos = shop(seed, link, by)
    assert flaws(log) == []
    sagas = Counter(span.attributes["saga.id"] for span in log if span.name == "saga checkout")
    started = [stored.stream for stored in chaos.stores["orders"].disk._log if stored.type == "SagaStarted"]
    assert sagas == Counter(stream.removeprefix("saga-") for stream in started)


def test_something_did_befall_it() -> None:
    """Else the laws above would hold of anything."""
    with tracing() as log:
        shop(6, ROUGH)
    told = Counter(name for span in log for name, _, _ in span.events)
    crashed = [span for span in log if span.reason.startswith("node ") and span.reason.endswith("crashed")]
    assert all(told[name] for name in ("taken up", "turned back", "message lost", "message duplicated", "tried again"))
    assert crashed


def test_one_seed_gives_one_log_of_spans() -> None:
    logs: list[TraceLog] = []
    for _ in range(2):
        with tracing() as log:
            shop(3, ROUGH)
        logs.append(log)
    assert logs[0].spans == logs[1].spans
    assert len(logs[0]) > 200


def test_who_is_traced_does_not_notice() -> None:
    plain = recorded(3)
    with tracing():
        assert recorded(3) == plain
