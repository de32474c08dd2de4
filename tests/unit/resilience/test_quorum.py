"""A quorum is there once enough have answered, missed once it cannot be reached, and leaves nobody behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import CallTimeout, EventlabError, InvalidValue, QuorumMissed, Unavailable
from eventlab.resilience import quorum
from eventlab.simulation import World

Outcome = str | Exception


async def answering(after_s: float, outcome: Outcome, ended: list[str]) -> str:
    try:
        await asyncio.sleep(after_s)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
    finally:
        ended.append(str(outcome))


def story(needed: int, *replies: tuple[float, Outcome]) -> tuple[Any, float, int]:
    """What came of it, when, and how many of those who were asked were at rest by then."""
    ended: list[str] = []
    calls: list[Callable[[], Coroutine[Any, Any, str]]] = [partial(answering, *reply, ended) for reply in replies]

    async def main() -> tuple[Any, float, int]:
        try:
            found: Any = await quorum(needed, calls)
        except Exception as error:
            found = error
        return found, world.now_s, len(ended)

    with World(1) as world:
        return world.run(main)


DEAD = Unavailable("c", "it is down")
MUTE = CallTimeout("d", "Work", 9.0)


def test_the_slow_are_not_waited_for() -> None:
    assert story(2, (5.0, "a"), (1.0, "b"), (3.0, "c")) == (["b", "c"], 3.0, 3)


def test_failures_that_leave_enough_do_no_harm() -> None:
    assert story(2, (1.0, DEAD), (2.0, "b"), (3.0, "c")) == (["b", "c"], 3.0, 3)


def test_it_is_missed_as_soon_as_too_few_are_left() -> None:
    missed, at_s, ended = story(2, (1.0, "a"), (2.0, DEAD), (4.0, MUTE), (9.0, DEAD), (9.5, DEAD))[:3]
    assert (at_s, ended, missed.args) == (9.5, 5, (1, 2, 5))
    missed, at_s, ended = story(3, (1.0, "a"), (2.0, DEAD), (4.0, MUTE), (9.0, DEAD))
    assert (at_s, ended, missed.args) == (4.0, 4, (1, 3, 4))
    assert str(missed) == "1 of 4 answered, and 3 had to; the outcome is unknown"


def test_where_nothing_happened_anywhere_that_is_what_is_said() -> None:
    assert story(1, (2.0, DEAD), (1.0, DEAD))[0] is DEAD
    assert isinstance(story(1, (2.0, DEAD), (1.0, MUTE))[0], QuorumMissed)
    assert isinstance(story(2, (2.0, DEAD), (1.0, "b"))[0], QuorumMissed)
    assert isinstance(story(2, (2.0, "a"), (1.0, DEAD))[0], QuorumMissed)  # of the other one, nobody knows yet


def test_a_mistake_in_the_code_comes_through() -> None:
    mistake = ZeroDivisionError("division by zero")
    assert story(1, (1.0, mistake), (2.0, "b")) == (mistake, 1.0, 2)


def test_who_leaves_takes_the_calls_along() -> None:
    ended: list[str] = []

    async def main() -> list[str]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await quorum(1, [partial(answering, 5.0, name, ended) for name in "abc"])
        return ended

    with World(1) as world:
        assert world.run(main) == ["a", "b", "c"]


@pytest.mark.parametrize("needed", [0, 3])
def test_no_more_can_be_needed_than_are_asked(needed: int) -> None:
    assert isinstance(story(needed, (1.0, "a"), (1.0, "b"))[0], InvalidValue)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=6), st.data())
def test_it_is_reached_at_the_moment_of_the_last_answer_needed(replies: list[tuple[int, bool]], data: Any) -> None:
    needed = data.draw(st.integers(1, len(replies)))
    answers = sorted(at for at, well in replies if well)
    failures = sorted(at for at, well in replies if not well)
    found, at_s, ended = story(needed, *((float(at), "yes" if well else MUTE) for at, well in replies))
    assert ended == len(replies)
    if len(answers) >= needed:
        assert (found, at_s) == (["yes"] * needed, answers[needed - 1])
    else:
        assert isinstance(found, EventlabError) and at_s == failures[len(replies) - needed]
