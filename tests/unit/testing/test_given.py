"""A command's decision as a sentence, and a sentence that is not true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import pytest
import sqlalchemy as sa

from eventlab.codec import Personal, event
from eventlab.commands import Command
from eventlab.errors import Refused, UndeclaredStream, UnknownEventType
from eventlab.projections import Projection
from eventlab.store import StoredEvent, StreamId
from eventlab.testing import run
from eventlab.testing.given import given
from eventlab.testing.projections import same_rows_however_run
from tests.unit.commands.bank import ALICE, BOB, Balances, Deposited, Transfer, Withdrawn


def test_what_is_decided_is_what_was_said() -> None:
    given((ALICE, Deposited(10))).when(Transfer(ALICE, BOB, 7)).then((ALICE, Withdrawn(7)), (BOB, Deposited(7)))
    given().when(Transfer(ALICE, BOB, 0)).then()
    given((ALICE, Deposited(3))).when(Transfer(ALICE, BOB, 7)).then_refused("too_little")
    given((ALICE, Deposited(3))).when(Transfer(ALICE, BOB, 7)).then_refused("too_little", balance=3)


def test_other_events_are_told_apart() -> None:
    decided = given((ALICE, Deposited(10))).when(Transfer(ALICE, BOB, 7))
    for wrong in ([], [(ALICE, Withdrawn(7))], [(BOB, Deposited(7)), (ALICE, Withdrawn(7))]):
        with pytest.raises(AssertionError, match=r"Transfer should have written .*, but it wrote Withdrawn"):
            decided.then(*wrong)
    with pytest.raises(AssertionError, match="should have been refused as 'too_little', but it wrote"):
        decided.then_refused("too_little")


def test_another_refusal_is_told_apart() -> None:
    decided = given().when(Transfer(ALICE, BOB, 7))
    with pytest.raises(AssertionError, match=r"but it was refused \(too_little\), with {'balance': 0}"):
        decided.then_refused("closed")
    with pytest.raises(AssertionError, match=r"with \{'balance': 9\}, but it was"):
        decided.then_refused("too_little", balance=9)
    with pytest.raises(AssertionError, match="should have written nothing, but it was"):
        decided.then()


def test_a_refusal_may_stand_in_the_place_of_events() -> None:
    decided = given((ALICE, Deposited(3))).when(Transfer(ALICE, BOB, 7))
    decided.then(Refused("too_little"))
    decided.then(Refused("too_little", "whatever it says", facts={"balance": 3}))
    for wrong in (
        Refused("closed"),
        Refused("too_little", facts={"balance": 4}),
        Refused("too_little", facts={"a": 3}),
    ):
        with pytest.raises(AssertionError, match="should have been refused as"):
            decided.then(wrong)
    with pytest.raises(AssertionError, match="should have been refused as 'too_little', but it wrote nothing"):
        given().when(Transfer(ALICE, BOB, 0)).then(Refused("too_little"))


def test_events_may_come_as_a_list() -> None:
    past = [(ALICE, Deposited(4)), (ALICE, Deposited(6))]
    given(past).when(Transfer(ALICE, BOB, 7)).then([(ALICE, Withdrawn(7)), (BOB, Deposited(7))])
    given([]).when(Transfer(ALICE, BOB, 0)).then([])
    with pytest.raises(TypeError, match="is no pair of stream and event"):
        given(Deposited(4))  # type: ignore[arg-type]


def test_what_differs_is_shown_line_by_line() -> None:
    decided = given((ALICE, Deposited(10))).when(Transfer(ALICE, BOB, 7))
    with pytest.raises(AssertionError) as caught:
        decided.then((ALICE, Withdrawn(7)), (BOB, Deposited(8)))
    lines = str(caught.value).splitlines()[1:]
    assert lines[:4] == [
        "  - wanted, + found:",
        "    account-alice: Withdrawn(cents=7)",
        "  - account-bob: Deposited(cents=8)",
        "  ?                              ^",
    ]
    assert lines[4] == "  + account-bob: Deposited(cents=7)"


def test_facts_that_differ_are_shown_one_by_one() -> None:
    with pytest.raises(AssertionError) as caught:
        given((ALICE, Deposited(3))).when(Transfer(ALICE, BOB, 7)).then_refused("too_little", balance=4)
    assert str(caught.value).splitlines()[2:] == [
        "  - balance = 4",
        "  ?           ^",
        "  + balance = 3",
        "  ?           ^",
    ]


def test_a_command_that_writes_where_it_did_not_say_is_found() -> None:
    @dataclass(frozen=True)
    class Astray(Transfer):
        def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
            return [("account-carol", Deposited(1))]

    with pytest.raises(UndeclaredStream, match="account-carol"):
        given().when(Astray(ALICE, BOB, 1))


def test_it_works_where_a_loop_is_running() -> None:
    async def main() -> None:
        given((ALICE, Deposited(10))).when(Transfer(ALICE, BOB, 0)).then()

    run(main())


@event("tests.given.Moved")
@dataclass(frozen=True)
class Moved:
    customer: str
    address: Annotated[str, Personal("customer", erased="(erased)")]


CUSTOMER = StreamId("customer-17")


@dataclass(frozen=True)
class Move(Command[str]):
    stream: StreamId
    address: str

    def initial(self) -> str:
        return ""

    def apply(self, state: str, stored: StoredEvent) -> str:
        address: str = stored.event.address
        return address

    def handle(self, state: str) -> Iterable[tuple[str, object]]:
        return [] if state == self.address else [(self.stream, Moved("17", self.address))]


def test_what_tells_about_a_person_is_said_like_anything_else() -> None:
    past = (CUSTOMER, Moved("17", "4 Smith Street"))
    given(past).when(Move(CUSTOMER, "4 Smith Street")).then()
    given(past).when(Move(CUSTOMER, "1 Hill Road")).then((CUSTOMER, Moved("17", "1 Hill Road")))
    with pytest.raises(UnknownEventType):
        given(past, (CUSTOMER, object()))


def test_a_projection_of_what_tells_about_a_person_is_run_in_every_way() -> None:
    addresses = sa.Table("addresses", sa.MetaData(), sa.Column("address", sa.String(50), primary_key=True))
    view = Projection("addresses", tables=[addresses])
    view.on(Moved)(lambda rows, event, stored: rows.execute(sa.insert(addresses).values(address=event.address)))
    story = [(CUSTOMER, Moved("17", "4 Smith Street")), (CUSTOMER, Moved("17", "1 Hill Road"))]
    assert run(same_rows_however_run(view, story)) == {
        "addresses": [{"address": "1 Hill Road"}, {"address": "4 Smith Street"}]
    }
