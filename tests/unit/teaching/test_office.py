"""An evening at the box office: the same people each time, and every attempt in the history, whoever makes it."""

from __future__ import annotations

from typing import Any

from eventlab.commands import ConflictRetry, execute
from eventlab.errors import Refused, VersionConflict
from eventlab.history import of_kind
from eventlab.hooks import CommandAttempted
from eventlab.shop.boxoffice import SeatSold, no_seat_sold_twice
from eventlab.teaching import contended
from eventlab.teaching.chapter02 import SEVEN_SOLD, selling
from eventlab.teaching.office import Evening, Office, words

OFFICE = Office()


async def by_hand(store: Any, order: Any) -> SeatSold:
    """As `execute` does it, with its hands."""
    while True:
        sold = len(await store.read(order.show))
        if sold >= order.capacity:
            raise Refused("sold_out")
        try:
            await store.append([(order.show, SeatSold(sold + 1, order.clerk))], expect={order.show: sold})
        except VersionConflict:
            continue
        return SeatSold(sold + 1, order.clerk)


def attempts(evening: Evening) -> list[tuple[str, int, str, tuple[tuple[str, int], ...]]]:
    return [
        (e.node, what.attempt, what.outcome, what.streams) for e, what in of_kind(evening.entries, CommandAttempted)
    ]


def test_what_is_done_by_hand_is_told_as_execute_tells_it() -> None:
    orders = selling("ada", "ben")
    sound, hand = (OFFICE.run(orders, executor, before=SEVEN_SOLD) for executor in (execute, by_hand))
    assert attempts(sound) == attempts(hand)
    assert [outcome for _, _, outcome, _ in attempts(hand)] == ["written", "conflict", "refused"]
    assert no_seat_sold_twice(hand.log).valid


def test_an_attempt_by_hand_lasts_from_its_read_to_its_append() -> None:
    evening = OFFICE.run(selling("ada"), by_hand, before=SEVEN_SOLD)
    [(_, what)] = of_kind(evening.entries, CommandAttempted)
    assert 0.8 * OFFICE.hold_s <= what.duration_s <= 1.2 * OFFICE.hold_s


def test_the_same_seed_brings_the_same_people() -> None:
    one, again = (OFFICE.run(selling("ada", "ben"), before=SEVEN_SOLD) for _ in range(2))
    assert (one.entries, repr(one.tellings())) == (again.entries, repr(again.tellings()))
    assert OFFICE.run(selling("ada", "ben"), before=SEVEN_SOLD).entries != Office(seed=3).run(selling("ada")).entries


def test_how_it_ended_is_said_in_words() -> None:
    once = ConflictRetry(1)

    async def never_again(store: Any, order: Any) -> Any:
        return await execute(store, order, retry=once)

    told = repr(OFFICE.run(selling("ada", "ben"), never_again, before=SEVEN_SOLD).tellings())
    assert "seat 8" in told and "VersionConflict: stream 'show-lear' is at version 8, expected 7" in told
    assert words(SeatSold(3, "ada")) == "seat 3"


def test_measured_shares_repeat_and_clerks_without_jitter_march_in_step() -> None:
    assert contended.share(10, 0.05, attempts=20, runs=2) == contended.share(10, 0.05, attempts=20, runs=2)
    in_step, _, full = contended.waits(6, runs=2)
    assert sorted(in_step.attempts) == sorted([1, 2, 3, 4, 5, 6] * 2)
    assert full.wait_s(0.95) < in_step.wait_s(0.95)
