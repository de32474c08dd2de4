"""The reference page knows every key, and its example runs through the loader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eventlab.scenarios.expecting import known_paths
from eventlab.scenarios.hints import fields_of, is_section, kind_of, members_of
from eventlab.scenarios.laws import LAWS
from eventlab.scenarios.loading import load
from eventlab.scenarios.model import Scenario
from eventlab.scenarios.units import SECONDS

from .documents import put

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "scenarios.md").read_text()


def keys(hint: object) -> set[str]:
    """Every key that may stand anywhere in a file."""
    found: set[str] = set()
    for member in members_of(hint):
        if kind_of(member):  # a value, however it is made
            continue
        for inside in getattr(member, "__args__", ()):
            found |= keys(inside)
        if is_section(member):
            for key, field in fields_of(member).items():
                found |= {key} | keys(field.hint)
    return found


@pytest.mark.parametrize("name", sorted(keys(Scenario)) + sorted(LAWS) + sorted(SECONDS))
def test_every_key_distribution_and_unit_is_on_the_page(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{re.escape(name)}\b[^`\n]*`|\d{re.escape(name)}`", PAGE), name


@pytest.mark.parametrize("path", known_paths(["SERVICE"]))
def test_every_path_of_an_expectation_is_on_the_page(path: str) -> None:
    first, _, last = path.rpartition(".")
    assert f"`{path}`" in PAGE or (f"`{first}." in PAGE and f"`.{last}`" in PAGE), path


def test_the_examples_of_the_page_are_a_scenario_and_what_may_be_added_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    whole, *parts = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(load(put(tmp_path, whole)).orders) == 500
    for part in parts:
        load(put(tmp_path, whole + part))
