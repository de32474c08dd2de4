"""A command is one span, whatever it took to decide it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from eventlab import hooks, runtime
from eventlab.commands import ConflictRetry, execute
from eventlab.errors import Refused, VersionConflict
from eventlab.metadata import current
from eventlab.resilience.backoff import Constant
from eventlab.simulation import World
from eventlab.store import MemoryStore, StreamId
from eventlab.telemetry import TraceLog, current_context, tracing
from tests.unit.commands.bank import ALICE, BOB, ContestedStore, Deposited, Transfer
from tests.unit.commands.test_discovery import Linked, Visit

from .spans import events

RETRY = ConflictRetry(attempts_max=2, backoff=Constant(0.5))


def traced(story: Callable[[], Awaitable[object]]) -> TraceLog:
    """The spans of *story*, which runs in a world of its own."""

    async def main() -> None:
        await story()

    with tracing() as log, World(1) as world:
        world.run(main)
    return log


def test_a_command_that_wrote_says_what() -> None:
    async def story() -> None:
        store = MemoryStore("bank")
        await store.append([(ALICE, Deposited(100))])
        await execute(store, Transfer(ALICE, BOB, 30))

    (span,) = traced(story)
    assert (span.name, span.role, span.service, span.status, span.parent_id) == (
        *("Transfer", "internal", "local", "unset"),
        "",
    )
    assert span.attributes == {
        "service.name": "local",
        "command.type": "Transfer",
        "store.name": "bank",
        "command.success": True,
        "command.outcome": "written",
        "command.attempts": 1,
        "events.written": 2,
    }
    assert events(span) == [("attempt", {"number": 1, "outcome": "written"})]


def test_conflicts_and_attempts_are_events_of_the_one_span_and_take_simulated_time() -> None:
    async def story() -> None:
        store = ContestedStore()
        await store.append([(ALICE, Deposited(100))])

        async def deposit() -> None:
            await store.append([(BOB, Deposited(1))])

        store.rival.moves = [deposit]
        await execute(store, Transfer(ALICE, BOB, 30), retry=RETRY)

    (span,) = traced(story)
    assert events(span) == [
        ("conflict", {"stream": BOB, "expected": "0", "actual": 1}),
        ("attempt", {"number": 1, "outcome": "conflict", "backoff_s": 0.5}),
        ("attempt", {"number": 2, "outcome": "written"}),
    ]
    assert span.began_ns == int(runtime.EPOCH.timestamp()) * 10**9
    assert [at_ns - span.began_ns for _, at_ns, _ in span.events] == [0, 0, 500_000_000]
    assert span.duration_s == 0.5


def test_a_command_that_lost_every_time_is_an_error() -> None:
    async def story() -> None:
        store = ContestedStore()

        async def deposit() -> None:
            await MemoryStore.append(store, [(ALICE, Deposited(100))])

        await deposit()
        store.rival.moves = [deposit, deposit]
        with pytest.raises(VersionConflict):
            await execute(store, Transfer(ALICE, BOB, 30), retry=RETRY)

    (span,) = traced(story)
    assert (span.status, span.attributes["command.outcome"], span.attributes["command.attempts"]) == (
        *("error", "conflict"),
        2,
    )
    assert span.attributes["error.message"] == span.reason
    assert "account-alice" in span.reason


def test_a_refusal_is_an_answer_and_no_error() -> None:
    async def story() -> None:
        with pytest.raises(Refused):
            await execute(MemoryStore(), Transfer(ALICE, BOB, 30))

    (span,) = traced(story)
    said = {name: span.attributes.get(name) for name in ("command.success", "command.outcome", "error.message")}
    assert (span.status, said) == (
        "unset",
        {"command.success": False, "command.outcome": "refused", "error.message": None},
    )
    assert "too_little" in span.attributes["refusal"]


def test_rounds_of_discovery_are_events() -> None:
    async def story() -> None:
        store, streams = MemoryStore(), [StreamId(f"place-{number}") for number in range(3)]
        for here, there in pairwise(streams):
            await store.append([(here, Linked(there))])
        await execute(store, Visit(streams[0]))

    (span,) = traced(story)
    assert events(span)[:2] == [
        ("discovery", {"round": 1, "streams": ["place-1"]}),
        ("discovery", {"round": 2, "streams": ["place-2"]}),
    ]


def test_events_are_stored_with_the_span_that_wrote_them_and_what_was_carried_comes_back() -> None:
    stored = []

    async def story() -> None:
        store, before = MemoryStore(), current()
        await store.append([(ALICE, Deposited(100))])
        await execute(store, Transfer(ALICE, BOB, 30))
        assert (current(), current_context()) == (before, None)
        stored.extend(await store.read(BOB))

    (span,) = traced(story)
    assert stored[0].metadata.traceparent == f"00-{span.trace_id}-{span.span_id}-03"


def test_tasks_have_spans_of_their_own() -> None:
    async def story() -> None:
        store = MemoryStore()
        await store.append([(ALICE, Deposited(100))])
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(execute(store, Transfer(ALICE, BOB, 1)))

    log = traced(story)
    assert len(log.traces) == len(log) == 3


def test_nobody_is_told_where_work_begins_when_nobody_traces() -> None:
    heard: list[hooks.Happening] = []

    async def story() -> None:
        await execute(MemoryStore(), Transfer(ALICE, BOB, 0))

    with hooks.listen(heard.append, closely=True), World(1) as world:
        world.run(story)
    assert not hooks.tracing
    assert [type(what).__name__ for what in heard] == ["CommandAttempted"]
