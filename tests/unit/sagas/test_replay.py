"""Changed code under running sagas; sagas that take their drivers down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.errors import SagaDiverged, StoreUnavailable, UnknownSaga
from eventlab.sagas import Saga, SagaEngine, SagaState, Status, first_divergence, pivot, savepoint
from eventlab.store import PassingStore
from tests.unit.sagas.toys import QUICK, Bench, Cut, in_world


async def history(bench: Bench) -> list[object]:
    return [stored.event for stored in await bench.store.read("saga-1")]


def half_done() -> Bench:
    """Killed while b was under way."""
    bench = Bench()
    bench.toys.takes_s = {"b": 60.0}

    async def main() -> None:
        task = asyncio.create_task(bench.run())
        await asyncio.sleep(5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    in_world(main)
    bench.toys.takes_s = {}
    return bench


@pytest.mark.parametrize("case", ["", "b", "p"])
def test_what_was_recorded_fits_the_code_that_recorded_it(case: str) -> None:
    bench = Bench()
    bench.toys.refuse = case
    in_world(bench.run)
    assert first_divergence(bench.saga, in_world(lambda: history(bench))) is None


def test_a_log_is_taken_as_the_store_gives_it() -> None:
    bench = half_done()
    changed = Saga("trip", [bench.toys.step(name) for name in "acb"])
    stored = in_world(lambda: bench.store.read("saga-1"))
    assert first_divergence(bench.saga, stored) is None
    assert first_divergence(changed, stored) == first_divergence(changed, [each.event for each in stored])


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("acb", "at version 4 the log has step 'b', where the definition has step 'c'"),
        ("ba", "at version 2 the log has step 'a', where the definition has step 'b'"),
        ("a", "at version 4 the log has step 'b', where the definition has the end"),
    ],
)
def test_the_first_step_that_differs_is_named(steps: str, told: str) -> None:
    bench = half_done()
    changed = Saga("trip", [bench.toys.step(name) for name in steps])
    assert str(first_divergence(changed, in_world(lambda: history(bench)))) == told


def test_a_condition_that_decides_otherwise_is_found() -> None:
    bench = half_done()
    changed = Saga("trip", [bench.toys.step("a", when=lambda ctx: False), bench.toys.step("b")])
    found = first_divergence(changed, in_world(lambda: history(bench)))
    assert found is not None
    assert (found.recorded, found.expected) == ("step 'a'", "step 'a' skipped")


def test_a_savepoint_that_went_is_found() -> None:
    bench = Bench()
    toys = bench.toys
    toys.refuse = "b"
    bench.saga = Saga("trip", [toys.step("a"), savepoint("here"), toys.step("b")])
    in_world(bench.run)
    changed = Saga("trip", [toys.step("a"), toys.step("b")])
    found = first_divergence(changed, in_world(lambda: history(bench)))
    assert found is not None
    assert (found.recorded, found.expected) == ("a return to save-point 'here'", "the undoing of 'a'")


def test_under_changed_code_a_saga_is_parked_with_the_reason_and_nothing_is_done() -> None:
    bench = half_done()
    bench.saga = Saga("trip", [bench.toys.step("a"), bench.toys.step("c"), bench.toys.step("b")])

    async def main() -> dict[str, str]:
        engine = bench.engine()
        with pytest.raises(SagaDiverged, match="Give the changed definition a new version"):
            await engine.drive("1")
        assert await engine.recover() == []
        return engine.parked

    assert "the log has step 'b', where the definition has step 'c'" in in_world(main)["1"]
    assert bench.toys.effects == ["T a"]


def test_a_running_saga_keeps_its_version_over_a_deployment() -> None:
    bench = half_done()
    old = bench.saga
    new = Saga("trip", [bench.toys.step("other")], version=2)

    async def main() -> list[SagaState]:
        engine = SagaEngine(bench.store, [new, old])
        return [*await engine.recover(), await engine.run("trip", "2", {})]

    first, second = in_world(main)
    assert (first.definition_version, second.definition_version) == (1, 2)
    assert bench.toys.effects == ["T a", "T b", "T c", "T p", "T z", "T other"]


def test_an_unknown_version_is_parked() -> None:
    bench = half_done()
    bench.saga = Saga("trip", [bench.toys.step("a")], version=2)

    async def main() -> dict[str, str]:
        engine = bench.engine()
        with pytest.raises(UnknownSaga):
            await engine.drive("1")
        await engine.recover()
        return engine.parked

    assert in_world(main) == {"1": "unknown saga: no definition 'trip' version 1"}


def test_a_saga_that_takes_its_driver_down_every_time_is_set_aside_visibly() -> None:
    bench = Bench()
    deaths = [0]

    async def kill(*_: object) -> None:
        deaths[0] += 1
        raise Cut

    bench.saga = Saga("trip", [bench.toys.step("a"), bench.toys.step("b")])
    bench.toys.refuse = "b"
    bench.toys.undo = kill  # type: ignore[method-assign]

    async def main() -> SagaState:
        for _ in range(20):
            try:
                return await bench.engine(recoveries_max=4).run("trip", "1", {})
            except Cut:
                pass
        raise AssertionError("it goes on for ever")

    state = in_world(main)
    assert (state.status, deaths[0]) == (Status.STUCK, 5)
    assert state.reason == "its driver was gone 5 times in a row during a"
    assert in_world(lambda: bench.engine().unfinished()) == []


def test_whose_driver_dies_many_times_for_another_reason_is_not_set_aside() -> None:
    bench = Bench()
    deaths = [0]

    async def killed_at_first(*_: object) -> None:
        deaths[0] += 1
        if deaths[0] < 30:
            raise Cut

    bench.saga = Saga("trip", [bench.toys.step("a"), bench.toys.step("b")])
    bench.toys.refuse = "b"
    bench.toys.undo = killed_at_first  # type: ignore[method-assign]

    async def main() -> SagaState:
        while True:
            try:
                return await bench.engine().run("trip", "1", {})
            except Cut:
                pass

    assert (in_world(main).status, deaths[0]) == (Status.COMPENSATED, 30)


def test_an_outcome_between_two_deaths_begins_the_count_anew() -> None:
    bench = Bench()
    died: list[int] = []

    async def main() -> SagaState:
        for at in range(2, 40):
            bench.cut_at(2)
            try:
                return await bench.engine(recoveries_max=2).run("trip", "1", {})
            except Cut:
                died.append(at)
        raise AssertionError("it never ends")

    assert in_world(main).status is Status.COMPLETED
    assert len(died) > 3


class Forgetful(PassingStore):
    """It takes every intent, and for a while no outcome."""

    refused = 0

    async def append(self, events: Any, **options: Any) -> Any:
        if self.refused < 30 and any(type(event).__name__ == "StepSucceeded" for _, event in events):
            self.refused += 1
            raise StoreUnavailable(self.name, "nobody there")
        return await super().append(events, **options)


def test_a_store_that_fails_is_not_a_driver_that_dies() -> None:
    bench = Bench()
    bench.saga = Saga("trip", [pivot("p", bench.toys.forward("p"), **QUICK)])

    async def main() -> SagaState:
        store = Forgetful(bench.store)
        return await SagaEngine(store, [bench.saga], recoveries_max=2).submit("trip", "1", {})

    state = in_world(main)
    assert (state.status, bench.toys.effects) == (Status.COMPLETED, ["T p"])
    assert "SagaTakenUp" not in in_world(bench.types)
