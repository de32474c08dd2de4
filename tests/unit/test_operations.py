"""Operations that one records oneself: three outcomes, and values that a file gives back equal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from eventlab import history, hooks
from eventlab.errors import (
    CallFailed,
    CallTimeout,
    InvalidValue,
    Refused,
    StoreUnavailable,
    VersionConflict,
)
from eventlab.history import Operation, operation
from eventlab.simulation import Recorder, World


def told_of(raised: BaseException) -> str:
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append), pytest.raises(type(raised)), operation("ada", "write", "x", 1) as op:
        op.returns("never said")
        raise raised
    (end,) = [what for what in heard if isinstance(what, hooks.OperationEnded)]
    assert end.value == (str(raised) or type(raised).__name__)
    return end.outcome


def test_an_operation_failed_only_where_its_error_promises_that_nothing_happened() -> None:
    errors = [
        Refused("sold_out", "no seat is left"),
        VersionConflict([("a-1", 3, 5)]),
        StoreUnavailable("db", "no route"),
        CallTimeout("db", "Write", 1.0),
        CallFailed("db", "Write", "a KeyError, who knows after what"),
        TimeoutError(),
        asyncio.CancelledError(),
        KeyError("x"),
    ]
    assert [told_of(error) for error in errors] == ["failed"] * 3 + ["unknown"] * 5


def test_what_is_said_of_the_outcome_counts_more_than_the_error() -> None:
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        with pytest.raises(KeyError), operation("ada", "write", "x") as op:
            op.fails("the key is checked before anything is written")
            raise KeyError("x")
        with operation("ada", "write", "x") as op:
            op.stays_unknown("sent, and not waited for")
    ends = [(what.outcome, what.value) for what in heard if isinstance(what, hooks.OperationEnded)]
    assert ends == [
        ("failed", "the key is checked before anything is written"),
        ("unknown", "sent, and not waited for"),
    ]


def test_a_crash_leaves_an_operation_without_an_end_and_a_timeout_leaves_it_unknown() -> None:
    async def write(client: str, takes_s: float) -> None:
        async with operation(client, "write", "x", 3) as op:
            await asyncio.sleep(takes_s)
            op.returns([3, "written"])

    async def main() -> None:
        world.node("a").spawn(write("on a", 5))
        world.node("b").spawn(write("on b", 1))
        await asyncio.sleep(2)
        world.node("a").crash()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await write("here", 5)

    world = World()
    with world.recording() as run:
        world.run(main)
        world.close()
    assert history.operations(run.entries) == [
        Operation("on a", "write", "x", 0.0, 3, "unknown", places=(1, 0)),
        Operation("on b", "write", "x", 0.0, 3, "ok", 1.0, [3, "written"], places=(2, 3)),
        Operation("here", "write", "x", 2.0, 3, "unknown", 3.0, "CancelledError", places=(5, 6)),
    ]
    assert history.from_lines(history.to_lines(run.entries)) == run.entries


def test_operations_are_counted_for_each_world() -> None:
    async def main() -> None:
        for _ in range(2):
            with operation("ada", "read", "x"):
                pass

    def numbers() -> list[int]:
        with World() as world, world.recording() as run:
            world.run(main)
        return [what.id for _, what in history.of_kind(run.entries, hooks.OperationInvoked)]

    assert [numbers(), numbers()] == [[1, 2], [1, 2]]


@pytest.mark.parametrize(
    "value", [(1, 2), float("nan"), {1: "a"}, b"bytes", {1, 2}, object()], ids=lambda value: type(value).__name__
)
def test_a_value_that_a_file_would_not_give_back_is_refused(value: Any) -> None:
    def given() -> None:
        operation("ada", "write", "x", value)

    def returned() -> None:
        with operation("ada", "read", "x") as op:
            op.returns(value)

    ways: list[Callable[[], None]] = [given, returned]
    for way in ways:
        with pytest.raises(InvalidValue, match="JSON"):
            way()


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "é", [1, [2.0]], {"a": {"b": None}}], ids=str)
def test_a_value_that_a_file_gives_back_is_welcome(value: Any) -> None:
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append), operation("ada", "write", "x", value) as op:
        op.returns(value)
    assert heard[0] == hooks.OperationInvoked(heard[0].id, "ada", "write", "x", value)  # type: ignore[attr-defined]


def test_an_operation_that_begins_late_tells_by_how_much_and_its_latency_counts_from_where_it_was_meant() -> None:
    async def main() -> None:
        for meant_s in (None, 5.0, 3.5, 4.9999):
            with history.operation("ada", "read", "x", meant_s=meant_s):
                await asyncio.sleep(1.0 if meant_s is None else 0.0)
            if meant_s is None:
                await asyncio.sleep(4.0)

    recorder = Recorder()
    with World() as world, recorder.recording():
        world.run(main)
    found = history.operations(recorder.entries)
    assert [(one.late_s, one.latency_s) for one in found] == [(0, 1), (0, 0), (1.5, 1.5), (0, 0)]
