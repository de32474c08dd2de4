"""One command id, one answer: also where the answer was to write nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.commands import execute
from eventlab.errors import Refused
from eventlab.store import MemoryStore, StreamId, open_store
from eventlab.testing import run
from tests.contracts.backends import BACKENDS, url_of

from .bank import ALICE, AT_ONCE, BOB, Balances, ContestedStore, Deposited, Transfer, balance

CAROL = StreamId("account-carol")


@dataclass(frozen=True)
class Sweep(Transfer):
    """Everything that is there, if anything is."""

    def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
        cents = state.get(self.source, 0)
        return [(self.target, Deposited(cents))] if cents else ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_decision_to_write_nothing_is_remembered_under_its_command_id(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        first = await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")
        await store.append([(ALICE, Deposited(5))])
        again = await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")
        assert (first.repeated, first.events, again.repeated, again.events) == (False, (), True, ())
        assert [stored.stream for stored in await store.read_all()] == [ALICE]
        assert (await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-2")).versions == {BOB: 1}
        await store.close()

    run(main())


def test_a_decision_that_checks_its_reads_is_remembered_with_them() -> None:
    @dataclass(frozen=True)
    class Careful(Sweep):
        check_reads = True

    async def main() -> None:
        store = ContestedStore()
        store.rival.moves = [lambda: store.deposit(ALICE, 5)]
        done = await execute(store, Careful(ALICE, BOB, 0), command_id="sweep-1", retry=AT_ONCE)
        assert (done.attempts, await balance(store, BOB)) == (2, 5)
        empty = await execute(store, Careful(CAROL, BOB, 0), command_id="sweep-3")
        await store.deposit(CAROL, 5)
        again = await execute(store, Careful(CAROL, BOB, 0), command_id="sweep-3")
        assert (empty.repeated, again.repeated, await balance(store, BOB)) == (False, True, 5)

    run(main())


def test_who_found_nothing_to_do_while_the_same_command_wrote_gets_what_was_written() -> None:
    async def main() -> None:
        store = ContestedStore()

        async def first_execution() -> None:
            await store.deposit(ALICE, 5)
            await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")

        store.rival.moves = [first_execution]
        done = await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")
        assert (done.repeated, done.versions) == (True, {BOB: 1})

    run(main())


@dataclass(frozen=True)
class Checking(Transfer):
    check_reads = True


@pytest.mark.parametrize("check_reads", [False, True])
def test_a_refusal_is_not_remembered(check_reads: bool) -> None:
    async def main() -> None:
        store = MemoryStore()
        pay = Checking(ALICE, BOB, 5) if check_reads else Transfer(ALICE, BOB, 5)
        with pytest.raises(Refused):
            await execute(store, pay, command_id="pay-1")
        await store.append([(ALICE, Deposited(5))])
        assert (await execute(store, pay, command_id="pay-1")).versions == {ALICE: 2, BOB: 1}

    run(main())


def test_without_a_command_id_a_decision_to_write_nothing_costs_no_append() -> None:
    async def main() -> list[int]:
        store, counts = ContestedStore(), []
        store.rival.moves = [lambda: store.deposit(CAROL, 1)] * 3
        for command_id in (None, "sweep-1", "sweep-1"):
            await execute(store, Sweep(ALICE, BOB, 0), command_id=command_id)
            counts.append(3 - len(store.rival.moves))
        return counts

    assert run(main()) == [0, 1, 1]


def test_listeners_hear_unchanged_once_and_then_repeated() -> None:
    outcomes: list[str] = []

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.CommandAttempted):
            outcomes.append(happening.outcome)

    async def main() -> None:
        store = MemoryStore()
        with hooks.listen(listener):
            for _ in range(2):
                await execute(store, Sweep(ALICE, BOB, 0), command_id="sweep-1")

    run(main())
    assert outcomes == ["unchanged", "repeated"]
