"""Chapter 4: its exercise takes our solution and refuses what only looks like one; its law and its formula can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from eventlab.errors import Unavailable
from eventlab.history import of_kind
from eventlab.hooks import CallEnded
from eventlab.teaching import Exercise, chapter04
from tests.sources import ROOT

SCENARIOS = ROOT / "scenarios"


async def wraps(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        answer = await f()
    except Exception as error:
        permit.failure()
        raise RuntimeError("it failed") from error
    permit.success()
    return answer


async def swallows(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        answer = await f()
    except Exception:
        permit.failure()
        return None
    permit.success()
    return answer


async def calls_first(circuit: Any, f: Any) -> Any:
    answer = await f()
    circuit.acquire().success()
    return answer


async def counts_every_error(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        answer = await f()
    except Exception:
        permit.failure()
        raise
    permit.success()
    return answer


async def succeeds_in_the_end(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        return await f()
    finally:
        permit.success()


KEPT: list[Any] = []


async def forgets_the_cancelled(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    KEPT.append(permit)  # one that is dropped gives itself back
    try:
        answer = await f()
    except Unavailable:
        permit.failure()
        raise
    except Exception:
        permit.release()
        raise
    permit.success()
    return answer


async def takes_a_cancelled_call_for_a_failure(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        answer = await f()
    except (Unavailable, asyncio.CancelledError):
        permit.failure()
        raise
    except Exception:
        permit.release()
        raise
    permit.success()
    return answer


async def never_learns(circuit: Any, f: Any) -> Any:
    permit = circuit.acquire()
    try:
        return await f()
    except Unavailable:
        permit.failure()
        raise
    finally:
        permit.release()


async def only_sleeps(circuit: Any, f: Any) -> Any:
    while True:  # noqa: ASYNC110
        await asyncio.sleep(1)


async def blank(circuit: Any, f: Any) -> Any: ...


def refusal(exercise: Exercise, answer: Callable[..., Any], law: int) -> str:
    """What is said to an answer that breaks this law, and not another one."""
    checked = exercise.check(answer)
    assert checked.broken is not None and checked.broken.law == exercise.laws[law].text
    return checked.text


def test_our_solution_holds() -> None:
    checked = chapter04.exercise.check(chapter04.exercise.solution)
    assert (checked.status, checked.text) == ("held", "All 5 laws hold, tried on 13 inputs.")
    assert chapter04.exercise.solution_lines == 12


@pytest.mark.parametrize(
    ("answer", "law", "because"),
    [
        (wraps, 0, "the call that fails ended for its caller in RuntimeError"),
        (swallows, 0, "the call that fails ended for its caller in None"),
        (calls_first, 1, "the call was made, though the circuit is open"),
        (counts_every_error, 2, "the breaker counted 1 failures, and there were 0"),
        (succeeds_in_the_end, 2, "the breaker counted 0 failures, and there were 1"),
        (forgets_the_cancelled, 3, "1 of 2 permits never came back"),
        (takes_a_cancelled_call_for_a_failure, 3, "permits never came back"),
        (never_learns, 4, "the circuit is half-open, and should be closed"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_only_looks_right_is_refused_by_the_law_it_breaks(
    answer: Callable[..., Any], law: int, because: str
) -> None:
    assert because in refusal(chapter04.exercise, answer, law)


def test_an_answer_without_an_end_is_told_so() -> None:
    text = chapter04.exercise.check(only_sleeps).text
    assert text.startswith("Your answer does not come to an end.") and "still not answered after 60 s" in text


def no_budget(share: float, log: list[tuple[float, str]], now_s: float) -> Any: ...


@pytest.mark.parametrize("answer", [None, ..., blank, no_budget])
def test_no_answer_is_not_yet_one(answer: object) -> None:
    assert [task.check(answer).status for task in (chapter04.exercise, chapter04.budget)] == ["not yet"] * 2


@pytest.mark.parametrize("seed", range(3))
def test_the_naive_breaker_lets_a_herd_through_and_the_sound_one_three(seed: int) -> None:
    naive, sound = (chapter04.day(make(), seed=seed) for make in (chapter04.naive, chapter04.sound))
    herd = chapter04.no_more_probes_than(chapter04.PROBES, naive)
    assert not herd.valid and "21 calls went out between 8.10 s" in str(herd.witnesses[0])
    assert chapter04.no_more_probes_than(chapter04.PROBES, sound).valid
    assert chapter04.no_more_probes_than(chapter04.PROBES - 1, sound).valid is False
    assert chapter04.in_vain(sound) < chapter04.in_vain(naive)


def test_a_law_is_told_with_its_witnesses() -> None:
    told = repr(chapter04.law(chapter04.no_more_probes_than(3, chapter04.day(chapter04.naive()))))
    assert told.startswith("✗ “while half-open, at most 3 probes go out” broke: 21 calls went out")


def test_the_formula_agrees_and_another_is_found_out() -> None:
    (measured,) = chapter04.amplified((0.5,), SCENARIOS)
    assert measured.agrees and [row[-1] for row in chapter04.as_table([measured]).rows] == ["yes"]
    wrong = measured._replace(loss=0.3)
    assert not wrong.agrees and [row[-1] for row in chapter04.as_table([wrong]).rows] == ["NO"]


def always(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    return True


def never(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    return False


def lets_retries_pay_for_retries(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    recent = [what for at_s, what in log if at_s > now_s - 10]
    return recent.count("retry") + 1 <= share * len(recent)


def saves_up_for_ever(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    sent = [what for _, what in log]
    return sent.count("retry") + 1 <= share * sent.count("call")


def never_forgives(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    recent = [what for at_s, what in log if at_s > now_s - 10]
    return sum(what == "retry" for _, what in log) + 1 <= share * recent.count("call")


def test_our_budget_holds() -> None:
    checked = chapter04.budget.check(chapter04.budget.solution)
    assert (checked.status, checked.text) == ("held", "All 3 laws hold, tried on 7 inputs.")


@pytest.mark.parametrize(
    ("answer", "law", "told"),
    [
        (always, 0, "On (0.1, 10), there were 30 retries; 10% of the calls are 1"),
        (never, 0, "On (0.1, 10), there were 0 retries; 10% of the calls are 1"),
        (lets_retries_pay_for_retries, 0, "On (0.25, 40), there were 13 retries; 25% of the calls are 10"),
        (saves_up_for_ever, 1, "a retry was allowed at 60 s, with one call in the last 10 s"),
        (never_forgives, 2, "On (1, 30.0), no retry was allowed at 30 s, after 10 calls in the last 10 s"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_budget_that_only_looks_right_is_refused_by_the_law_it_breaks(
    answer: Callable[..., bool], law: int, told: str
) -> None:
    assert told in refusal(chapter04.budget, answer, law)


def test_both_breakers_tell_whom_they_turned_away() -> None:
    days = [chapter04.day(make()) for make in (chapter04.naive, chapter04.sound)]
    ends = [[what.outcome for _, what in of_kind(day.entries, CallEnded)] for day in days]
    assert [(len(one), one.count("rejected")) for one in ends] == [(400, 198), (400, 220)]
