"""A saga is one tree of spans, whoever drives it and however often its drivers die."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from eventlab.metadata import carrying
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, StepContext, savepoint, step
from eventlab.simulation import World
from eventlab.telemetry import SpanContext, TraceLog, flaws, tracing
from tests.unit.sagas.cutting import begin, resume
from tests.unit.sagas.test_cuts import CASES, bench_of
from tests.unit.sagas.toys import QUICK, Bench, in_world
from tests.unit.shop.cutting import CASES as SHOP_CASES
from tests.unit.shop.cutting import life, market_of
from tests.unit.shop.market import in_market

from .spans import events, named, tree

PARENT = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 0x01)


def told(case: str, *cuts: int) -> tuple[TraceLog, int]:
    """The spans of a saga that is cut at each of *cuts* by a life of its driver, and then ended by one that is not."""

    async def story() -> int:
        bench = bench_of(case)
        seen = await begin(bench, cuts[0] if cuts else 0)
        for cut in (*cuts[1:], 0):
            await resume(bench, cut)
        return seen

    with tracing() as log:
        seen = in_world(story)
    return log, seen


def test_a_saga_is_a_span_with_one_for_each_step_below_it() -> None:
    log, _ = told("success")
    steps = [[f"trip/{name}"] for name in ("a", "b", "c", "p", "z")]
    assert tree(log) == [["saga trip", *steps]]
    saga = named(log, "saga trip")
    assert saga.attributes == {
        "service.name": "local",
        "saga.id": "1",
        "saga.definition": "trip",
        "saga.status": "completed",
    }
    assert saga.status == "unset"


def test_steps_that_are_undone_are_spans_of_their_own_and_a_refusal_is_no_error() -> None:
    log, _ = told("c refused")
    assert tree(log) == [
        ["saga trip", *([f"trip/{name}"] for name in ("a", "b", "c")), ["trip/b undone"], ["trip/a undone"]]
    ]
    refused, saga = named(log, "trip/c"), named(log, "saga trip")
    assert (refused.status, refused.attributes["saga.step.outcome"]) == ("unset", "refused")
    assert (saga.status, saga.attributes["saga.status"]) == ("unset", "compensated")
    assert events(saga) == [("turned back", {"reason": "c was refused"})]


def test_a_step_in_doubt_is_an_error_and_its_attempts_are_events() -> None:
    log, _ = told("request lost")
    step, saga = named(log, "trip/b"), named(log, "saga trip")
    assert [name for name, _ in events(step)] == ["attempt", "tried again"] * 2 + ["attempt"]
    assert (step.status, step.attributes["saga.step.outcome"], step.attributes["saga.step.attempts"]) == (
        *("error", "in doubt"),
        3,
    )
    assert (saga.status, saga.reason) == ("error", "b is in doubt")
    assert step.duration_s == 0.2


@pytest.mark.parametrize("case", CASES)
def test_wherever_its_driver_dies_the_saga_is_one_whole_tree(case: str) -> None:
    """In whichever life each was: one root, no orphan, nothing twice, no step before its saga."""
    _, points = told(case)
    for cut in range(1, points + 1):
        log, _ = told(case, cut)
        assert flaws(log) == [], cut
        assert Counter(span.name for span in log)["saga trip"] == 1, cut
        assert len(log.traces) == 1, cut


def bench_by(why: str) -> Bench:
    """Its saga turns back, a little later each time that its driver dies: *why* says by what."""
    bench = bench_of("request lost" if why == "doubt" else "success")
    toys = bench.toys
    match why:
        case "refusal":
            toys.refuse = "c"
        case "refusal after doubt":
            toys.refuse, toys.lose_requests = "b", {"b": 1}
        case "an error that speaks of a refusal":

            async def broken(ctx: StepContext) -> None:
                raise OSError("refused (111)")

            bench.saga = Saga("trip", [toys.step("a"), step("b", broken, toys.backward("b"), **QUICK)])
        case "deadline":
            toys.takes_s = {"c": 60.0}
            bench.saga = Saga("trip", [toys.step(name) for name in "abc"], deadline_s=10.0)
        case "deadline after a refusal":
            toys.refuse = "b"
            steps = [toys.step("a"), savepoint("here", backoff=Constant(60.0)), toys.step("b")]
            bench.saga = Saga("trip", steps, deadline_s=10.0)
    return bench


@pytest.mark.parametrize(
    ("why", "status"),
    [
        ("refusal", "unset"),
        ("refusal after doubt", "unset"),
        ("doubt", "error"),
        ("an error that speaks of a refusal", "error"),
        ("deadline", "error"),
        ("deadline after a refusal", "error"),
    ],
)
def test_wherever_its_driver_dies_only_a_refusal_is_no_error(why: str, status: str) -> None:
    async def story(cut: int) -> int:
        bench = bench_by(why)
        seen = await begin(bench, cut)
        await resume(bench, 0)
        return seen

    ended, points = [], in_world(lambda: story(0))
    for cut in range(points):  # who dies at the last of them has ended the saga, and told nobody
        with tracing() as log:
            in_world(lambda cut=cut: story(cut))
        saga = named(log, "saga trip")
        ended.append((cut, flaws(log), saga.attributes["saga.status"], saga.status))
    assert ended == [(cut, [], "compensated", status) for cut in range(points)]


@pytest.mark.parametrize("case", ["success", "c refused", "undoing answers late"])
def test_a_driver_that_dies_again_changes_nothing(case: str) -> None:
    _, points = told(case)
    for cut in range(1, points):
        for again in (1, 2, 3):
            log, _ = told(case, cut, again)
            assert (flaws(log), len(log.traces)) == ([], 1), (cut, again)


def test_a_saga_that_was_helped_goes_on_in_a_span_below() -> None:
    """The one that had got stuck was told, and stays as it was told."""
    bench = Bench()
    bench.toys.refuse, bench.toys.unreachable = "c", {"undo b": 10**9}

    async def story() -> None:
        await bench.run()
        bench.toys.unreachable = {}
        await bench.engine().retry("1", by="grace", why="the warehouse called")
        await bench.engine().drive("1")

    with tracing() as log:
        in_world(story)
    stuck, helped = [span for span in log if span.name == "saga trip"]
    assert [span.attributes["saga.status"] for span in (stuck, helped)] == ["stuck", "compensated"]
    assert (flaws(log), helped.parent_id) == ([], stuck.span_id)
    assert len({span.span_id for span in log}) == len(list(log))


def test_a_step_of_a_further_round_is_a_span_of_its_own() -> None:
    bench = Bench()
    bench.saga = Saga("trip", [savepoint("here"), bench.toys.step("b"), bench.toys.step("c")])
    bench.toys.unreachable = {"c": 3}
    with tracing() as log:
        in_world(bench.run)
    assert flaws(log) == []
    assert Counter(span.name for span in log) == {"saga trip": 1, "trip/b": 2, "trip/b undone": 1, "trip/c": 2}
    assert len({span.span_id for span in log}) == len(list(log))


@pytest.mark.parametrize("case", SHOP_CASES)
def test_a_checkout_is_one_tree_over_all_services_wherever_orders_dies(case: str) -> None:
    points = in_market(lambda market: life(market, case, 0, first=True), market_of(case))

    async def story(market: Any, cut: int) -> None:
        await life(market, case, cut, first=True)
        await life(market, case, 0)

    for cut in range(1, points + 1, 3):
        with tracing() as log:
            in_market(lambda market, cut=cut: story(market, cut), market_of(case))
        sagas = [span for span in log if span.name.startswith("saga ")]
        assert (flaws(log), [saga.parent_id for saga in sagas]) == ([], [""]), cut


def test_two_processes_tell_one_saga_once() -> None:
    """The first one dies after it has logged an intent; what it knew is gone, and its log is not."""

    async def story() -> tuple[Bench, TraceLog]:
        bench = bench_of("success")
        with tracing() as first:
            with carrying(**PARENT.headers):
                await begin(bench, 4)
        return bench, first

    bench, first = asyncio.run(story())
    with tracing() as second:
        asyncio.run(resume(bench, 0))
    saga = named(second, "saga trip")
    assert [span.name for span in first] == ["trip/a"]
    assert [span.name for span in second] == ["trip/b", "trip/c", "trip/p", "trip/z", "saga trip"]
    assert {span.parent_id for span in (*first, *second) if span is not saga} == {saga.span_id}
    assert (saga.trace_id, saga.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert saga.began_ns <= min(span.began_ns for span in (*first, *second))


def test_one_that_was_only_started_waits_for_whoever_drives_it_with_its_trace_in_its_log() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.engine().start("trip", "1", {"size": 3})
        await asyncio.sleep(5)
        await bench.engine().drive("1")

    with tracing() as log:
        in_world(story)
    assert (flaws(log), len(log.traces)) == ([], 1)
    assert named(log, "saga trip").duration_s == 5.0


def test_one_that_was_started_when_nobody_traced_gets_a_trace_that_follows_from_its_log() -> None:
    async def begun() -> Bench:
        bench = Bench()
        await begin(bench, 4)
        return bench

    logs = []
    for _ in range(2):
        with World(1) as world:
            bench = world.run(begun)
            with tracing() as log:
                world.run(resume(bench, 5))
                world.run(resume(bench, 0))
        logs.append(log)
    assert (flaws(logs[0]), len(logs[0].traces)) == ([], 1)
    assert logs[0].spans == logs[1].spans


def test_starting_what_is_there_already_begins_no_second_trace() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.run()
        engine: SagaEngine = bench.engine()
        with carrying(**PARENT.headers):
            await engine.run("trip", "1", {"size": 3})
            await engine.start("trip", "1", {"size": 3})

    with tracing() as log:
        in_world(story)
    assert Counter(span.name for span in log)["saga trip"] == len(log.traces) == 1


def test_one_that_is_stuck_is_told_as_an_error() -> None:
    async def story() -> None:
        bench = Bench()
        bench.toys.unreachable = {"z": 10_000}
        await bench.run()

    with tracing() as log:
        in_world(story)
    saga, step = named(log, "saga trip"), named(log, "trip/z")
    assert (saga.status, saga.attributes["saga.status"], step.attributes["saga.step.outcome"]) == (
        *("error", "stuck"),
        "stuck",
    )
    assert flaws(log) == []
