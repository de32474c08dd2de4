"""What is paced and what is not: a failure that was logged asks for patience, a crash does not."""

from __future__ import annotations

from contextlib import suppress

import pytest

from eventlab import runtime
from eventlab.sagas import Status
from tests.unit.sagas.toys import Bench, Cut, in_world


async def _resumption_s(bench: Bench, cut: int) -> float | None:
    """Seconds from a crash at *cut* to the end of the saga; None when it ended before."""
    knife = bench.cut_at(cut)
    with suppress(Cut):
        await bench.run()
    if knife.seen < cut:
        return None
    bench.cut_at(0)
    began_s = runtime.monotonic()
    state = await bench.engine().drive("1")
    assert state.status in (Status.COMPLETED, Status.COMPENSATED)
    return runtime.monotonic() - began_s


@pytest.mark.parametrize("refuse", ["", "c"])
def test_an_attempt_that_a_crash_cut_short_is_repeated_at_once(refuse: str) -> None:
    """Wherever it is cut, on the way forward or back: without a failure in the log there is no pause."""

    async def main() -> list[float]:
        took: list[float] = []
        while True:
            bench = Bench()
            bench.toys.refuse = refuse
            took_s = await _resumption_s(bench, len(took) + 1)
            if took_s is None:
                return took
            took.append(took_s)

    took = in_world(main)
    assert len(took) >= 10
    assert set(took) == {0.0}


def test_an_attempt_whose_failure_was_logged_is_repeated_after_its_pause() -> None:
    bench = Bench()
    bench.toys.unreachable = {"b": 1}

    async def main() -> float:
        await bench.run()
        return runtime.monotonic()

    assert in_world(main) == 0.1
