"""The notebooks in JupyterLab, in a browser, as a reader opens them. ``make ui`` runs this."""

from __future__ import annotations

import hashlib
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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab over a copy of what the notebooks need, because it saves what it opens."""
    folder, state = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("state")
    for part in ("notebooks", "scenarios", "data"):
        shutil.copytree(ROOT / part, folder / part)
    with jupyter_lab(folder, state) as running:
        yield running


def _picture(watched: Watched) -> str:
    """A digest of the figure that the slider redraws."""
    source = watched.page.locator(".jupyter-widgets.widget-output img").first.get_attribute("src")
    return hashlib.sha256((source or "").encode()).hexdigest()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_notebook_runs_and_its_slider_moves_by_keyboard(lab: Lab, dark: bool) -> None:
    SHOTS.mkdir(exist_ok=True)
    theme = "dark" if dark else "light"
    with chromium(dark=dark) as watched:
        page = watched.page
        watched.open(lab.address("notebooks/01_one_codebase_two_clocks.ipynb"))
        watched.run_all()
        assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        page.locator(".jupyter-widgets.widget-output img").first.wait_for()
        before = _picture(watched)
        handle = page.locator(".widget-slider .noUi-handle").first
        handle.scroll_into_view_if_needed()
        handle.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('.jupyter-widgets.widget-output img')?.src !== before",
            arg=page.locator(".jupyter-widgets.widget-output img").first.get_attribute("src"),
            timeout=30_000,
        )
        watched.wait_idle()
        assert _picture(watched) != before
        page.screenshot(path=SHOTS / f"01-slider-{theme}.png")
        assert watched.errors == []
        assert watched.outside == []
