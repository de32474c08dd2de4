from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import InvalidValue, SagaMisdefined
from eventlab.sagas import Saga, Step, StepContext, key_of, pivot, retriable, step
from eventlab.sagas.step import Kind


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
