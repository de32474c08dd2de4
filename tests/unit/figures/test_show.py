"""A figure in a notebook: PNG first, its words as what stands for it, and below it in lines."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytest.importorskip("IPython", reason="the extra `lab` is not installed")

from eventlab.figures import describe_outcomes, draw_outcomes, drawn, show, style
from tests.unit.figures.made_up_run import made_up_run


def test_show_gives_png_with_words_and_prints_them_in_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    displayed: list[tuple[dict[str, str], dict[str, Any]]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: displayed.append((data, options)))
    run = made_up_run(orders=20)
    show(draw_outcomes, run)
    words = describe_outcomes(run)
    ((bundle, options),) = displayed
    assert bundle["image/png"].startswith("iVBOR") and bundle["text/plain"] == words
    assert options["metadata"] == {"image/png": {"alt": words}}
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines) == words
    assert max(map(len, lines)) <= 84


def test_a_figure_that_was_rendered_is_let_go_of() -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    try:
        with drawn(draw_outcomes, made_up_run(orders=20)):
            assert len(plt.get_fignums()) == 1
        assert plt.get_fignums() == []
    finally:
        sys.modules.pop("matplotlib.pyplot")
        assert style.new_figure(8, 3).get_size_inches().tolist() == [8, 3]
