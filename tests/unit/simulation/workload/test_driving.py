"""Putting a load on: an open one does not wait for its answers, a closed one does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.simulation import Constant, Exponential, World
from eventlab.simulation.workload import Arrival, ClosedLoad, Load, Ramp, Replay, constant, drive, poisson
from eventlab.simulation.workload.loads import OpenLoad

Log = list[tuple[float, int, int]]


def driven(load: Load, takes_s: float = 0.0, begins_s: float = 0.0) -> tuple[Log, float]:
    """When which request of whom began, and when the load was over."""
    world, log = World(1), list[tuple[float, int, int]]()

    async def request(arrival: Arrival) -> None:
        assert arrival.at_s == pytest.approx(world.now_s)
        log.append((round(world.now_s, 9), arrival.user, arrival.number))
        await asyncio.sleep(takes_s)

    async def main() -> float:
        await asyncio.sleep(begins_s)
        await drive(load, request)
        return world.now_s

    return log, world.run(main)


@pytest.mark.parametrize("load", [constant(2, for_s=2.1), Replay([0.5, 1, 1.5, 2])])
def test_an_open_load_does_not_slow_down_when_answers_are_late(load: Load) -> None:
    expected = [(0.5, 0, 1), (1.0, 0, 2), (1.5, 0, 3), (2.0, 0, 4)]
    assert driven(load) == (expected, 2.0)
    assert driven(load, takes_s=100) == (expected, 102.0)


def test_a_load_counts_its_time_from_where_it_begins() -> None:
    log, _ = driven(Replay([0, 1]), begins_s=50)
    assert [at_s for at_s, _, _ in log] == [50, 51]


def test_users_wait_for_the_answer_then_think() -> None:
    log, over_s = driven(ClosedLoad(2, each=3, thinking=Constant(1)), takes_s=2)
    assert log == [(0, 1, 1), (0, 2, 1), (3, 1, 2), (3, 2, 2), (6, 1, 3), (6, 2, 3)]
    assert over_s == 8  # nobody thinks after the last answer


def test_users_ask_no_more_when_their_time_is_over() -> None:
    log, over_s = driven(ClosedLoad(1, for_s=7, thinking=Constant(1)), takes_s=2)
    assert [at_s for at_s, _, _ in log] == [0, 3, 6]
    assert over_s == 9  # the answer, and a thought that leads to nothing


def test_one_more_user_moves_nobody_elses_thoughts() -> None:
    two, three = (driven(ClosedLoad(users, each=5, thinking=Exponential(1)))[0] for users in (2, 3))
    assert two == [line for line in three if line[1] <= 2]


def test_how_long_answers_take_moves_no_arrival() -> None:
    load = OpenLoad(Ramp(1, 9, 5), for_s=5)
    assert driven(load)[0] == driven(load, takes_s=3)[0]


def test_an_error_of_a_request_ends_the_load() -> None:
    async def request(arrival: Arrival) -> Any:
        raise ValueError(arrival.number)

    with pytest.raises(ExceptionGroup) as found:
        World(1).run(drive(poisson(1, count=5), request))
    assert found.value.exceptions[0].args == (1,)
