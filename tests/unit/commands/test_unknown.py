"""An append whose answer is lost: never repeated blindly, and found out where there is a receipt to ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from eventlab import hooks
from eventlab.commands import Executed, execute
from eventlab.errors import AppendUnknown, StoreUnavailable
from eventlab.store import Expectation, MemoryStore, Metadata, Receipt
from eventlab.testing import run

from .bank import ALICE, AT_ONCE, BOB, Deposited, Transfer, balance

LOST = AppendUnknown("postgresql://bank", "the connection was lost")


@dataclass
class Line:
    """What the line to the store does with each of the next appends, and whether receipts can be asked for."""

    fates: list[str] = field(default_factory=list)
    receipts: bool = True


class FarStore(MemoryStore):
    """A store behind a line that may break while it commits: before the append took effect, or after."""

    def __init__(self) -> None:
        super().__init__("far")
        self.line = Line()
        self.appends = 0

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        self.appends += 1
        fate = self.line.fates.pop(0) if self.line.fates else "arrives"
        if fate == "lost before":
            raise LOST
        if fate == "a rival":
            await super().append([(ALICE, Deposited(1))], command_id=command_id)
            raise LOST
        receipt = await super().append(events, expect=expect, command_id=command_id, metadata=metadata)
        if fate == "lost after":
            raise LOST
        return receipt

    async def receipt(self, command_id: str) -> Receipt | None:
        if not self.line.receipts and self.appends > 1:
            raise StoreUnavailable("postgresql://bank", "no route")
        return await super().receipt(command_id)


async def rich() -> FarStore:
    store = FarStore()
    await store.append([(ALICE, Deposited(100))])
    return store


@pytest.mark.parametrize("fate", ["lost before", "lost after"])
def test_without_a_command_id_it_is_raised_and_nothing_is_repeated(fate: str) -> None:
    async def main() -> None:
        store = await rich()
        store.line.fates = [fate]
        with pytest.raises(AppendUnknown):
            await execute(store, Transfer(ALICE, BOB, 30), retry=AT_ONCE)
        assert (store.appends, await balance(store, BOB)) == (2, 30 if fate == "lost after" else 0)

    run(main())


def test_with_a_command_id_the_receipt_tells_that_it_was_written() -> None:
    async def main() -> None:
        store = await rich()
        store.line.fates = ["lost after"]
        done = await execute(store, Transfer(ALICE, BOB, 30), command_id="pay-1")
        plain = await rich()
        assert done == await execute(plain, Transfer(ALICE, BOB, 30), command_id="pay-1")
        assert await store.read_all() != []
        assert (done.repeated, len(done.events), await balance(store, BOB)) == (False, 2, 30)

    run(main())


def test_without_a_receipt_nobody_knows_and_it_is_not_tried_again() -> None:
    async def main() -> None:
        store = await rich()
        store.line.fates = ["lost before"]
        with pytest.raises(AppendUnknown):
            await execute(store, Transfer(ALICE, BOB, 30), command_id="pay-1")
        assert store.appends == 2
        later = await execute(store, Transfer(ALICE, BOB, 30), command_id="pay-1")
        assert (later.repeated, await balance(store, BOB)) == (False, 30)

    run(main())


def test_a_store_that_cannot_be_asked_does_not_turn_the_unknown_into_nothing_happened() -> None:
    """StoreUnavailable would mean that the same call may be made again."""

    async def main() -> None:
        store = await rich()
        store.line = Line(["lost after"], receipts=False)
        with pytest.raises(AppendUnknown):
            await execute(store, Transfer(ALICE, BOB, 30), command_id="pay-1")
        assert await balance(store, BOB) == 30

    run(main())


def test_what_somebody_else_wrote_under_the_command_id_is_not_taken_for_its_own() -> None:
    async def main() -> None:
        store = await rich()
        store.line.fates = ["a rival"]
        done = await execute(store, Transfer(ALICE, BOB, 30), command_id="pay-1")
        assert (done.repeated, done.events, done.versions) == (True, (), {"account-alice": 2})
        assert await balance(store, BOB) == 0

    run(main())


def endings(store: FarStore, *commands: Transfer, command_id: str | None = None) -> list[str]:
    heard: list[str] = []

    def listen(what: hooks.Happening) -> None:
        if isinstance(what, hooks.CommandAttempted):
            heard.append(what.outcome)

    async def main() -> None:
        with hooks.listen(listen):
            for command in commands:
                try:
                    await execute(store, command, command_id=command_id)
                except Exception as error:
                    heard.append(type(error).__name__)

    run(main())
    return heard


def test_listeners_hear_of_attempts_whose_answer_was_lost() -> None:
    store = run(rich())
    store.line.fates = ["lost after"]
    assert endings(store, Transfer(ALICE, BOB, 30)) == ["unknown", "AppendUnknown"]


def test_listeners_hear_of_repetitions() -> None:
    pay = Transfer(ALICE, BOB, 30)
    assert endings(run(rich()), pay, pay, command_id="pay-1") == ["written", "repeated"]


def test_listeners_hear_of_attempts_that_fail() -> None:
    class Unreachable(FarStore):
        async def append(self, *args: object, **options: object) -> Receipt:  # type: ignore[override]
            raise StoreUnavailable("postgresql://bank", "no route")

    async def main() -> Unreachable:
        store = Unreachable()
        await MemoryStore.append(store, [(ALICE, Deposited(100))])
        return store

    assert endings(run(main()), Transfer(ALICE, BOB, 30)) == ["failed", "StoreUnavailable"]


def test_listeners_hear_of_attempts_that_their_caller_gave_up() -> None:
    class Slow(FarStore):
        async def append(self, *args: object, **options: object) -> Receipt:  # type: ignore[override]
            await asyncio.sleep(3600)
            raise AssertionError

    heard: list[str] = []

    async def main() -> Executed:
        store = Slow()
        await MemoryStore.append(store, [(ALICE, Deposited(100))])
        task = asyncio.ensure_future(execute(store, Transfer(ALICE, BOB, 30)))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    with hooks.listen(lambda what: heard.append(getattr(what, "outcome", ""))), pytest.raises(asyncio.CancelledError):
        run(main())
    assert [outcome for outcome in heard if outcome] == ["cancelled"]
