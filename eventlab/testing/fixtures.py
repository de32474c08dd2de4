"""A pytest plugin: a world for each test that asks for one.

Say ``pytest_plugins = ["eventlab.testing.fixtures"]`` in the topmost ``conftest.py``. This is the one module of
the package that imports pytest, which is no requirement of eventlab.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation import World

EXAMPLE = "@pytest.mark.world(seed=7), or also ready='shuffled' or epoch=..."


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, also to those who forbid unknown ones."""
    config.addinivalue_line("markers", "world(seed=0, ready='fifo'): how the fixture `world` is made")


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world of the test's own, closed when the test ends.

    Its seed is 0 unless ``@pytest.mark.world(seed=7)`` says otherwise, on the test, its class or its module;
    what stands nearest to the test counts. The marker takes what `World` takes, by name.
    """
    settings: dict[str, object] = {}
    for marker in reversed(list(request.node.iter_markers("world"))):
        if marker.args or not marker.kwargs.keys() <= {"seed", "ready", "epoch"}:
            raise InvalidValue("@pytest.mark.world", (*marker.args, *marker.kwargs.items()), EXAMPLE)
        settings |= marker.kwargs
    with World(**settings) as made:  # type: ignore[arg-type]
        yield made
