"""A deadline travels as the time that is left, and never grows on the way."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.resilience import deadline, deadline_from_header, deadline_to_header, remaining_s
from eventlab.testing.clock import ManualClock


@given(st.floats(min_value=0, max_value=3e11))
def test_what_arrives_is_never_more_and_hardly_less(left_s: float) -> None:
    text = deadline_to_header(left_s)
    assert text is not None and re.fullmatch(r"[0-9]{1,8}[HMSmun]", text)
    assert left_s - max(1e-9, left_s * 1e-3) <= deadline_from_header(text) <= left_s * (1 + 1e-15)


@given(st.text(max_size=12))
def test_any_text_gives_seconds_or_is_named(text: str) -> None:
    try:
        assert 0 <= deadline_from_header(text) < math.inf
    except InvalidValue as error:
        assert error.value == text


@given(st.integers(0, 99_999_999), st.sampled_from("HMSmun"))
def test_every_text_of_grpc_is_understood(count: int, unit: str) -> None:
    seconds = {"H": 3600, "M": 60, "S": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9}[unit]
    assert deadline_from_header(f"{count}{unit}") == pytest.approx(count * seconds)


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (0.25, "250000u"),
        (90, "90000000u"),
        (1.5e9, "25000000M"),
        (-1, "0n"),
        (0, "0n"),
        (1e300, "99999999H"),
        (math.inf, None),
    ],
)
def test_it_takes_the_finest_unit_that_has_room(left_s: float, text: str | None) -> None:
    assert deadline_to_header(left_s) == text


@pytest.mark.parametrize("text", ["", "5", "m", "123456789m", "-1m", "1.5S", "5 m", "5h", "٥m", "5m\n"])
def test_what_is_none_of_its_texts_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="eventlab-timeout"):
        deadline_from_header(text)


def test_a_clock_of_another_machine_changes_nothing() -> None:
    caller, callee = ManualClock(), ManualClock()
    caller.advance(1_000_000)

    async def write() -> str | None:
        assert deadline_to_header() is None
        with deadline(2.5):
            caller.advance(0.5)
            return deadline_to_header()

    async def read(text: str) -> float | None:
        with deadline(deadline_from_header(text)):
            return remaining_s()

    text = caller.run(write())
    assert text is not None
    assert (text, callee.run(read(text))) == ("2000000u", 2.0)


def test_who_sends_no_header_sets_no_end_and_takes_none_away() -> None:
    async def main() -> list[float | None]:
        seen = []
        for outer_s in (math.inf, 5):
            with deadline(outer_s), deadline(deadline_from_header(None)):
                seen.append(remaining_s())
        return seen

    assert ManualClock().run(main()) == [None, 5]
