"""Cancelling: before the start, during a step, while it is undone, after the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eventlab import runtime
from eventlab.errors import SagaVerbRefused
from eventlab.sagas import SagaEngine, SagaState, Status
from tests.unit.sagas.toys import FORWARD, Bench, in_world, undone_from

WHO = {"by": "ada", "why": "changed her mind"}


def cancelled_after(
    bench: Bench, seconds: float, then: Callable[[SagaEngine], Awaitable[Any]] | None = None
) -> tuple[SagaState, float]:
    """A submitted saga that is cancelled after so long; how it ended, for whoever waited, and when."""

    async def main() -> tuple[SagaState, float]:
        engine = bench.engine()
        waiting = asyncio.create_task(engine.submit("trip", "1", {"size": 3}))
        await asyncio.sleep(seconds)
        await engine.cancel("1", **WHO)
        return await waiting, runtime.monotonic()

    return in_world(main)


def test_what_was_cancelled_before_it_started_never_starts() -> None:
    bench = Bench()

    async def main() -> SagaState:
        await bench.engine().cancel("1", **WHO)
        return await bench.run()

    state = in_world(main)
    assert (state.status, state.reason, bench.toys.effects) == (Status.CANCELLED, "cancelled: changed her mind", [])


def test_a_step_under_way_is_not_waited_for_and_is_undone_as_well() -> None:
    bench = Bench()
    bench.toys.takes_s = {"b": 60.0}
    state, ended_s = cancelled_after(bench, 5.0)
    assert (state.status, ended_s) == (Status.COMPENSATED, 5.0)
    assert bench.toys.effects == ["T a", "C a"]
    assert "b" in bench.toys.cancelled


def test_so_is_a_pause_between_two_attempts() -> None:
    bench = Bench()
    bench.toys.unreachable = {"b": 2}
    state, ended_s = cancelled_after(bench, 0.05)
    assert (state.status, ended_s, bench.toys.effects) == (Status.COMPENSATED, 0.05, undone_from("a"))


def test_while_it_is_undone_nothing_changes() -> None:
    bench = Bench()
    bench.toys.refuse, bench.toys.takes_s = "c", {"undo b": 10.0}
    state, _ = cancelled_after(bench, 5.0)
    assert (state.status, state.failed_step) == (Status.COMPENSATED, "c")
    assert bench.toys.effects == undone_from("b")
    assert bench.toys.calls.count("undo b") <= 2


def test_past_the_point_of_no_return_it_is_refused() -> None:
    bench = Bench()
    bench.toys.takes_s = {"p": 10.0}
    with pytest.raises(SagaVerbRefused, match="it has, or may have, passed its point of no return"):
        cancelled_after(bench, 5.0)


@pytest.mark.parametrize(("refuse", "effects"), [("", FORWARD), ("b", undone_from("a"))])
def test_after_the_end_nothing_changes(refuse: str, effects: list[str]) -> None:
    bench = Bench()
    bench.toys.refuse = refuse

    async def main() -> None:
        state = await bench.run()
        if refuse:
            assert await bench.engine().cancel("1", **WHO) == state
        else:
            with pytest.raises(SagaVerbRefused, match="it is completed"):
                await bench.engine().cancel("1", **WHO)
        assert await bench.engine().state("1") == state

    in_world(main)
    assert bench.toys.effects == effects


def test_cancelled_twice_is_cancelled_once() -> None:
    bench = Bench()
    bench.toys.takes_s = {"b": 60.0}

    async def main() -> list[str]:
        engine = bench.engine()
        waiting = asyncio.create_task(engine.submit("trip", "1", {}))
        await asyncio.sleep(1)
        await asyncio.gather(*[engine.cancel("1", **WHO) for _ in range(3)])
        await waiting
        return await bench.types()

    assert in_world(main).count("SagaTurnedBack") == 1


def test_another_process_may_cancel_what_is_driven_here() -> None:
    """It knows no definition; the driver notices at its next word, and goes back."""
    bench = Bench()
    bench.toys.takes_s = {"b": 10.0}

    async def main() -> SagaState:
        waiting = asyncio.create_task(bench.run())
        await asyncio.sleep(5)
        await SagaEngine(bench.store).cancel("1", **WHO)
        return await waiting

    assert in_world(main).status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("b")
