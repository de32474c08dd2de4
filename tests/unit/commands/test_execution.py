"""Read, fold, decide, append; and after a conflict all of it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from eventlab import hooks
from eventlab.commands import Command, ConflictRetry, execute
from eventlab.errors import ArchivedStreamError, InvalidValue, Refused, UndeclaredStream, VersionConflict
from eventlab.resilience.backoff import Constant
from eventlab.simulation import World
from eventlab.store import MemoryStore, Metadata, StoredEvent, StreamId, archive, carrying
from eventlab.testing import run

from .bank import ALICE, AT_ONCE, BOB, Balances, ContestedStore, Deposited, Transfer, Withdrawn, balance
from .tally import STREAM, Add, Kind, keeping


def test_a_command_writes_what_it_decides() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([(ALICE, Deposited(100))])
        done = await execute(store, Transfer(ALICE, BOB, 30))
        assert (done.attempts, done.conflicts, done.repeated) == (1, (), False)
        assert done.versions == {"account-alice": 2, "account-bob": 1}
        assert done.events == ((ALICE, Withdrawn(30)), (BOB, Deposited(30)))
        assert done.positions == (2, 3)
        assert (await balance(store, ALICE), await balance(store, BOB)) == (70, 30)

    run(main())


def test_a_refusal_reaches_the_caller_at_once_with_its_facts() -> None:
    async def main() -> None:
        store = ContestedStore()
        with pytest.raises(Refused) as caught:
            await execute(store, Transfer(ALICE, BOB, 30), retry=AT_ONCE)
        assert (caught.value.code, caught.value.facts) == ("too_little", {"balance": 0})

    run(main())


@pytest.mark.parametrize("kind", (Add, keeping(every=1)))
def test_what_archived_a_stream_is_read_and_not_folded(kind: type[Add]) -> None:
    async def main() -> None:
        store, added = MemoryStore(), Kind().first
        await execute(store, kind(STREAM, 7, made=added))
        await archive(store, STREAM)
        for _ in range(2):
            assert (await execute(store, kind(STREAM, 0))).events == ()
            with pytest.raises(Refused) as refused:
                await execute(store, kind(STREAM, 1, most=7))
            assert refused.value.facts["total"] == 7
            with pytest.raises(ArchivedStreamError) as archived:
                await execute(store, kind(STREAM, 1, made=added))
            assert archived.value.version == 2

    run(main())


def test_nothing_to_write_appends_nothing() -> None:
    async def main() -> None:
        store = ContestedStore()
        store.rival.moves = [lambda: store.deposit(ALICE, 1)]
        done = await execute(store, Transfer(ALICE, BOB, 0))
        assert (done.events, done.versions, len(store.rival.moves)) == ((), {}, 1)

    run(main())


def test_after_a_conflict_it_is_decided_again_on_what_is_there_then() -> None:
    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 100)
        store.rival.moves = [lambda: execute_as_rival(store, Transfer(ALICE, BOB, 80))]
        with pytest.raises(Refused) as caught:
            await execute(store, Transfer(ALICE, BOB, 30), retry=AT_ONCE)
        assert caught.value.facts == {"balance": 20}

    async def execute_as_rival(store: ContestedStore, command: Transfer) -> None:
        assert not store.rival.moves
        await execute(store, command)

    run(main())


def test_conflicts_are_reported_with_the_attempts_that_they_cost() -> None:
    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 100)
        store.rival.moves = [lambda: store.deposit(ALICE, 1), lambda: store.deposit(BOB, 1)]
        done = await execute(store, Transfer(ALICE, BOB, 30), retry=AT_ONCE)
        assert (done.attempts, done.conflicts) == (3, (("account-alice", 1, 2), ("account-bob", 0, 1)))

    run(main())


@pytest.mark.parametrize("attempts_max", [1, 2, 5])
def test_after_the_last_attempt_the_conflict_itself_is_raised(attempts_max: int) -> None:
    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 100)
        store.rival.moves = [lambda: store.deposit(ALICE, 1)] * 9
        with pytest.raises(VersionConflict) as caught:
            await execute(store, Transfer(ALICE, BOB, 30), retry=ConflictRetry(attempts_max, Constant(0.0)))
        assert caught.value.conflicts == (("account-alice", attempts_max, attempts_max + 1),)
        assert len(store.rival.moves) == 9 - attempts_max

    run(main())


def test_five_attempts_are_the_default_and_none_is_refused() -> None:
    assert ConflictRetry().attempts_max == 5
    with pytest.raises(InvalidValue):
        ConflictRetry(0)


def test_listeners_see_every_attempt() -> None:
    heard: list[object] = []

    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 10)
        store.rival.moves = [lambda: store.deposit(BOB, 1)]
        with hooks.listen(lambda what: heard.append(what) if isinstance(what, hooks.CommandAttempted) else None):
            await execute(store, Transfer(ALICE, BOB, 10), retry=ConflictRetry(2, Constant(0.0)))
            await execute(store, Transfer(BOB, ALICE, 0))
            with pytest.raises(Refused):
                await execute(store, Transfer(ALICE, BOB, 10))

    World().run(main())
    streams = ((("account-alice", 1), ("account-bob", 0)), (("account-alice", 1), ("account-bob", 1)))
    store, written = "contested", (("account-alice", 2), ("account-bob", 2))
    assert heard == [
        hooks.CommandAttempted("Transfer", 1, "conflict", streams[0], (("account-bob", 0, 1),), 0.0, store=store),
        hooks.CommandAttempted("Transfer", 2, "written", streams[1], store=store, written=written),
        hooks.CommandAttempted("Transfer", 1, "unchanged", (("account-bob", 2), ("account-alice", 2)), store=store),
        hooks.CommandAttempted("Transfer", 1, "refused", (("account-alice", 2), ("account-bob", 2)), store=store),
    ]


def test_writing_where_nothing_was_declared_is_refused_and_writes_nothing() -> None:
    @dataclass(frozen=True)
    class Astray(Transfer):
        def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
            return [(self.source, Deposited(1)), ("account-carol", Deposited(1))]

    async def main() -> None:
        store = MemoryStore()
        with pytest.raises(UndeclaredStream, match="account-carol"):
            await execute(store, Astray(ALICE, BOB, 1))
        assert await store.read_all() == []

    run(main())


def test_streams_only_read_are_part_of_the_expectation() -> None:
    """Two doctors on call may not both go home, each seeing that the other stays."""

    @dataclass(frozen=True)
    class GoHome(Transfer):
        def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
            if len(state) == 0:
                return [(self.source, Deposited(1))]
            raise Refused("the other has left")

    async def main() -> None:
        store = ContestedStore()
        store.rival.moves = [lambda: execute(store, GoHome(BOB, ALICE, 0))]
        with pytest.raises(Refused):
            await execute(store, GoHome(ALICE, BOB, 0), retry=AT_ONCE)
        assert [stored.stream for stored in await store.read_all()] == ["account-bob"]

    run(main())


def test_a_command_that_checks_its_reads_refuses_only_on_what_is_still_so() -> None:
    @dataclass(frozen=True)
    class Careful(Transfer):
        check_reads = True

    async def main() -> None:
        store = ContestedStore()
        store.rival.moves = [lambda: store.deposit(ALICE, 30)]
        done = await execute(store, Careful(ALICE, BOB, 30), retry=AT_ONCE)
        assert (done.attempts, await balance(store, BOB)) == (2, 30)

    run(main())


def test_a_command_id_is_executed_once() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([(ALICE, Deposited(100))])
        first = await execute(store, Transfer(ALICE, BOB, 60), command_id="pay-1")
        again = await execute(store, Transfer(ALICE, BOB, 60), command_id="pay-1")
        assert (first.repeated, again.repeated) == (False, True)
        assert (again.versions, again.positions, again.events) == (first.versions, first.positions, ())
        assert await balance(store, BOB) == 60

    run(main())


def test_of_two_executions_of_one_command_id_at_a_time_one_writes() -> None:
    """The second decides on another state, so otherwise than the first; it still is the same command."""

    @dataclass(frozen=True)
    class Sweep(Transfer):
        def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
            return [(self.target, Deposited(state.get(self.source, 0)))]

    async def first_execution(store: ContestedStore) -> None:
        await store.deposit(ALICE, 5)
        await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")

    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 1)
        store.rival.moves = [lambda: first_execution(store)]
        done = await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1", retry=AT_ONCE)
        assert (done.repeated, done.versions, await balance(store, BOB)) == (True, {"account-bob": 1}, 6)

    run(main())


def test_metadata_goes_along() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([(ALICE, Deposited(1))])
        await execute(store, Transfer(ALICE, BOB, 1), metadata=Metadata(actor="clerk"))
        assert [stored.metadata.actor for stored in await store.read_all()] == [None, "clerk", "clerk"]

    run(main())


def test_what_the_surrounding_call_carries_is_stored_and_what_is_said_goes_over_it() -> None:
    async def main() -> list[Metadata]:
        store = MemoryStore()
        await store.append([(ALICE, Deposited(2))])
        with carrying(correlation_id="talk-1", causation_id="call-7", traceparent="00-ab-cd-01", tracestate="v=1"):
            await execute(store, Transfer(ALICE, BOB, 1))
            said = Metadata(actor="clerk", causation_id="click-3", headers={"a": "1"})
            await execute(store, Transfer(ALICE, BOB, 1), metadata=said)
        return [stored.metadata for stored in await store.read_all(1)]

    carried = Metadata("talk-1", "call-7", None, "00-ab-cd-01", tracestate="v=1")
    said = Metadata("talk-1", "click-3", "clerk", "00-ab-cd-01", {"a": "1"}, tracestate="v=1")
    assert run(main()) == [carried, carried, said, said]


def test_each_stream_is_folded_as_a_whole_in_the_order_of_declaration() -> None:
    seen: list[tuple[str, int]] = []

    @dataclass(frozen=True)
    class Watching(Command[int]):
        second: tuple[StreamId, ...]
        first: StreamId

        def initial(self) -> int:
            return 0

        def apply(self, state: int, stored: StoredEvent) -> int:
            seen.append((stored.stream, stored.version))
            return state + 1

        def handle(self, state: int) -> Iterable[tuple[str, object]]:
            return ()

    async def main() -> None:
        store = MemoryStore()
        await store.append([("a", Deposited(1)), ("b", Deposited(1)), ("c", Deposited(1)), ("a", Deposited(1))])
        await execute(store, Watching((StreamId("b"), StreamId("a")), StreamId("c")))

    run(main())
    assert seen == [("b", 1), ("a", 1), ("a", 2), ("c", 1)]
