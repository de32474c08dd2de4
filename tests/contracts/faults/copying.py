"""Faults with what comes from elsewhere: old and foreign events, and copies."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from eventlab.codec import Encoded
from eventlab.errors import EventlabError
from eventlab.runtime import new_id
from eventlab.store import StoredEvent

from .planting import Faults, planting

FAULTS: Faults = {}
planted = planting(FAULTS)

# Old and foreign events


@planted("append")
async def what_is_encoded_is_tidied(store: Any, append: Any, events: Any, **named: Any) -> Any:
    tidy = [(s, replace(e, data=e.data.replace(b" ", b"")) if type(e) is Encoded else e) for s, e in events]
    return await append(tidy, **named)


@planted("append")
async def what_is_encoded_gets_todays_version(store: Any, append: Any, events: Any, **named: Any) -> Any:
    return await append([(s, replace(e, schema_version=1) if type(e) is Encoded else e) for s, e in events], **named)


@planted("read_all")
async def what_cannot_be_decoded_is_left_out(store: Any, read_all: Any, *given: Any, **named: Any) -> Any:
    return [stored for stored in await read_all(*given, **named) if _decodes(stored)]


def _decodes(stored: Any) -> bool:
    try:
        return stored.event is not None
    except EventlabError:
        return False


@planted("read_many")
async def no_place_is_named(store: Any, read_many: Any, *given: Any, **named: Any) -> Any:
    found = await read_many(*given, **named)
    return {name: [replace(stored, position=0) for stored in events] for name, events in found.items()}


@planted("read_many")
async def the_stored_version_is_taken_for_todays(store: Any, read_many: Any, *given: Any, **named: Any) -> Any:
    found = await read_many(*given, **named)
    return {name: [replace(stored, schema_version=3) for stored in events] for name, events in found.items()}


@planted("read_all")
async def unknown_fields_are_refused(store: Any, read_all: Any, *given: Any, **named: Any) -> Any:
    return [replace(s, data=b"{" if b"colour" in s.data else s.data) for s in await read_all(*given, **named)]


# Copies


@planted("restore")
async def a_copy_gets_ids_of_its_own(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    await restore([replace(stored, id=new_id()) for stored in events], receipts)


@planted("restore")
async def a_copy_closes_the_gaps(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    head = await store.head()
    await restore([replace(stored, position=head + n) for n, stored in enumerate(events, 1)], receipts)


@planted("restore")
async def a_copy_has_no_receipts(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    await restore(events)


@planted("restore")
async def a_copy_is_taken_in_one_by_one(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    await restore([], receipts)
    for stored in events:
        await restore([stored])


@planted("restore")
async def a_copy_knows_no_archives(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    await restore(events, receipts)
    store._archived.clear()


@planted("restore")
async def a_copy_takes_any_version(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    for stored in events:
        store._keep(stored.stream, stored)
    await restore([], receipts)


@planted("restore")
async def a_copy_comes_only_at_once(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    if not store._log:
        await restore(events, receipts)


@planted("restore")
async def a_copy_leaves_out_what_is_none(store: Any, restore: Any, events: Any, receipts: Any = ()) -> Any:
    await restore([each for each in events or () if isinstance(each, StoredEvent)], receipts)


@planted("receipts")
async def receipts_come_all_at_once(store: Any, receipts: Any, after: str = "", *, limit: int = 1000) -> Any:
    return await receipts(after)


@planted("receipts")
async def receipts_are_marked_as_repeated(store: Any, receipts: Any, after: str = "", *, limit: int = 1000) -> Any:
    kept = await receipts(after, limit=limit)
    return [replace(each, receipt=replace(each.receipt, repeated=True)) for each in kept]


@planted("append")
async def positions_are_counted(store: Any, append: Any, events: Any, **named: Any) -> Any:
    count = len(store._log)
    receipt = await append(events, **named)
    if receipt.repeated:
        return receipt
    for index in range(count, len(store._log)):
        store._log[index] = replace(store._log[index], position=index + 1)
    return replace(receipt, positions=tuple(range(count + 1, len(store._log) + 1)))
