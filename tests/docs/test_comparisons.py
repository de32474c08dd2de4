"""Comparisons on a page are what the command tells: it is run again."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from eventlab.cli import app
from tests.docs.test_links import pages
from tests.sources import ROOT

SHOWN = re.compile(r"^```sh\n\.venv/bin/eventlab (compare [^\n]*)\n```\n\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)

COMPARISONS = [
    pytest.param(command, shown, id=f"{page.name}-{number}")
    for page in pages()
    for number, (command, shown) in enumerate(SHOWN.findall(page.read_text(encoding="utf-8")), start=1)
]


@pytest.mark.parametrize(("command", "shown"), COMPARISONS)
def test_a_comparison_tells_what_is_shown(command: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    told = CliRunner().invoke(app, [*shlex.split(command), "--workers", "1"])
    assert (told.exit_code, told.stdout) == (0, shown)


def test_the_first_page_has_a_comparison() -> None:
    assert len(SHOWN.findall((ROOT / "README.md").read_text(encoding="utf-8"))) == 1
