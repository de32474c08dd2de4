"""A command reaches no further than its store: what another service owns is refused before anything is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from eventlab.commands import Command, execute
from eventlab.errors import ForeignStreamError
from eventlab.store import MemoryStore, StoredEvent, StreamId
from eventlab.testing import run

from .bank import ALICE, Balances, Deposited, Transfer

PAYMENT = StreamId("payment-7")


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
