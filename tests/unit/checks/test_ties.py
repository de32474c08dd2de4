"""Operations at one and the same moment: the record says which came first, and without one they are concurrent."""

from __future__ import annotations

import msgspec
import pytest

from eventlab.checks import linearizable
from eventlab.checks.operations import entries_of, history_of
from eventlab.checks.sessions import session_guarantee
from eventlab.history import Operation, from_lines, operation, operations, to_lines
from eventlab.simulation import World


async def stale() -> None:
    """Two clients, and no time at all: what is read is what was before the write."""
    for value in (1, 2):
        with operation("ada", "write", "x", value):
            pass
    for found in (2, 1):
        with operation("bob", "read", "x") as op:
            op.returns(found)


def test_a_stale_read_at_the_moment_of_the_write_is_found_by_the_records_order() -> None:
    world = World()
    with world.recording() as run:
        world.run(stale)
    found = operations(run.entries)
    assert {(each.invoked, each.ended) for each in found} == {(0.0, 0.0)}
    again = operations(from_lines(to_lines(run.entries)))
    assert [linearizable(each).valid for each in (found[:2] + found[3:], found, again)] == [False] * 3
    assert session_guarantee(found, "monotonic reads").valid is False


def test_a_session_sees_that_the_writes_of_two_others_followed_each_other() -> None:
    async def main() -> None:
        for writer in (1, 2):
            with operation(f"writer-{writer}", "write", "x", writer):
                pass
        for found in (2, 1):
            with operation("bob", "read", "x") as op:
                op.returns(found)

    world = World()
    with world.recording() as run:
        world.run(main)
    assert session_guarantee(operations(run.entries), "monotonic reads").valid is False


def test_whole_operations_without_a_record_are_concurrent_at_one_moment() -> None:
    write, read = Operation("a", "write", "x", 0, 1, "ok", 1), Operation("b", "read", "x", 1, None, "ok", 2)
    assert linearizable([write, read]).valid is True
    assert linearizable(operations(entries_of([write, read]))).valid is True
    assert b"places" not in msgspec.json.encode(write)


def test_whole_operations_keep_the_order_of_the_record_that_they_were_taken_from() -> None:
    world = World()
    with world.recording() as run:
        world.run(stale)
    ada_1, ada_2, _, bob = operations(run.entries)
    whole = [ada_1, ada_2, bob]
    lines = msgspec.json.Encoder().encode_lines(whole)
    assert [linearizable(operations(each)).valid for each in (entries_of(whole), history_of(lines))] == [False] * 2


def test_operations_that_overlap_in_the_record_at_one_moment_are_concurrent() -> None:
    async def main() -> None:
        with operation("a", "write", "x", 1), operation("b", "read", "x"):
            pass

    world = World()
    with world.recording() as run:
        world.run(main)
    assert linearizable(operations(run.entries)).valid is True


TIED = {
    "register": ("write", 7, ("read", None, 7)),
    "counter": ("add", 7, ("read", None, 7)),
    "stream": ("append", 7, ("read", None, [7])),
    "set": ("add", 7, ("contains", 7, True)),
    "queue": ("enqueue", 7, ("dequeue", None, 7)),
}


@pytest.mark.parametrize("model", TIED)
@pytest.mark.parametrize("ended", [3.0, 4.0, None])
def test_what_a_process_began_when_its_last_operation_ended_comes_after_that(model: str, ended: float | None) -> None:
    what, value, (asked, about, found) = TIED[model]
    first = Operation("p", asked, "x", 1.0, about, "ok", 3.0, found)
    write = Operation("p", what, "x", 3.0, value, "unknown", ended)
    assert linearizable([first, write], model).valid is False
    assert linearizable([first, msgspec.structs.replace(write, process="q")], model).valid is True


def test_of_two_operations_that_took_no_time_the_one_written_down_first_comes_first() -> None:
    write, read = Operation("p", "write", "x", 1, 1, "unknown", 1), Operation("p", "read", "x", 1, None, "ok", 1, 1)
    assert [linearizable(each).valid for each in ([write, read], [read, write])] == [True, False]
