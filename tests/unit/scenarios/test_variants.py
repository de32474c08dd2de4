"""`--set path=a,b`: which variants that makes, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import RunRefused
from eventlab.scenarios.variants import Variant, split_values, variants_of


def test_two_values_make_two_variants_and_single_ones_change_both() -> None:
    assert variants_of(["load.orders.first=50", "policies.breaker.enabled=true, false"]) == [
        Variant("a", ("load.orders.first=50", "policies.breaker.enabled=true"), ("policies.breaker.enabled=true",)),
        Variant("b", ("load.orders.first=50", "policies.breaker.enabled=false"), ("policies.breaker.enabled=false",)),
    ]


def test_several_lists_make_a_grid() -> None:
    assert [one.changed for one in variants_of(["x=1,2", "y=3,4"])] == [
        ("x=1", "y=3"),
        ("x=1", "y=4"),
        ("x=2", "y=3"),
        ("x=2", "y=4"),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("true,false", ["true", "false"]),
        ("10ms, 20ms ,1s", ["10ms", "20ms", "1s"]),
        ("[a, b],[]", ["[a, b]", "[]"]),
        ("uniform(1ms, 5ms),5ms", ["uniform(1ms, 5ms)", "5ms"]),
        ("[{crash: x, at: 1s}], []", ["[{crash: x, at: 1s}]", "[]"]),
        ("'a, b',\"c, d\"", ["'a, b'", '"c, d"']),
        ("[who's, 'x, y'],z", ["[who's, 'x, y']", "z"]),
        ("it's,so", ["it's", "so"]),
        ("", [""]),
        ("a)b,c", ["a)b", "c"]),
    ],
)
def test_commas_inside_brackets_and_quotes_separate_nothing(text: str, values: list[str]) -> None:
    assert split_values(text) == values


@given(st.lists(st.sampled_from(["a", "[b, c]", "f(1, 2)", "{k: 'x, y'}", "'it, is'", "it's", "3"]), min_size=1))
def test_values_that_are_joined_are_separated_again(values: list[str]) -> None:
    assert split_values(", ".join(values)) == values


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([], "nothing to compare: no --set has several values, as in --set policies.breaker.enabled=true,false"),
        (["x=1"], "nothing to compare: no --set has several values, as in --set policies.breaker.enabled=true,false"),
        (["x=1,,2"], "--set x=1,,2: nothing stands between two commas; a text that holds commas is to be quoted"),
        (["x=1,"], "--set x=1,: nothing stands between two commas; a text that holds commas is to be quoted"),
        (["x=1,2,1"], "--set x=1,2,1 gives 1 twice: there is nothing to compare it with"),
        (["x=1,2", "x=3"], "--set x is given twice: name all its values at once, with commas between them"),
        (["seed=1,2"], "--set seed: seeds are not compared, every variant gets the same; --seed sets the first"),
        (
            ["x=1,2,3,4,5", "y=1,2,3,4"],
            "--set makes 20 variants; at most 16 are compared: leave some values out",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(sets: list[str], message: str) -> None:
    with pytest.raises(RunRefused) as caught:
        variants_of(sets)
    assert str(caught.value) == message
