"""The notebooks in JupyterLab, in a browser, as a reader opens them. ``make ui`` runs this."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from .browser import CHROMIUM, Lab, Watched, chromium, jupyter_lab

pytestmark = [
    pytest.mark.ui,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH; on Debian: apt-get install chromium"),
]

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "shots"

COMPLAINTS = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
"""Where a cell's errors and warnings stand."""

PICTURE = ".jupyter-widgets.widget-output img"
"""The figure that a slider redraws."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab over a copy of what the notebooks need, because it saves what it opens, and keeps its kernels."""
    folder, state = tmp_path / "work", tmp_path / "state"
    for part in ("notebooks", "scenarios", "data"):
        shutil.copytree(ROOT / part, folder / part)
    with jupyter_lab(folder, state) as running:
        yield running


def picture(watched: Watched) -> str:
    return watched.page.locator(PICTURE).first.get_attribute("src") or ""


CHAPTERS = [
    "01_one_codebase_two_clocks",
    "02_concurrency_conflicts",
    "03_sagas_and_compensation",
    "04_circuit_breakers",
]


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_notebook_runs_and_its_slider_moves_by_keyboard(lab: Lab, chapter: str, dark: bool) -> None:
    theme = "dark" if dark else "light"
    with chromium(dark=dark) as watched:
        page = watched.page
        watched.open(lab.address(f"notebooks/{chapter}.ipynb"))
        assert page.locator("body").get_attribute("data-jp-theme-light") == str(not dark).lower()
        watched.run_all()
        assert page.locator(COMPLAINTS).all_inner_texts() == []
        page.locator(PICTURE).first.wait_for()
        before = picture(watched)
        handle = page.locator(".widget-slider .noUi-handle").first
        handle.scroll_into_view_if_needed()
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "([selector, before]) => ![undefined, before].includes(document.querySelector(selector)?.src)",
            arg=[PICTURE, before],
            timeout=30_000,
        )
        watched.wait_idle()
        watched.photograph(SHOTS, f"{chapter[:2]}-{theme}")
        assert watched.errors == []
        assert watched.outside == []
