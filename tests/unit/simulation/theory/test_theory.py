"""The simulator agrees with theory, within an interval of 99.9 %; with a planted error it does not."""

from __future__ import annotations

import pytest

from tests.sources import ROOT
from tests.unit.simulation.theory.laws import LAWS, Law

PAGE = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_simulator_agrees_with_theory(law: Law) -> None:
    measured = law.measured()
    assert measured.covers(law.expected), f"{measured} is not {law.expected:.4g}"


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_planted_error_is_seen(law: Law) -> None:
    planted = law.with_the_planted_error()
    assert not planted.covers(law.expected), f"{planted} is still {law.expected:.4g}"


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_page_shows_what_is_measured(law: Law) -> None:
    assert law.row in PAGE
