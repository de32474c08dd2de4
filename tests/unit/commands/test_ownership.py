"""A command reaches no further than its owner and its store: what another service owns is refused at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import pytest

from eventlab.commands import Command, execute
from eventlab.errors import CommandMisdeclared, ForeignStreamError, InvalidValue
from eventlab.store import MemoryStore, Owner, StoredEvent, StreamId, open_store
from eventlab.testing import run

from .bank import ALICE, Balances, Deposited, Transfer

PAYMENT = StreamId("payment-7")
ACCOUNTS = Owner("accounts", owns=("account",))


@dataclass(frozen=True)
class OwnTransfer(Transfer):
    owner = ACCOUNTS


def test_a_command_on_somebody_elses_stream_cannot_even_be_built() -> None:
    OwnTransfer(ALICE, StreamId("account-bob"), 30)
    with pytest.raises(ForeignStreamError, match="accounts does not own stream 'payment-7'") as caught:
        OwnTransfer(ALICE, PAYMENT, 30)
    assert (caught.value.owner, caught.value.stream, caught.value.owned) == ("accounts", "payment-7", ("account",))


def test_a_command_of_nobody_may_declare_any_stream() -> None:
    assert Transfer(ALICE, PAYMENT, 30).owner is None


def test_what_an_owned_command_discovers_is_checked_before_it_is_read() -> None:
    @dataclass(frozen=True)
    class Asking(OwnTransfer):
        def related_streams(self, state: Balances) -> Iterable[StreamId]:
            return [PAYMENT]

    async def main() -> None:
        with pytest.raises(ForeignStreamError, match="payment-7"):
            await execute(MemoryStore("everybody's"), Asking(ALICE, StreamId("account-bob"), 30))

    run(main())


def test_an_owner_opens_the_store_that_refuses_the_same() -> None:
    async def main() -> None:
        store = open_store("memory:", name=ACCOUNTS.name, owns=ACCOUNTS.owns)
        with pytest.raises(ForeignStreamError, match="accounts does not own stream 'payment-7'"):
            await execute(store, Transfer(ALICE, PAYMENT, 30))

    run(main())


def test_an_owner_is_a_value() -> None:
    owner = Owner("accounts", owns=[" account "])  # type: ignore[arg-type]
    assert owner == ACCOUNTS and hash(owner) == hash(ACCOUNTS) and owner.owns == ("account",)
    with pytest.raises(FrozenInstanceError):
        owner.name = "others"  # type: ignore[misc]


@pytest.mark.parametrize("owns", [(), "account", ("account-7",), ("acc*",), ("",)])
def test_an_owner_of_nothing_or_of_no_categories_is_refused(owns: Any) -> None:
    with pytest.raises((InvalidValue, ValueError)):
        Owner("accounts", owns=owns)


def test_an_owner_that_is_only_a_name_is_refused_when_the_class_is_defined() -> None:
    with pytest.raises(CommandMisdeclared, match="its owner is 'accounts', which is no Owner"):

        @dataclass(frozen=True)
        class Mistaken(Transfer):
            owner = "accounts"  # type: ignore[assignment]


@dataclass(frozen=True)
class Discovering(Transfer):
    """Declares what it may, and asks for the foreign stream while reading."""

    def related_streams(self, state: Balances) -> Iterable[StreamId]:
        return [PAYMENT]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: Transfer(ALICE, PAYMENT, 30), id="declared"),
        pytest.param(lambda: Discovering(ALICE, StreamId("account-bob"), 30), id="discovered"),
    ],
)
def test_a_command_on_somebody_elses_stream_is_refused_before_it_decides(build: Callable[[], Transfer]) -> None:
    async def main() -> list[StoredEvent]:
        store = MemoryStore("accounts", ["account"])
        await store.append([(ALICE, Deposited(100))])
        command: Command[Balances] = build()
        with pytest.raises(ForeignStreamError) as caught:
            await execute(store, command)
        assert (caught.value.owner, caught.value.stream, caught.value.owned) == ("accounts", "payment-7", ("account",))
        return await store.read_all()

    assert [stored.stream for stored in run(main())] == ["account-alice"]


def test_a_store_that_owns_everything_lets_both_services_streams_be_written() -> None:
    """The naive arrangement, one database for all: nothing stops the command."""

    async def main() -> list[StoredEvent]:
        store = MemoryStore("everybody's")
        await store.append([(ALICE, Deposited(100))])
        await execute(store, Transfer(ALICE, PAYMENT, 30))
        return await store.read_all()

    assert [stored.stream for stored in run(main())] == ["account-alice", "account-alice", "payment-7"]
