"""One id is one saga, with one input, under one definition."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import InvalidValue, SagaInputDiffers, UnknownSaga
from eventlab.sagas import Saga, SagaEngine, Status, StepContext, step
from tests.unit.sagas.toys import FORWARD, Bench, in_world


def test_driving_an_ended_saga_does_nothing() -> None:
    bench = Bench()
    in_world(bench.run)
    appends = bench.store.appends
    assert in_world(lambda: bench.engine().drive("1")).status is Status.COMPLETED
    assert (bench.store.appends, bench.toys.effects) == (appends, FORWARD)


def test_one_id_is_one_saga() -> None:
    bench = Bench()

    async def main() -> list[bool]:
        engine = bench.engine()
        first = await engine.start("trip", "1", {"size": 3})
        again = await engine.start("trip", "1", {"size": 3})
        await engine.run("trip", "1", {"size": 3})
        await engine.run("trip", "1", {"size": 3})
        return [first, again]

    assert in_world(main) == [True, False]
    assert bench.toys.effects == FORWARD


def test_the_input_is_frozen_at_the_start() -> None:
    bench = Bench()
    in_world(bench.run)
    for again in (bench.engine().start, bench.engine().run, bench.engine().submit):
        with pytest.raises(SagaInputDiffers):
            in_world(lambda again=again: again("trip", "1", {"size": 4}))


def test_a_typed_input_comes_back_typed_after_a_restart() -> None:
    seen: list[Any] = []

    async def look(ctx: StepContext) -> None:
        seen.append(ctx.input)

    bench = Bench()
    bench.saga = Saga("trip", [step("look", look)], input_type=tuple[int, str])

    async def main() -> None:
        await bench.engine().start("trip", "1", (7, "seven"))
        await bench.engine().drive("1")

    in_world(main)
    assert seen == [(7, "seven")]


def test_unknown_sagas_and_definitions_are_named() -> None:
    bench = Bench()
    with pytest.raises(UnknownSaga, match="no definition 'tirp'; there is trip"):
        in_world(lambda: bench.engine().run("tirp", "1", None))
    with pytest.raises(UnknownSaga, match="no saga '1' was started in store 'saga'"):
        in_world(lambda: bench.engine().drive("1"))


def test_a_saga_of_a_version_that_is_not_at_hand_is_parked() -> None:
    bench = Bench()

    async def main() -> None:
        await bench.engine().start("trip", "1", None)
        newer = Saga("trip", bench.saga.steps, version=2)
        assert await SagaEngine(bench.store, [newer]).recover() == []
        assert await SagaEngine(bench.store, [newer]).unfinished() == ["1"]
        (state,) = await SagaEngine(bench.store, [newer, bench.saga]).recover()
        assert state.definition_version == 1

    in_world(main)


@pytest.mark.parametrize("given", [{"size": "three"}, "three", {3, 4}])
def test_an_input_that_the_saga_does_not_take_is_refused_by_name_and_nothing_is_written(given: Any) -> None:
    bench = Bench()
    bench.saga = Saga("trip", bench.saga.steps, input_type=dict[str, int])

    async def main() -> None:
        with pytest.raises(InvalidValue, match=r"^input of saga '1' is .* takes: "):
            await bench.engine().run("trip", "1", given)

    in_world(main)
    assert in_world(bench.types) == []
