"""Laws of following the log: nothing is skipped, nothing comes twice, and what cannot be decoded is never dropped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import Any

from eventlab.codec import EVENTS, Encoded
from eventlab.errors import InvalidValue, UndecodableEvent, UnknownEventType
from eventlab.store import EventStore, Filter, StoredEvent, Subscription, parked, parking, redrive, subscribe

from .vocabulary import Counted, Law, Noted, OpenStore, opened, raised, texts

PATIENCE_S = 10.0
"""How long a subscription may take to end before the law calls it hung."""

NOTED = Filter(types=("eventlab.testing.Noted",))


@dataclass(frozen=True, slots=True)
class Renamed:
    """Stands for an event of today whose earlier form cannot be brought here."""


async def a_subscription_delivers_the_log_and_ends_with_it_if_told_so(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, *range(10))
        for page in (1, 3, 10, 500):
            whole = [stored async for stored in subscribe(store, page=page, follow=False)]
            assert whole == await store.read_all()
        rest = [stored async for stored in subscribe(store, whole[6].position, page=2, follow=False)]
        assert rest == whole[7:]


async def a_subscription_goes_on_with_what_is_written_later(open_store: OpenStore) -> None:
    async with opened(open_store) as store, subscribe(store) as events:
        seen = []
        for number in range(5):
            await _note(store, number)
            seen.append(await anext(events))
        assert seen == await store.read_all()


async def a_subscription_neither_skips_nor_repeats_while_others_write(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        seen: list[StoredEvent] = []

        async def write(writer: int) -> None:
            for number in range(25):
                await store.append([(f"a-{writer}", Noted(str(number)))] * (1 + number % 3))

        async def follow() -> None:
            async with subscribe(store, page=7) as events:
                while len(seen) < 4 * 49:
                    seen.append(await anext(events))

        await asyncio.gather(follow(), *(write(writer) for writer in range(4)))
        assert seen == await store.read_all()


async def a_subscription_moves_past_what_its_filter_leaves_out(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(5):
            await store.append([("b-1", Counted(number))] * 2)
            await _note(store, number)
        await store.append([("b-1", Counted(6))] * 3)
        events = subscribe(store, where=NOTED, page=2, follow=False)
        assert texts(await _all(events)) == ["0", "1", "2", "3", "4"]
        assert events.position == await store.head()


async def a_subscription_waits_for_what_its_filter_lets_through(open_store: OpenStore) -> None:
    async with opened(open_store) as store, subscribe(store, where=NOTED) as events:
        waiting = asyncio.ensure_future(anext(events))
        await store.append([("b-1", Counted(1))])
        await store.append([("b-1", Counted(2))])
        await _note(store, 3)
        assert texts([await waiting]) == ["3"]


async def a_subscription_ends_after_a_position(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, *range(6))
        log = await store.read_all()
        events = subscribe(store, log[0].position, until=log[3].position, page=2)
        assert [stored async for stored in events] == log[1:4]
        assert events.position == log[3].position
        assert [stored async for stored in subscribe(store, 5, until=3)] == []
        for until, ends_at in ((log[3].position, 4), (log[-1].position + 5, len(log))):
            async with asyncio.timeout(PATIENCE_S):
                assert await _all(subscribe(store, until=until, follow=False)) == log[:ends_at]


async def what_is_finished_is_what_the_next_was_asked_for_after(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, *range(3))
        first, second, _ = (stored.position for stored in await store.read_all())
        async with subscribe(store) as events:
            assert events.position == 0
            await anext(events)
            assert events.position == 0
            await anext(events)
            assert events.position == first
            again = [stored.position async for stored in subscribe(store, events.position, follow=False)]
            assert again[0] == second


async def a_wait_that_is_cancelled_loses_nothing(open_store: OpenStore) -> None:
    async with opened(open_store) as store, subscribe(store) as events:
        for number in range(3):
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            await _note(store, number)
            assert texts([await anext(events)]) == [str(number)]


async def a_follower_that_is_cancelled_at_any_moment_leaves_the_store_usable(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, 1)
        for steps in range(20):
            waiting = asyncio.ensure_future(_all(subscribe(store, where=NOTED)))
            for _ in range(steps):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert texts(await store.read_all(where=NOTED)) == ["1"]


async def an_upcaster_that_fails_in_any_way_is_an_event_that_cannot_be_decoded(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        failings: list[Any] = [lambda plain: plain.missing, lambda plain: plain["missing"], lambda plain: 1 / 0]
        for failing in failings:
            name = f"eventlab.testing.Old{next(_RUNS)}"
            EVENTS.upcaster(name, 1)(failing)
            EVENTS.register(Renamed, name, 2)
            await store.append([("b-1", Encoded(name, 1, b"{}"))])
        for stored in await store.read_all():
            assert str(stored.position) in str(await raised(UndecodableEvent, _decoded(stored)))


async def closing_a_subscription_ends_the_wait_for_it(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        events = subscribe(store)
        waiting = asyncio.ensure_future(_all(events))
        for _ in range(5):
            await asyncio.sleep(0)
        await events.aclose()
        assert await waiting == []
        await _note(store, 1)
        assert await _all(events) == []


async def batches_hold_the_same_events(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, *range(5))
        await store.append([("b-1", Counted(1))] * 3)
        events = subscribe(store, where=NOTED, page=2, follow=False)
        batches = [batch async for batch in events.batches()]
        assert [texts(batch.events) for batch in batches] == [["0", "1"], ["2", "3"], ["4"]]
        assert [batch.position for batch in batches][:2] == [batch.events[-1].position for batch in batches][:2]
        assert batches[-1].position == events.position == await store.head()


async def an_event_that_cannot_be_decoded_is_an_error_that_names_its_place(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _note(store, 1)
        await store.append([("b-1", UNKNOWN), ("b-1", BROKEN)])
        _, unknown, broken = [stored async for stored in subscribe(store, follow=False)]
        for stored, kind, type_ in (
            (unknown, UnknownEventType, "eventlab.testing.Never"),
            (broken, UndecodableEvent, "eventlab.testing.Noted"),
        ):
            error = await raised(kind, _decoded(stored))
            assert error.args[-1] == f"position {stored.position}, stream 'b-1' version {stored.version}"
            assert type_ in str(error) and "b-1" in str(error)


async def a_subscription_sets_aside_what_cannot_be_decoded_and_goes_on(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("b-1", UNKNOWN), ("a-1", Noted("1")), ("b-1", BROKEN), ("a-1", Noted("2"))])
        for _ in range(2):  # the second time as after a restart
            events = subscribe(store, follow=False, undecodable=parking(store, "mailer"))
            assert texts(await _all(events)) == ["1", "2"]
            assert events.position == await store.head()
        first, second = await parked(store, "mailer")
        assert (first.stream, first.version, first.type) == ("b-1", 1, "eventlab.testing.Never")
        assert (second.stream, second.version, second.type) == ("b-1", 2, "eventlab.testing.Noted")
        assert "position 1" in first.reason and "'b-1'" in first.reason and "Noted" in second.reason
        assert await parked(store, "mail") == []


async def what_was_set_aside_is_delivered_once_it_can_be_decoded(open_store: OpenStore) -> None:
    @dataclass(frozen=True)
    class Late:
        number: int

    name = f"eventlab.testing.Late{next(_RUNS)}"  # registered for good: each run of this law needs another
    async with opened(open_store) as store:
        await store.append([("b-1", Encoded(name, 1, b'{"number": 7}')), ("b-1", BROKEN), ("a-1", Noted("1"))])
        await _all(subscribe(store, follow=False, undecodable=parking(store, "mailer")))
        EVENTS.register(Late, name)
        seen: list[object] = []

        async def handle(stored: StoredEvent) -> None:
            seen.append(stored.event)

        done = await redrive(store, "mailer", handle)
        assert seen == [Late(7)]
        assert [each.version for each in done.still_parked] == [2]
        assert await parked(store, "mailer") == list(done.still_parked)
        await parking(store, "mailer").unpark(done.still_parked[0].position)
        assert await parked(store, "mailer") == []


async def a_subscription_to_nowhere_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for senseless in ({"after": -1}, {"page": 0}, {"until": -1}):
            try:
                subscribe(store, **senseless)  # type: ignore[arg-type]
            except InvalidValue:
                continue
            raise AssertionError(f"{senseless} was not refused")


_RUNS = count(1)
UNKNOWN = Encoded("eventlab.testing.Never", 1, b"{}")
BROKEN = Encoded("eventlab.testing.Noted", 1, b'{"text": 5}')


async def _note(store: EventStore, *numbers: int) -> None:
    for number in numbers:
        await store.append([("a-1", Noted(str(number)))])


async def _decoded(stored: StoredEvent) -> object:
    return stored.event


async def _all(events: Subscription) -> list[StoredEvent]:
    return [stored async for stored in events]


SUBSCRIBING: tuple[Law, ...] = (
    a_subscription_delivers_the_log_and_ends_with_it_if_told_so,
    a_subscription_goes_on_with_what_is_written_later,
    a_subscription_neither_skips_nor_repeats_while_others_write,
    a_subscription_moves_past_what_its_filter_leaves_out,
    a_subscription_waits_for_what_its_filter_lets_through,
    a_subscription_ends_after_a_position,
    what_is_finished_is_what_the_next_was_asked_for_after,
    a_wait_that_is_cancelled_loses_nothing,
    a_follower_that_is_cancelled_at_any_moment_leaves_the_store_usable,
    an_upcaster_that_fails_in_any_way_is_an_event_that_cannot_be_decoded,
    closing_a_subscription_ends_the_wait_for_it,
    batches_hold_the_same_events,
    an_event_that_cannot_be_decoded_is_an_error_that_names_its_place,
    a_subscription_sets_aside_what_cannot_be_decoded_and_goes_on,
    what_was_set_aside_is_delivered_once_it_can_be_decoded,
    a_subscription_to_nowhere_is_refused,
)
