"""What holds for as long as a block lasts says so where no block was begun."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from eventlab.services import PASS
from eventlab.simulation import Degradation, Disk, World


def _world() -> World:
    world = World()
    world.node("a"), world.node("b")
    return world


CALLS: list[Callable[[World], Any]] = [
    lambda world: world.network.partition(["a"], ["b"]),
    lambda world: world.network.isolate("a"),
    lambda world: world.network.links.rule(lambda envelope: PASS),
    lambda world: world.network.degraded(Degradation(left=("a",), right=("b",), loss=0.5)),
    lambda world: world.node("a").paused(),
    lambda world: world.node("a").slow(2),
    lambda world: Disk("d").stalled(),
    lambda world: Disk("d").slowed(2),
    lambda world: Disk("d").full(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_alone_changes_nothing_and_warns(call: Callable[[World], Any]) -> None:
    world = _world()
    with pytest.warns(RuntimeWarning, match=r"\) changed nothing: .* so say `with` before it"):
        call(world)
    assert world.network.links.rules == []


@pytest.mark.parametrize("call", CALLS)
def test_a_block_that_was_begun_is_silent(call: Callable[[World], Any]) -> None:
    with warnings.catch_warnings(record=True) as told:  # an error out of a destructor would be heard by nobody
        warnings.simplefilter("always")
        with call(_world()):
            pass
    assert told == []


def test_the_warning_names_the_cut_and_the_line_that_forgot_it() -> None:
    with pytest.warns(RuntimeWarning) as told:
        _world().network.partition(["a"], ["b"])
    (warning,) = told
    assert (str(warning.message).startswith("rule(a ↔ b) "), warning.filename) == (True, __file__)
