"""Chapter 2: its exercise takes our solution and refuses what only looks like one; its formula can be wrong."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from typing import Any

import pytest

from eventlab.checks import none_found
from eventlab.errors import Refused, VersionConflict
from eventlab.shop.boxoffice import SeatSold, no_seat_sold_twice, somebody_on_duty
from eventlab.teaching import chapter02, contended
from eventlab.teaching.office import Office


def refuse() -> None:
    raise Refused("sold_out")


async def without_expectation(store: Any, show: Any, clerk: str, seats: int) -> Any:
    sold = len(await store.read(show))
    if sold >= seats:
        refuse()
    await store.append([(show, SeatSold(sold + 1, clerk))])


async def writes_again(store: Any, show: Any, clerk: str, seats: int) -> Any:
    """Takes the version from the conflict, and the decision from before it."""
    version = len(await store.read(show))
    if version >= seats:
        refuse()
    ticket = SeatSold(version + 1, clerk)
    while True:
        try:
            return await store.append([(show, ticket)], expect={show: version})
        except VersionConflict as conflict:
            version = conflict.conflicts[0][2]


async def takes_a_conflict_for_sold_out(store: Any, show: Any, clerk: str, seats: int) -> Any:
    sold = len(await store.read(show))
    try:
        return (
            await store.append([(show, SeatSold(sold + 1, clerk))], expect={show: sold}) if sold < seats else refuse()
        )
    except VersionConflict:
        refuse()


async def lets_the_conflict_out(store: Any, show: Any, clerk: str, seats: int) -> Any:
    sold = len(await store.read(show))
    return await store.append([(show, SeatSold(sold + 1, clerk))], expect={show: sold}) if sold < seats else refuse()


async def gives_up_in_silence(store: Any, show: Any, clerk: str, seats: int) -> Any:
    try:
        return await lets_the_conflict_out(store, show, clerk, seats)
    except VersionConflict:
        return None


async def looks_only_once(store: Any, show: Any, clerk: str, seats: int) -> Any:
    """Keeps the version that it read first, and so tries for ever."""
    sold = len(await store.read(show))
    while sold < seats:
        try:
            return await store.append([(show, SeatSold(sold + 1, clerk))], expect={show: sold})
        except Exception:
            await asyncio.sleep(0.01)
    refuse()


async def sells_one_too_many(store: Any, show: Any, clerk: str, seats: int) -> Any:
    return await chapter02.exercise.solution(store, show, clerk, seats + 1)


async def writes_to_a_stream_of_its_own(store: Any, show: Any, clerk: str, seats: int) -> Any:
    """No two of them meet there, so nothing is expected, and two customers hold one seat."""
    sold = len(await store.read(show))
    if sold >= seats:
        refuse()
    ticket = SeatSold(sold + 1, clerk)
    await store.append([(f"show-{clerk.replace(' ', '-')}", ticket)])
    return ticket


async def sells_two_after_a_conflict(store: Any, show: Any, clerk: str, seats: int) -> Any:
    wanted = 1
    while True:
        sold = len(await store.read(show))
        if sold >= seats:
            refuse()
        tickets = [SeatSold(sold + number, clerk) for number in range(1, min(wanted, seats - sold) + 1)]
        try:
            await store.append([(show, ticket) for ticket in tickets], expect={show: sold})
            return tickets[0]
        except VersionConflict:
            wanted = 2


async def gives_back_a_banana(store: Any, show: Any, clerk: str, seats: int) -> Any:
    await chapter02.exercise.solution(store, show, clerk, seats)
    return "banana"


async def gives_back_another_seat(store: Any, show: Any, clerk: str, seats: int) -> Any:
    sold = await chapter02.exercise.solution(store, show, clerk, seats)
    return SeatSold(sold.seat + 1, clerk)


async def catches_everything(store: Any, show: Any, clerk: str, seats: int) -> Any:
    """Whatever ends it must not be an exception."""
    while True:
        try:
            sold = len(await store.read(show))
            await store.append([(show, SeatSold(sold + 1, clerk))], expect={show: -1})
        except:  # noqa: E722
            continue


async def catches_everything_asleep(store: Any, show: Any, clerk: str, seats: int) -> Any:
    while True:
        try:
            await asyncio.sleep(1)
        except:  # noqa: E722
            continue


async def only_sleeps(store: Any, show: Any, clerk: str, seats: int) -> Any:
    while True:  # noqa: ASYNC110
        await asyncio.sleep(1)


async def only_yields(store: Any, show: Any, clerk: str, seats: int) -> Any:
    while True:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def only_reads(store: Any, show: Any, clerk: str, seats: int) -> Any:
    while True:
        await store.read(show)


async def catches_everything_in_a_task_of_its_own(store: Any, show: Any, clerk: str, seats: int) -> Any:
    await asyncio.create_task(catches_everything_asleep(store, show, clerk, seats))


async def never_tidies_up(store: Any, show: Any, clerk: str, seats: int) -> Any:
    try:
        await only_reads(store, show, clerk, seats)
    finally:
        await catches_everything_asleep(store, show, clerk, seats)


async def ends_the_program(store: Any, show: Any, clerk: str, seats: int) -> Any:
    sys.exit(3)


async def cancels_itself(store: Any, show: Any, clerk: str, seats: int) -> Any:
    raise asyncio.CancelledError


async def interrupted(store: Any, show: Any, clerk: str, seats: int) -> Any:
    raise KeyboardInterrupt


async def within_a_timeout(store: Any, show: Any, clerk: str, seats: int) -> Any:
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(1)
    except TimeoutError:
        return await chapter02.exercise.solution(store, show, clerk, seats)


def test_our_solution_holds() -> None:
    checked = chapter02.exercise.check(chapter02.exercise.solution)
    assert (checked.status, checked.text) == ("held", "All 4 laws hold, tried on 13 inputs.")
    assert chapter02.exercise.solution_lines == 11


@pytest.mark.parametrize(
    ("answer", "law", "because"),
    [
        (without_expectation, 1, "seat 8 of show-lear was sold by clerk"),
        (writes_again, 1, "seat 8 of show-lear was sold by clerk"),
        (takes_a_conflict_for_sold_out, 2, "was refused, while 1 seat was left"),
        (lets_the_conflict_out, 2, "was left with an error, VersionConflict"),
        (gives_up_in_silence, 2, "was left with neither a seat nor a refusal"),
        (sells_one_too_many, 0, "seat 9 was sold, of 8"),
        (writes_to_a_stream_of_its_own, 3, "the stream show-clerk-1 was written to, and only show-lear may change"),
        (sells_two_after_a_conflict, 3, "came for one seat, and the log holds seat"),
        (
            gives_back_a_banana,
            3,
            "clerk 1 was given back 'banana', and the log holds SeatSold(seat=8, clerk='clerk 1')",
        ),
        (gives_back_another_seat, 3, "clerk 1 was given back SeatSold(seat=9, clerk='clerk 1')"),
        (ends_the_program, 0, "your answer raised AnswerLeft: SystemExit(3)"),
        (cancels_itself, 0, "your answer raised AnswerLeft: CancelledError()"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_only_looks_right_is_refused_by_the_law_it_breaks(
    answer: Callable[..., Any], law: int, because: str
) -> None:
    checked = chapter02.exercise.check(answer)
    assert checked.broken is not None
    assert checked.broken.law == chapter02.exercise.laws[law].text
    assert because in checked.broken.because


@pytest.mark.parametrize(
    "endless",
    [
        looks_only_once,
        catches_everything,
        catches_everything_asleep,
        only_sleeps,
        only_yields,
        only_reads,
        catches_everything_in_a_task_of_its_own,
        never_tidies_up,
    ],
    ids=lambda value: value.__name__,
)
def test_an_answer_without_an_end_is_left_waiting_and_told_so_in_a_sentence_of_its_own(
    endless: Callable[..., Any],
) -> None:
    checked = chapter02.exercise.check(endless)
    assert checked.status == "broken"
    assert checked.text.startswith("Your answer does not come to an end. On Crowd(")
    assert "was still not served" in checked.text and ".." not in checked.text


def test_an_answer_may_have_timeouts_of_its_own_and_ctrl_c_goes_through() -> None:
    assert chapter02.exercise.check(within_a_timeout)
    with pytest.raises(KeyboardInterrupt):
        chapter02.exercise.check(interrupted)


def test_a_law_that_ends_in_a_full_stop_is_told_with_one() -> None:
    text = chapter02.exercise.check(lets_the_conflict_out).text
    assert "is no answer for a customer. On Crowd(" in text


def test_an_answer_that_is_no_coroutine_is_told_so() -> None:
    checked = chapter02.exercise.check(lambda store, show, clerk, seats: SeatSold(8, clerk))
    assert checked.status == "broken" and "TypeError" in checked.text


async def blank(store: Any, show: Any, clerk: str, seats: int) -> None: ...


@pytest.mark.parametrize("answer", [None, ..., blank])
def test_no_answer_is_not_yet_one(answer: object) -> None:
    assert chapter02.exercise.check(answer).status == "not yet"


@pytest.mark.parametrize("seed", range(5))
def test_the_sound_evening_is_sound_for_other_seeds_too(seed: int) -> None:
    office = Office(seed=seed)
    evening = office.run(chapter02.selling("ada", "ben", "cleo"), before=chapter02.SEVEN_SOLD)
    assert no_seat_sold_twice(evening.log).valid
    assert somebody_on_duty(office.run(chapter02.going_home(), before=chapter02.BOTH_THERE).log).valid


def test_a_law_is_told_with_its_witnesses() -> None:
    assert repr(chapter02.law(none_found("nothing is lost", "losses", []))) == "✓ “nothing is lost” holds."
    assert (
        repr(chapter02.law(none_found("nothing is lost", "losses", ["a", "b"]))) == "✗ “nothing is lost” broke: a; b."
    )


def test_the_formula_agrees_and_the_plausible_one_is_found_out() -> None:
    sweep = contended.sweep(clerks=(10, 20), holds_ms=(100, 200))
    points = [*sweep.by_clerks, *sweep.by_hold]
    assert all(chapter02.agrees(one, sweep) for one in points)
    wrong = sweep._replace(formula=lambda load: 1 - math.exp(-load))
    assert not any(chapter02.agrees(one, wrong) for one in points)
    assert {row[-1] for row in chapter02.as_table(wrong).rows} == {"NO"}
