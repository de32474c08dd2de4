"""An exercise says which law broke and on what input, whatever it is given."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from eventlab.teaching import Exercise, Law, examples


def undo_order(done: list[str]) -> list[str]:
    return list(reversed(done))


def everything_is_undone(answer: Callable[[list[str]], list[str]], done: list[str]) -> bool | str:
    undone = answer(done)
    missing = [step for step in done if step not in undone]
    return True if not missing else f"{', '.join(missing)} was never undone"


EXERCISE = Exercise(
    "Write `undo_order(done)`: which steps are undone, in which order?",
    laws=[
        Law("every step that was done is undone", ([], ["pay"], ["pay", "ship"]), everything_is_undone),
        examples("the last step is undone first", [((["pay", "ship"],), ["ship", "pay"])]),
    ],
    solution=undo_order,
    hints=["Why would the first step be a bad one to begin with?", "`reversed` <b>"],
)


def test_a_right_answer_holds_every_law() -> None:
    checked = EXERCISE.check(undo_order)
    assert checked and checked.status == "held"
    assert repr(checked) == "✓ All 2 laws hold, tried on 4 inputs."


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda done: done[:-1],
            "✗ This law broke: every step that was done is undone. On ['pay'], pay was never undone.",
        ),
        (
            lambda done: done,
            "✗ This law broke: the last step is undone first. On (['pay', 'ship'],), "
            "your answer gave ['pay', 'ship'], expected ['ship', 'pay'].",
        ),
        (
            lambda done: [done[0]],
            "✗ This law broke: every step that was done is undone. On [], "
            "your answer raised IndexError: list index out of range.",
        ),
        (42, "✗ This law broke: every step that was done is undone. On [], "
             "your answer raised TypeError: 'int' object is not callable."),
    ],
    ids=["forgets one", "wrong order", "raises", "is no function"],
)  # fmt: skip
def test_a_wrong_answer_is_told_the_law_and_the_input(wrong: Any, says: str) -> None:
    checked = EXERCISE.check(wrong)
    assert not checked
    assert repr(checked) == says


def blank(done: list[str]) -> list[str]: ...  # type: ignore[empty-body]


def documented_blank(done: list[str]) -> None:
    """What is undone."""


async def asynchronous_blank(done: list[str]) -> None: ...


def marked_blank(done: list[str]) -> list[str]:
    raise NotImplementedError


@pytest.mark.parametrize("answer", [None, ..., blank, documented_blank, asynchronous_blank, marked_blank])
def test_an_unanswered_exercise_is_not_yet_and_never_an_exception(answer: Any) -> None:
    checked = EXERCISE.check(answer)
    assert checked.status == "not yet"
    assert repr(checked) == "· Not yet answered. The laws and hints are above."


def test_a_function_that_gives_a_constant_was_answered() -> None:
    assert EXERCISE.check(lambda done: []).status == "broken"


def test_an_answer_that_changes_its_input_does_not_change_the_next_check() -> None:
    def greedy(done: list[str]) -> list[str]:
        return [done.pop() for _ in range(len(done))]

    EXERCISE.check(greedy)
    assert EXERCISE.laws[0].inputs == ([], ["pay"], ["pay", "ship"])


def test_the_task_is_shown_with_its_laws_hints_folded_and_the_size_of_our_solution() -> None:
    assert repr(EXERCISE) == (
        "Exercise: Write `undo_order(done)`: which steps are undone, in which order?\n"
        "Laws:\n  1. every step that was done is undone\n  2. the last step is undone first\n"
        "Our solution takes 2 lines."
    )
    html = EXERCISE._repr_html_()
    assert html.count("<details>") == 3 and "<details open" not in html
    assert "&lt;b&gt;" in html

    open_: list[str] = []

    class Balanced(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Balanced().feed(html)
    assert open_ == []


def test_an_exercise_without_a_law_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a law"):
        Exercise("?", laws=[], solution=undo_order)
