"""The page on using the package in one's own tests: its tests pass where its fixture is."""

from __future__ import annotations

import pytest

from tests.docs.test_samples import samples
from tests.sources import ROOT

pytest_plugins = ["pytester"]

PROGRAMS = [program for program, _ in samples((ROOT / "docs" / "library.md").read_text(encoding="utf-8"))]


def test_the_tests_of_the_page_pass_with_its_conftest(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (conftest,) = (program for program in PROGRAMS if program.startswith("pytest_plugins"))
    (tests,) = (program for program in PROGRAMS if "def test_" in program)
    pytester.makeconftest(conftest)
    pytester.makepyfile(tests)
    result = pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"passed": tests.count("def test_")}


def test_the_whole_program_has_what_the_page_promises() -> None:
    program = PROGRAMS[0]
    shown = ("policy_for=", ".recover()", ".partition(", ".crash()", ".restart()", ".disk", "Recorder(", "sqlite:///")
    assert [part for part in shown if part not in program] == []
