"""Every drawing has its words, and every picture of the same run has the same bytes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import eventlab.figures as figures
from eventlab.figures import style
from eventlab.figures.pictures import describe_of, drawn
from tests.unit.figures.made_up_rivals import made_up_rivals
from tests.unit.figures.made_up_run import MadeUpRun, made_up_run


def _named(prefix: str) -> dict[str, Callable[..., Any]]:
    found = {}
    for module in pkgutil.iter_modules(figures.__path__, "eventlab.figures."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            if name.startswith(prefix) and inspect.isfunction(thing) and thing.__module__ == module.name:
                found[name.removeprefix(prefix)] = thing
    return found


def _of(subject: str) -> dict[str, Callable[..., Any]]:
    return {n: draw for n, draw in _named("draw_").items() if next(iter(inspect.signature(draw).parameters)) == subject}


DRAWN = _of("run")
"""The figures of a run. The marks that they are made of, which start from axes, are no figures by themselves."""

MEASURED = {**_of("sweep"), **_of("policies"), **_of("points"), **_of("runs"), **_of("matrix")}
"""The figures of what was measured in many runs; their tests stand by themselves."""

TOLD = _of("saga")
"""The figures of one saga; their tests stand by themselves as well."""


def made_up(name: str, *settings: Any) -> MadeUpRun:
    """A run in which there is something for that figure to show."""
    return made_up_rivals(*settings) if name == "conflicts" else made_up_run(*settings)


@pytest.fixture
def run(name: str, runs: dict[str, MadeUpRun]) -> MadeUpRun:
    return runs[name]


@pytest.fixture(scope="module")
def runs() -> dict[str, MadeUpRun]:
    return {name: made_up(name) for name in DRAWN}


def rendered(draw: Callable[..., Any], run: MadeUpRun) -> tuple[str, bytes]:
    with drawn(draw, run) as figure:
        return style.svg(figure), style.png(figure)


@pytest.fixture(scope="module")
def pictures(runs: dict[str, MadeUpRun]) -> dict[str, tuple[str, bytes]]:
    return {name: rendered(draw, runs[name]) for name, draw in DRAWN.items()}


def test_drawings_and_descriptions_come_in_pairs() -> None:
    assert sorted(DRAWN) == ["breaker_strip", "call_graph", "conflicts", "outcomes", "saga_lanes", "trace"]
    assert sorted(TOLD) == ["saga_diagram"]
    assert sorted(MEASURED) == ["backoffs", "conflict_rates", "fault_matrix", "goodput", "in_between", "waits"]
    assert sorted(_named("describe_")) == sorted([*DRAWN, *MEASURED, *TOLD, "of"])


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_pair_takes_the_same_options_and_the_drawing_takes_axes(name: str) -> None:
    drawing = dict(inspect.signature(DRAWN[name]).parameters)
    assert drawing.pop("ax").default is None
    describing = inspect.signature(describe_of(DRAWN[name])).parameters
    assert list(drawing) == list(describing)
    assert {f"draw_{name}", f"describe_{name}"} <= set(figures.__all__)


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_the_same_run_gives_the_same_bytes(name: str, run: MadeUpRun, pictures: dict[str, tuple[str, bytes]]) -> None:
    assert rendered(DRAWN[name], run) == pictures[name]
    assert "<dc:date>" not in pictures[name][0]


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_picture_is_small_and_has_the_size_of_a_page(name: str, pictures: dict[str, tuple[str, bytes]]) -> None:
    svg, png = pictures[name]
    assert len(png) < 60_000
    assert len(svg) < 400_000
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert width == 8 * style.DPI
    assert 3 * style.DPI <= height <= 4.5 * style.DPI


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_words_are_sentences_with_numbers(name: str, run: MadeUpRun) -> None:
    words = describe_of(DRAWN[name])(run)
    assert words.endswith(".")
    assert len(re.findall(r"\d", words)) >= 10
    assert "\n" not in words


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_figure_fits_into_given_axes(name: str, run: MadeUpRun) -> None:
    with style.house_style():
        figure = style.new_figure(8, 6)
        left, right = figure.subplots(1, 2)
    drawn = DRAWN[name](run, ax=left)
    assert drawn.get_figure(root=True) is figure
    assert right in figure.axes


@pytest.mark.parametrize("cut_s", [(60.0, 90.0), (5.0, 20.0), (20.0, 400.0)])
@pytest.mark.parametrize("name", sorted(DRAWN))
def test_labels_stay_inside_the_picture_and_beside_one_another(name: str, cut_s: tuple[float, float]) -> None:
    figure = DRAWN[name](made_up(name, 200, cut_s)).get_figure(root=True)
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    texts = [text for ax in figure.axes for text in ax.texts if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for at, (one, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width + 1 and box.y1 <= height, one
        for other, beside in boxes[at + 1 :]:
            apart = box.x1 <= beside.x0 or beside.x1 <= box.x0 or box.y1 <= beside.y0 or beside.y1 <= box.y0
            assert apart, f"{one!r} lies on {other!r}"


def test_describing_needs_no_matplotlib() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from eventlab.figures import describe_outcomes\n"
        "from eventlab.history import Entry\n"
        "from types import SimpleNamespace\n"
        "print(describe_outcomes(SimpleNamespace(entries=[])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("No sagas began")


def test_ids_in_an_svg_do_not_depend_on_the_last_bit_of_the_layout() -> None:
    one, other = (
        f'<clipPath id="p{digest}"/><path clip-path="url(#p{digest})"/><use href="#m0123456789"/>'
        for digest in ("peda443d33f"[1:], "4f2dc2799a")
    )
    assert style.numbered(one) == style.numbered(other) != one
    assert style.numbered(one) == '<clipPath id="p0"/><path clip-path="url(#p0)"/><use href="#m1"/>'
