"""A picture follows its controls, and what goes wrong in a callback is read, not lost."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ipywidgets", reason="the extra `lab` is not installed")

from eventlab.figures import describe_outcomes, draw_outcomes
from eventlab.widgets import choice, explore, outage_slider, slider
from tests.unit.figures.made_up_run import made_up_run


def test_a_slider_waits_until_it_is_let_go() -> None:
    control = outage_slider(30)
    assert (control.value, control.min, control.max, control.step) == (30, 0, 60, 5)
    assert control.continuous_update is False
    assert control.description == "outage (s)"


def test_a_slider_of_whole_numbers_gives_whole_numbers() -> None:
    assert type(slider("orders", low=10, high=100, start=50).value) is int
    assert type(slider("loss", low=0, high=0.5, start=0.1, step=0.05).value) is float


def test_every_change_of_a_control_draws_once_with_all_values(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[dict[str, Any]] = []

    def draw(**values: Any) -> Any:
        calls.append(values)
        run = made_up_run(orders=10)
        return draw_outcomes(run), describe_outcomes(run)

    explorer = explore(draw, outage_s=outage_slider(30), store=choice("store", ["memory", "sqlite"]))
    explorer.controls["outage_s"].value = 45
    explorer.controls["store"].value = "sqlite"
    assert calls == [
        {"outage_s": 30, "store": "memory"},
        {"outage_s": 45, "store": "memory"},
        {"outage_s": 45, "store": "sqlite"},
    ]
    assert capsys.readouterr().out.count("10 sagas began") == 6  # once for the picture, once below it
    assert explorer.status.value == ""


def test_what_goes_wrong_is_one_line_in_the_pictures_place(capsys: pytest.CaptureFixture[str]) -> None:
    def draw(outage_s: int) -> Any:
        if outage_s > 30:
            raise ValueError("an outage of that length\n  was never tried")
        return draw_outcomes(made_up_run(orders=5))

    explorer = explore(draw, outage_s=outage_slider(30))
    capsys.readouterr()
    explorer.controls["outage_s"].value = 60
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.endswith("This did not work: ValueError: an outage of that length was never tried")
    explorer.controls["outage_s"].value = 5
    assert "did not work" not in capsys.readouterr().out
