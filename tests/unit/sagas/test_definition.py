from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial, wraps
from typing import Any, cast

import pytest

from eventlab.errors import InvalidValue, SagaMisdefined
from eventlab.sagas import (
    Saga,
    SagaEngine,
    Step,
    StepContext,
    key_of,
    parallel,
    pivot,
    retriable,
    savepoint,
    step,
    subsaga,
)
from eventlab.sagas.step import Kind
from eventlab.simulation import World
from eventlab.store import MemoryStore


async def act(ctx: StepContext) -> None: ...


async def undo(ctx: StepContext, result: Any) -> None: ...


def refusal(*steps: Step) -> str:
    with pytest.raises(SagaMisdefined) as caught:
        Saga("trip", steps)
    return caught.value.reason


def test_compensatable_then_pivot_then_retriable_is_a_saga() -> None:
    saga = Saga("trip", [step("a", act, undo), pivot("p", act), retriable("z", act)])
    assert [each.kind for each in saga.steps] == [Kind.COMPENSATABLE, Kind.PIVOT, Kind.RETRIABLE]


def test_nothing_that_wants_undoing_comes_after_the_point_of_no_return() -> None:
    assert refusal(pivot("p", act), step("a", act, undo)) == (
        "compensatable step 'a' comes after pivot step 'p', from where there is no way back; "
        "only retriable steps may follow"
    )
    assert "comes after retriable step 'z'" in refusal(retriable("z", act), step("a", act, undo))


def test_a_second_pivot_is_refused() -> None:
    assert "pivot step 'q' comes after pivot step 'p'" in refusal(pivot("p", act), pivot("q", act))


def test_a_compensation_that_would_never_be_called_is_refused() -> None:
    assert "its compensation would never be called" in refusal(Step("p", act, undo, Kind.PIVOT))


def test_steps_have_names_of_their_own_because_keys_are_made_from_them() -> None:
    assert refusal(step("a", act), step("a", act)) == "two steps are called 'a'; keys are made from names"
    assert "'a/b' cannot name a step" in refusal(step("a/b", act))
    assert "has 101 characters, at most 100 are allowed" in refusal(step("a" * 101, act))
    assert Saga("trip", [step("a" * 100, act)]).steps
    assert refusal() == "it has no steps"


@pytest.mark.parametrize("setting", [{"attempts_max": 0}, {"stuck_after_s": 0}, {"timeout_s": -1}])
def test_settings_outside_their_domain_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidValue):
        step("a", act, undo, **setting)


def test_a_key_names_saga_step_and_direction_and_nothing_that_changes() -> None:
    assert key_of("order-7", "reserve_payment", "forward") == "order-7/reserve_payment/forward"


async def stream(ctx: StepContext) -> Any:
    yield 1


def plainly(ctx: StepContext) -> int:
    return 1


def promising(ctx: StepContext) -> Awaitable[int]:
    return asyncio.sleep(0, 1)


class Caller:
    async def __call__(self, ctx: StepContext) -> None: ...


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (plainly, "expected an async function of the context; a plain one says '-> Awaitable'"),
        (stream, "that yields nothing"),
        (undo, "expected an async function of the context; called so: missing a required argument: 'result'"),
        (None, "action of step 'a' is None; expected an async function of the context"),
    ],
)
def test_an_action_that_could_not_be_called_or_awaited_is_refused_when_it_is_given(function: Any, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        step("a", function)
    assert says in str(caught.value)


def test_a_coroutine_in_the_place_of_its_function_is_refused_and_nobody_is_warned() -> None:
    with pytest.raises(InvalidValue, match="the function itself, which is called later"):
        step("a", act(cast(Any, None)))


WRAPPED = wraps(act)(lambda ctx: act(ctx))


@pytest.mark.parametrize("function", [act, promising, lambda ctx: act(ctx), Caller(), partial(act), WRAPPED])
def test_whatever_takes_the_context_and_may_be_awaited_is_an_action(function: Any) -> None:
    assert step("a", function).action is function


def test_a_compensation_that_could_not_be_called_is_refused_and_not_found_out_when_it_is_needed() -> None:
    with pytest.raises(InvalidValue, match=r"compensation of step 'a' .* the context and the result; called so"):
        step("a", act, cast(Any, act))


@pytest.mark.parametrize("setting", ["when", "locks", "input"])
def test_what_must_answer_at_once_is_no_async_function(setting: str) -> None:
    """The promise of a coroutine is true, so that such a condition would always hold."""
    inner = Saga("inner", [step("b", act)])
    with pytest.raises(InvalidValue, match=f"{setting} of .*a plain function of .*; nobody would await this one"):
        match setting:
            case "when":
                step("a", act, when=cast(Any, act))
            case "locks":
                Saga("trip", [step("a", act)], locks=cast(Any, act))
            case _:
                subsaga("a", inner, act)


def test_further_mistakes_are_told_as_what_they_are() -> None:
    with pytest.raises(InvalidValue, match=r"undo_backoff of step 'a' is 0\.5; expected a backoff"):
        step("a", act, undo_backoff=0.5)
    assert "its compensation would never be called" in refusal(pivot("p", act, compensation=undo))
    assert "is no step; step(…), pivot(…)" in refusal(cast(Any, act))
    with pytest.raises(SagaMisdefined, match="it has no name"):
        Saga("", [step("a", act)])


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("timeout_s", "a finite number of seconds above 0, or None"),
        ("stuck_after_s", "a number of seconds above 0"),
        ("attempts_max", "a whole number, at least 1"),
    ],
)
@pytest.mark.parametrize("given", ["3", True, [3]])
def test_what_only_looks_like_a_number_is_refused(setting: str, expected: str, given: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        step("a", act, **{setting: given})
    assert (caught.value.name, caught.value.expected) == (setting, expected)


def test_what_only_looks_like_a_number_is_refused_of_sagas_and_savepoints() -> None:
    for settings in ({"deadline_s": "3"}, {"version": "2"}, {"version": 1.5}):
        with pytest.raises(SagaMisdefined, match=next(iter(settings))):
            Saga("trip", [step("a", act)], **cast(Any, settings))
    with pytest.raises(InvalidValue, match="rounds_max is '2'; expected a whole number, at least 1"):
        savepoint("here", rounds_max=cast(Any, "2"))


@pytest.mark.parametrize("steps", [step("a", act), parallel(step("a", act)), None, 3])
def test_steps_that_are_no_list_are_refused_with_what_would_do(steps: object) -> None:
    expected = r"steps of saga 'trip' is .*; expected a list of them, such as \[step\(…\), pivot\(…\)\]"
    with pytest.raises(InvalidValue, match=expected):
        Saga("trip", cast(Any, steps))


def test_a_saga_has_an_id() -> None:
    engine = SagaEngine(MemoryStore(), [Saga("trip", [step("a", act)])])
    with pytest.raises(InvalidValue, match="id of a saga 'trip' is ' '; expected a name of its own"):
        World(1).run(engine.start("trip", " ", None))
