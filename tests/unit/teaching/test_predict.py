"""A guess is kept until it is revealed, and then held against the result in words."""

from __future__ import annotations

import pytest

from eventlab.teaching import predict
from eventlab.teaching.predict import Prediction, how_far


class Field:
    """A field that somebody typed into."""

    def __init__(self, value: float | str) -> None:
        self.value = value


def test_without_a_kernel_the_default_is_the_guess_and_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    guess = predict("How many of 50 orders are undone?", default=10, unit="orders")
    assert capsys.readouterr().out == "? How many of 50 orders are undone? Your guess: 10 orders.\n"
    assert guess.guess == 10
    assert repr(guess.reveal(8)) == "· Your guess was 10 orders; it was 8 orders: 25 % too high."


def test_what_was_typed_counts_at_the_time_of_the_reveal() -> None:
    field = Field(3.0)
    guess = Prediction("How long?", 1.0, "s", field)
    field.value = 5.0
    assert guess.reveal(5.0).text == "Your guess was 5 s; it was 5 s: exactly right."


def test_words_can_be_guessed_too() -> None:
    guess = predict("Which?", default="sound", options=["naive", "sound"])
    assert guess.reveal("sound").text == "Your guess was “sound”, as it came out."
    assert guess.reveal("naive").text == "Your guess was “sound”, but it was “naive”."
    with pytest.raises(ValueError, match="none of the options"):
        predict("Which?", default="both", options=["naive", "sound"])


@pytest.mark.parametrize(
    ("guess", "actual", "words"),
    [
        (67, 50, "17 points too high"),
        (49, 50, "1 point too low"),
        (50, 50, "exactly right"),
        (0, 5, "5 points too low"),
    ],
)
def test_between_percentages_the_distance_is_one_of_points(guess: float, actual: float, words: str) -> None:
    assert Prediction("Which share?", guess, "%", None).reveal(actual).text.endswith(f": {words}.")


@pytest.mark.parametrize(
    ("guess", "actual", "words"),
    [
        (5, 5, "exactly right"),
        (100, 100.5, "less than 1 % too low"),
        (12, 10, "20 % too high"),
        (100, 5, "20 times too high"),
        (1, 30, "30 times too low"),
        (5, 0, "off by 5"),
        (-2, 3, "off by 5"),
    ],
)
def test_a_distance_in_words(guess: float, actual: float, words: str) -> None:
    assert how_far(guess, actual) == words


def test_a_reveal_is_html_too_and_escaped() -> None:
    html = predict("?", default="<b>").reveal("<i>")._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html
