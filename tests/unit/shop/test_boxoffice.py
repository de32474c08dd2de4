from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from eventlab.commands import Command, ConflictRetry, execute
from eventlab.errors import Refused, VersionConflict
from eventlab.shop.boxoffice import (
    OWNS,
    BeginDuty,
    DutyBegan,
    DutyEnded,
    EndDuty,
    SeatSold,
    SellSeat,
    no_answered_sale_lost,
    no_seat_sold_twice,
    no_show_oversold,
    seats_sold,
    show_stream,
    somebody_on_duty,
    usher_stream,
)
from eventlab.simulation import Constant, SimulatedStore, World
from eventlab.store import EventStore, MemoryStore, StoredEvent
from eventlab.testing.given import given

HAMLET = show_stream("hamlet")
ADA, BO = usher_stream("ada"), usher_stream("bo")

BOTH_ON_DUTY = [(ADA, DutyBegan("ada")), (BO, DutyBegan("bo"))]


def test_a_clerk_sells_the_next_seats_of_the_show() -> None:
    sold = (HAMLET, SeatSold(1, "ada"))
    given(sold).when(SellSeat(HAMLET, "bo", seats=2)).then((HAMLET, SeatSold(2, "bo")), (HAMLET, SeatSold(3, "bo")))


def test_who_wants_more_seats_than_are_left_gets_none() -> None:
    sold = (HAMLET, SeatSold(1, "ada"))
    given(sold).when(SellSeat(HAMLET, "bo", seats=2, capacity=2)).then_refused("sold_out", show="show-hamlet", left=1)
    given(sold).when(SellSeat(HAMLET, "bo", seats=1, capacity=2)).then((HAMLET, SeatSold(2, "bo")))


def test_no_seats_cannot_be_sold() -> None:
    given().when(SellSeat(HAMLET, "bo", seats=0)).then_refused("bad_count", seats=0)


def test_an_usher_goes_home_while_another_stays() -> None:
    given(*BOTH_ON_DUTY).when(EndDuty(ADA, BO)).then((ADA, DutyEnded("ada")))


def test_the_last_usher_has_to_stay() -> None:
    given(*BOTH_ON_DUTY, (BO, DutyEnded("bo"))).when(EndDuty(ADA, BO)).then_refused("nobody_else", usher="ada")


def test_who_is_at_home_has_nothing_to_end_and_who_is_there_nothing_to_begin() -> None:
    given((BO, DutyBegan("bo"))).when(EndDuty(ADA, BO)).then()
    given((BO, DutyBegan("bo"))).when(BeginDuty(BO)).then()
    given((BO, DutyBegan("bo")), (BO, DutyEnded("bo"))).when(BeginDuty(BO)).then((BO, DutyBegan("bo")))


async def at_once(store: EventStore, *commands: Command[Any]) -> list[str]:
    """What became of commands that were all begun at the same moment."""

    async def fate(command: Command[Any]) -> str:
        try:
            executed = await execute(store, command)
        except Refused as refusal:
            return refusal.code
        return f"written at attempt {executed.attempts}"

    return sorted(await asyncio.gather(*map(fate, commands)))


def in_theatre(story: Callable[[EventStore], Coroutine[Any, Any, Any]]) -> Any:
    """What the *story* came to, on a store whose reads and appends take time."""
    store = SimulatedStore(MemoryStore("theatre", OWNS), read=Constant(0.01), append=Constant(0.04))
    return World(seed=1).run(story(store))


def test_of_two_clerks_who_want_the_last_seat_one_is_told_that_it_is_gone() -> None:
    async def story(store: EventStore) -> Any:
        fates = await at_once(store, *(SellSeat(HAMLET, clerk, capacity=1) for clerk in ("ada", "bo")))
        return fates, len(await store.read(HAMLET))

    assert in_theatre(story) == (["sold_out", "written at attempt 1"], 1)


def test_of_two_ushers_who_leave_at_once_one_has_to_stay() -> None:
    async def story(store: EventStore) -> Any:
        await store.append(BOTH_ON_DUTY)
        fates = await at_once(store, EndDuty(ADA, BO), EndDuty(BO, ADA))
        return fates, somebody_on_duty(await store.read_all()).valid

    assert in_theatre(story) == (["nobody_else", "written at attempt 1"], True)


