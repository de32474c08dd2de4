"""What holds for every test: property tests draw the same examples each time, and no listener outlives its test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from eventlab import hooks

HERE = Path(__file__).parent

collect_ignore = [] if find_spec("playwright") else ["ui"]  # its modules import playwright at once

# `derandomize`: a red test is red on every machine. No deadline: a slow machine breaks no law.
settings.register_profile("default", derandomize=True, deadline=None, max_examples=50)
settings.register_profile(
    "soak", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def pytest_configure(config: pytest.Config) -> None:
    """A soak looks for new examples; every other run repeats the known ones."""
    settings.load_profile("soak" if config.option.markexpr == "soak" else "default")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in tests/ui needs a browser, so it runs only where one was asked for."""
    for item in items:
        if item.path.is_relative_to(HERE / "ui"):
            item.add_marker(pytest.mark.ui)


@pytest.fixture(autouse=True)
def _nobody_listens_after_a_test() -> Iterator[None]:
    yield
    assert not hooks.listening, "a listener was left behind; it would hear the next test as well"


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts background commands like this, and tests of Ctrl-C would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
