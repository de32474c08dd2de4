"""The fixture `world`, as somebody else's tests meet it: pytest runs them in a folder of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import eventlab.simulation  # noqa: F401 — loaded here, so that it is not loaded anew for each folder

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading what else is installed would take seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


PLUGIN = 'pytest_plugins = ["eventlab.testing.fixtures"]'


def outcomes(pytester: pytest.Pytester, tests: str) -> dict[str, int]:
    """How many tests of that module passed, failed, could not begin or end."""
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile("import pytest\n" + tests)
    return pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider").parseoutcomes()


def test_a_world_has_the_seed_of_its_marker_or_none(pytester: pytest.Pytester) -> None:
    tests = """
def test_unmarked(world):
    assert (world.seed, world.now_s) == (0, 0.0)

@pytest.mark.world(seed=7)
def test_marked(world):
    assert world.seed == 7
"""
    assert outcomes(pytester, tests)["passed"] == 2


def test_the_nearest_marker_counts_and_the_others_complete_it(pytester: pytest.Pytester) -> None:
    tests = """
import asyncio
pytestmark = pytest.mark.world(seed=1, ready="shuffled")

async def three():
    order = []
    async def come(number):
        order.append(number)
    await asyncio.gather(come(1), come(2), come(3))
    return order

@pytest.mark.world(seed=2)
class TestClass:
    @pytest.mark.world(seed=3)
    def test_own(self, world):
        assert world.seed == 3

    def test_of_the_class(self, world):
        assert world.seed == 2
        assert world.run(three) != [1, 2, 3]

def test_of_the_module(world):
    assert world.seed == 1
"""
    assert outcomes(pytester, tests)["passed"] == 3


def test_each_test_has_a_world_of_its_own_that_ends_with_it(pytester: pytest.Pytester) -> None:
    tests = """
import asyncio
seen, ended = [], []

async def for_ever():
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(True)

async def sleep():
    asyncio.create_task(for_ever(), name="for ever")
    await asyncio.sleep(3600)

def test_first(world):
    world.run(sleep)
    assert (world.now_s, ended) == (3600, [])
    seen.append(world)

def test_second(world):
    assert world is not seen[0] and world.now_s == 0
    assert seen[0].loop.is_closed() and ended == [True]
"""
    assert outcomes(pytester, tests)["passed"] == 2


def test_a_failing_test_fails_and_its_world_is_closed_too(pytester: pytest.Pytester) -> None:
    tests = """
seen = []

async def fail():
    raise ValueError("planted")

def test_first(world):
    seen.append(world)
    world.run(fail)

def test_second():
    assert seen[0].loop.is_closed()
"""
    counts = outcomes(pytester, tests)
    assert (counts["passed"], counts["failed"]) == (1, 1)


@pytest.mark.parametrize("marker", ["world(7)", "world(sed=7)", 'world(ready="lifo")'])
def test_a_marker_that_means_nothing_is_refused(pytester: pytest.Pytester, marker: str) -> None:
    counts = outcomes(pytester, f"@pytest.mark.{marker}\ndef test_it(world):\n    pass\n")
    assert counts["errors"] == 1 and "passed" not in counts


def test_eventlab_and_its_testing_room_do_not_need_pytest() -> None:
    room = Path(__file__).parents[3] / "eventlab" / "testing"
    modules = sorted(
        ".".join(("eventlab.testing", *path.relative_to(room).with_suffix("").parts))
        for path in room.rglob("*.py")
        if path.name not in ("__init__.py", "fixtures.py")
    )
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print('pytest' in sys.modules)\n"
        "importlib.import_module('eventlab.testing.fixtures')\n"
        "print('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
