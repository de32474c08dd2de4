from __future__ import annotations

import asyncio

import pytest

from eventlab.resilience import deadline, deadline_at, remaining_s
from eventlab.testing.clock import ManualClock


def test_there_is_no_deadline_until_one_is_given() -> None:
    assert remaining_s() is None


def test_the_nearer_deadline_counts() -> None:
    clock = ManualClock()

    async def main() -> None:
        with deadline(5):
            with deadline(10):
                assert remaining_s() == 5
            with deadline(2):
                assert remaining_s() == 2
            clock.advance(3)
            assert remaining_s() == 2
            clock.advance(3)
            assert remaining_s() == 0
        assert remaining_s() is None

    clock.run(main())


def test_work_that_has_to_be_done_knows_no_deadline() -> None:
    async def main() -> None:
        with deadline(5), deadline_at(None):
            assert remaining_s() is None

    ManualClock().run(main())


def test_a_deadline_is_known_to_the_tasks_started_under_it() -> None:
    async def main() -> None:
        async def look() -> float | None:
            return remaining_s()

        with deadline(5):
            inside = asyncio.create_task(look())
        assert (await inside, await look()) == (5, None)

    ManualClock().run(main())


def test_a_wall_clock_that_is_set_moves_no_deadline() -> None:
    clock = ManualClock()

    async def main() -> None:
        with deadline(5):
            clock.step(3600)
            assert remaining_s() == 5

    clock.run(main())


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="seconds"):
        ManualClock().advance(-1)