def test_an_usher_is_told_to_stay_only_on_a_state_that_still_holds() -> None:
    class ComesBackMeanwhile(MemoryStore):
        async def append(self, events: Any, **options: Any) -> Any:
            if not events:
                await super().append([(BO, DutyBegan("bo"))])
            return await super().append(events, **options)

    async def story() -> None:
        store = ComesBackMeanwhile("theatre", OWNS)
        await store.append([*BOTH_ON_DUTY, (BO, DutyEnded("bo"))])
        executed = await execute(store, EndDuty(ADA, BO))
        assert [stream for stream, _, _ in executed.conflicts] == [BO]
        went_home = (await store.read(ADA))[-1].event
        assert (went_home, somebody_on_duty(await store.read_all()).valid) == (DutyEnded("ada"), True)

    World(seed=1).run(story())


def logged(*events: tuple[str, object]) -> list[StoredEvent]:
    async def story() -> list[StoredEvent]:
        store = MemoryStore("theatre", OWNS)
        await store.append(events)
        return await store.read_all()

    return World(seed=1).run(story())


def test_the_fold_tells_who_sold_which_seat() -> None:
    log = logged((HAMLET, SeatSold(1, "ada")), (HAMLET, SeatSold(2, "bo")), (HAMLET, SeatSold(2, "cy")), *BOTH_ON_DUTY)
    assert seats_sold(log) == {1: ("ada",), 2: ("bo", "cy")}


def test_a_seat_that_was_sold_twice_is_named_with_both_clerks() -> None:
    lear = show_stream("lear")
    sound = [(HAMLET, SeatSold(1, "ada")), (lear, SeatSold(1, "bo"))]
    assert no_seat_sold_twice(logged(*sound)).valid is True
    found = no_seat_sold_twice(logged(*sound, (lear, SeatSold(1, "cy"))))
    assert found.valid is False
    assert found.witnesses == ("seat 1 of show-lear was sold by bo and by cy",)


def test_a_show_with_more_tickets_than_seats_is_named() -> None:
    log = logged((HAMLET, SeatSold(1, "ada")), (HAMLET, SeatSold(1, "bo")))
    assert no_show_oversold(log, 2).valid is True
    assert no_show_oversold(log, 1).witnesses == ("show-hamlet sold 2 tickets for 1 seats",)


def test_a_sale_that_was_answered_and_left_no_receipt_is_named() -> None:
    assert no_answered_sale_lost(["one", "two"], {"one", "two", "three"}).valid is True
    found = no_answered_sale_lost(["one", "two"], {"two"})
    assert found.witnesses == ("one was answered as done, and the store knows nothing of it",)


@pytest.mark.parametrize("first", ["ada", "bo"])
def test_the_usher_who_left_nobody_behind_is_named_even_if_somebody_comes_back(first: str) -> None:
    leaving = [(ADA, DutyEnded("ada")), (BO, DutyEnded("bo"))]
    if first == "bo":
        leaving.reverse()
    assert somebody_on_duty(logged()).valid is True
    assert somebody_on_duty(logged(*BOTH_ON_DUTY, leaving[0])).valid is True
    found = somebody_on_duty(logged(*BOTH_ON_DUTY, *leaving, (ADA, DutyBegan("ada"))))
    last = "bo" if first == "ada" else "ada"
    assert found.valid is False
    assert found.witnesses == (
        f"usher-{first} went home at position 3; then usher-{last} went home at position 4, and nobody was on duty",
    )


def test_the_last_conflict_is_raised_to_the_clerk() -> None:
    async def story(store: EventStore) -> None:
        sales = [execute(store, SellSeat(HAMLET, clerk), retry=ConflictRetry(1)) for clerk in ("ada", "bo")]
        results = await asyncio.gather(*sales, return_exceptions=True)
        assert [type(result) for result in results].count(VersionConflict) == 1

    in_theatre(story)
