"""A command's decision as a sentence, and a sentence that is not true."""

from __future__ import annotations

import pytest

from eventlab.testing import run
from eventlab.testing.given import given
from tests.unit.commands.bank import ALICE, BOB, Deposited, Transfer, Withdrawn


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


def test_it_works_where_a_loop_is_running() -> None:
    async def main() -> None:
        given((ALICE, Deposited(10))).when(Transfer(ALICE, BOB, 0)).then()

    run(main())
