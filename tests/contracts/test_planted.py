"""Every law can be broken: one fault at a time is planted in the store in memory, and there is a law that finds it.

A fault takes the place of one method. It is given the method that was there, and what the caller gave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC
from fnmatch import fnmatch
from typing import Any

import pytest
from msgspec.structs import replace

from eventlab.codec import Encoded
from eventlab.errors import ArchivedStreamError, EventlabError, VersionConflict
from eventlab.runtime import new_id
from eventlab.simulation import World
from eventlab.store import ANY, EVERYTHING, EXISTS, Filter, MemoryStore, Receipt, Record
from eventlab.testing.stores import Law, law_name
from eventlab.testing.stores.archiving import ARCHIVING
from eventlab.testing.stores.evolving import EVOLVING
from eventlab.testing.stores.filtering import FILTERING
from eventlab.testing.stores.following import FOLLOWING
from eventlab.testing.stores.receipts import RECEIPTS
from eventlab.testing.stores.records import RECORDS
from eventlab.testing.stores.restoring import RESTORING
from eventlab.testing.stores.windows import WINDOWS

LAWS = (*RECEIPTS, *ARCHIVING, *WINDOWS, *FILTERING, *FOLLOWING, *EVOLVING, *RECORDS, *RESTORING)

Fault = Callable[..., Awaitable[Any]]
FAULTS: dict[str, tuple[str, Fault]] = {}


def planted(method: str) -> Callable[[Fault], Fault]:
    """The decorated function takes the place of *method* of a store, or of its records."""

    def plant(fault: Fault) -> Fault:
        FAULTS[fault.__name__] = (method, fault)
        return fault

    return plant


# Windows


@planted("read")
async def to_is_exclusive(store: Any, read: Any, stream: str, **window: Any) -> Any:
    if window.get("to"):
        window["to"] -= 1
    return await read(stream, **window)


@planted("read")
async def after_is_left_out_before_a_to(store: Any, read: Any, stream: str, **window: Any) -> Any:
    if window.get("to"):
        window["after"] = 0
    return await read(stream, **window)


@planted("read")
async def never_backwards(store: Any, read: Any, stream: str, **window: Any) -> Any:
    return await read(stream, **{**window, "backwards": False})


@planted("read")
async def turned_after_the_limit(store: Any, read: Any, stream: str, **window: Any) -> Any:
    events = await read(stream, **{**window, "backwards": False})
    return events[::-1] if window.get("backwards") else events


@planted("read")
async def the_very_moment_is_left_out(store: Any, read: Any, stream: str, **window: Any) -> Any:
    return [stored for stored in await read(stream, **window) if stored.occurred_at != window.get("at")]


@planted("read")
async def a_moment_sieves(store: Any, read: Any, stream: str, **window: Any) -> Any:
    at, limit = window.pop("at", None), window.pop("limit", None)
    return [stored for stored in await read(stream, **window) if at is None or stored.occurred_at <= at][:limit]


@planted("read")
async def time_zones_are_left_out(store: Any, read: Any, stream: str, **window: Any) -> Any:
    if window.get("at"):
        window["at"] = window["at"].replace(tzinfo=UTC)
    return await read(stream, **window)


@planted("read")
async def senseless_windows_are_taken(store: Any, read: Any, stream: str, **window: Any) -> Any:
    try:
        return await read(stream, **window)
    except EventlabError:
        return []


@planted("read_many")
async def many_from_the_beginning(store: Any, read_many: Any, streams: Any, *, after: Any = None) -> Any:
    return await read_many(streams)


@planted("read_many")
async def many_by_their_given_names(store: Any, read_many: Any, streams: Any, *, after: Any = None) -> Any:
    return {name: (await read_many([name], after=after))[name.strip()] for name in streams}


# Filters


def matching(matches: Callable[[str, str], bool]) -> Fault:
    async def fault(store: Any, read_all: Any, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> Any:
        found = await read_all(after, where=replace(where, streams=None))
        return [stored for stored in found if where.streams is None or matches(stored.stream, where.streams)][:limit]

    return fault


def like(name: str, pattern: str) -> bool:
    """As LIKE would do it, in which ``_`` and ``%`` stand for others."""
    return fnmatch(name, pattern.replace("%", "*").replace("_", "?"))


FAULTS["a_pattern_is_a_prefix"] = "read_all", matching(lambda name, pattern: fnmatch(name, f"{pattern}*"))
FAULTS["a_pattern_is_anywhere"] = "read_all", matching(lambda name, pattern: fnmatch(name, f"*{pattern}"))
FAULTS["a_pattern_minds_no_capitals"] = "read_all", matching(lambda one, other: fnmatch(one.lower(), other.lower()))
FAULTS["a_pattern_is_that_of_like"] = "read_all", matching(like)
FAULTS["a_star_is_one_at_least"] = "read_all", matching(lambda name, pattern: fnmatch(name, pattern.replace("*", "?*")))
FAULTS["a_question_mark_is_a_star"] = "read_all", matching(lambda one, other: fnmatch(one, other.replace("?", "*")))
FAULTS["no_pattern_at_all"] = "read_all", matching(lambda name, pattern: True)


@planted("read_all")
async def a_pattern_after_the_limit(
    store: Any, read_all: Any, after: int = 0, *, where: Any = EVERYTHING, limit: int = 1000
) -> Any:
    page = await read_all(after, where=replace(where, streams=None), limit=limit)
    return [stored for stored in page if where.lets_through(stored)]


@planted("read_all")
async def a_pattern_alone_counts(
    store: Any, read_all: Any, after: int = 0, *, where: Any = EVERYTHING, limit: int = 1000
) -> Any:
    return await read_all(after, where=Filter(streams=where.streams) if where.streams else where, limit=limit)


@planted("read_all")
async def the_first_category_alone_counts(
    store: Any, read_all: Any, after: int = 0, *, where: Any = EVERYTHING, limit: int = 1000
) -> Any:
    return await read_all(
        after, where=replace(where, categories=where.categories and where.categories[:1]), limit=limit
    )


# The end of the log


@planted("head")
async def the_head_is_the_next_position(store: Any, head: Any) -> Any:
    return await head() + 1


@planted("head")
async def the_head_counts_records_too(store: Any, head: Any) -> Any:
    return await head() + len(store.records._kept)


@planted("head")
async def the_head_is_that_of_the_first_stream(store: Any, head: Any) -> Any:
    return next((events[-1].position for events in store._streams.values()), 0)


@planted("changed")
async def always_waits(store: Any, changed: Any, after: int) -> Any:
    await changed(10**9)


@planted("changed")
async def never_wakes(store: Any, changed: Any, after: int) -> Any:
    if await store.head() <= after:
        await asyncio.Event().wait()


@planted("changed")
async def looks_then_naps_then_waits(store: Any, changed: Any, after: int) -> Any:
    if await store.head() <= after:
        await asyncio.sleep(0)
        await changed(10**9)


@planted("changed")
async def all_wait_on_one_future(store: Any, changed: Any, after: int) -> Any:
    if not hasattr(store, "shared") or (store.shared.done() and not store.shared.cancelled()):
        store.shared = asyncio.ensure_future(changed(after))
    await store.shared


# Records


@planted("records.put")
async def the_last_put_wins(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    found = await store.records.get(kind, key)
    return await put(kind, key, value, version=found.version if found else 0)


@planted("records.put")
async def looks_before_it_puts(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    found = await store.records.get(kind, key)
    if (found.version if found else 0) != version:
        raise VersionConflict([(f"{kind}/{key}", version, found.version if found else 0)])
    await asyncio.sleep(0)
    record = store.records._kept[kind, key] = Record(kind, key, version + 1, value)
    return record


@planted("records.put")
async def the_version_stays(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    record = await put(kind, key, value, version=version)
    kept = store.records._kept[kind, key] = replace(record, version=1)
    return kept


@planted("records.put")
async def a_value_is_text(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    return await put(kind, key, value.decode("ascii", "ignore").encode(), version=version)


@planted("records.put")
async def keys_are_trimmed(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    return await put(kind, key.strip() or key, value, version=version)


@planted("records.put")
async def any_record_is_taken(store: Any, put: Any, kind: str, key: str, value: bytes, *, version: int) -> Any:
    return await put(kind or "x", key[:600] or "x", value, version=max(version, 0))


@planted("records.delete")
async def nothing_is_deleted(store: Any, delete: Any, kind: str, key: str, *, version: int) -> Any:
    found = await store.records.get(kind, key)
    if found is not None and found.version == version:
        return
    await delete(kind, key, version=version)


@planted("records.delete")
async def any_version_is_deleted(store: Any, delete: Any, kind: str, key: str, *, version: int) -> Any:
    store.records._kept.pop((kind, key), None)


@planted("records.list")
async def records_in_their_order_of_making(store: Any, list_: Any, kind: str, *, prefix: str = "") -> Any:
    return [each for each in store.records._kept.values() if each.kind == kind and each.key.startswith(prefix)]


@planted("records.list")
async def records_in_the_order_of_a_language(store: Any, list_: Any, kind: str, *, prefix: str = "") -> Any:
    return sorted(await list_(kind, prefix=prefix), key=lambda each: (each.key.lower(), each.key))


@planted("records.list")
async def a_prefix_is_a_pattern(store: Any, list_: Any, kind: str, *, prefix: str = "") -> Any:
    return [each for each in await list_(kind) if like(each.key, f"{prefix}%")]


@planted("records.list")
async def kinds_by_their_beginning(store: Any, list_: Any, kind: str, *, prefix: str = "") -> Any:
    kept = store.records._kept
    return [kept[each] for each in sorted(kept) if each[0].startswith(kind) and each[1].startswith(prefix)]


# Archived streams


async def unarchived(store: Any, append: Any, events: Any, **named: Any) -> Any:
    before, store._archived = store._archived, set()
    try:
        return await append(events, **named)
    finally:
        store._archived |= before


@planted("append")
async def archives_are_written_on(store: Any, append: Any, events: Any, **named: Any) -> Any:
    return await unarchived(store, append, events, **named)


@planted("append")
async def any_opens_an_archive(store: Any, append: Any, events: Any, **named: Any) -> Any:
    loose = {ANY, EXISTS} & set((named.get("expect") or {}).values())
    return await (unarchived(store, append, events, **named) if loose else append(events, **named))


@planted("append")
async def the_archived_part_is_left_out(store: Any, append: Any, events: Any, **named: Any) -> Any:
    try:
        return await append(events, **named)
    except ArchivedStreamError:
        await append([each for each in events if each[0] not in store._archived], **named)
        raise


@planted("append")
async def an_archive_closes_only_at_the_end(store: Any, append: Any, events: Any, **named: Any) -> Any:
    parts = [await append([each], **named) for each in events] if len(events) > 1 and not named.get("expect") else []
    return parts[-1] if parts else await append(events, **named)


@planted("append")
async def an_append_may_archive_twice(store: Any, append: Any, events: Any, **named: Any) -> Any:
    kept = [each for index, each in enumerate(events) if each not in events[:index]]
    return await append(kept if any("Archived" in type(each).__name__ for _, each in events) else events, **named)


@planted("append")
async def an_archive_may_not_be_expected(store: Any, append: Any, events: Any, **named: Any) -> Any:
    for stream in named.get("expect") or {}:
        if stream in store._archived:
            raise ArchivedStreamError(stream, store._version(stream))
    return await append(events, **named)


@planted("append")
async def archiving_expects_nothing(store: Any, append: Any, events: Any, **named: Any) -> Any:
    if any("Archived" in type(each).__name__ for _, each in events):
        named["expect"] = None
    return await append(events, **named)


@planted("append")
async def an_archive_closes_what_begins_alike(store: Any, append: Any, events: Any, **named: Any) -> Any:
    for stream, _ in events:
        if any(stream.startswith(closed) for closed in store._archived):
            raise ArchivedStreamError(stream, store._version(stream))
    return await append(events, **named)


@planted("append")
async def an_archive_is_told_before_a_repetition(store: Any, append: Any, events: Any, **named: Any) -> Any:
    for stream, _ in events:
        if stream in store._archived:
            raise ArchivedStreamError(stream, store._version(stream))
    return await append(events, **named)


@planted("read")
async def an_archive_is_empty(store: Any, read: Any, stream: str, **window: Any) -> Any:
    return [] if stream in store._archived else await read(stream, **window)


# Receipts of appends


@planted("append")
async def nothing_leaves_no_receipt(store: Any, append: Any, events: Any, **named: Any) -> Any:
    if not events:
        named["command_id"] = None
    return await append(events, **named)


@planted("append")
async def a_command_is_written_again(store: Any, append: Any, events: Any, **named: Any) -> Any:
    return await append(events, **{**named, "command_id": None})


@planted("append")
async def any_command_is_a_repetition(store: Any, append: Any, events: Any, **named: Any) -> Any:
    earlier = await store.receipt(named.get("command_id") or "")
    return await append(events, **named) if earlier is None else earlier


@planted("append")
async def expectations_come_before_repetitions(store: Any, append: Any, events: Any, **named: Any) -> Any:
    await append([], expect=named.get("expect"))
    return await append(events, **named)


@planted("append")
async def the_same_events_are_a_repetition(store: Any, append: Any, events: Any, **named: Any) -> Any:
    return await append(events, **{**named, "command_id": named.get("command_id") and "one"})


@planted("append")
async def a_conflict_leaves_a_receipt(store: Any, append: Any, events: Any, **named: Any) -> Any:
    try:
        return await append(events, **named)
    except VersionConflict:
        store._receipts[named.get("command_id")] = (b"", Receipt())
        raise


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


def with_fault(name: str, owns: Sequence[str] = ()) -> MemoryStore:
    """A store in memory with one fault."""
    method, fault = FAULTS[name]
    store: Any = MemoryStore(owns=owns)
    holder = store.records if method.startswith("records.") else store
    original = getattr(holder, method.rpartition(".")[2])

    def faulty(*given: Any, **named: Any) -> Awaitable[Any]:
        return fault(store, original, *given, **named)

    setattr(holder, method.rpartition(".")[2], faulty)
    return store


def laws_broken_by(name: str) -> set[str]:
    async def open_it(*, owns: Sequence[str] = ()) -> MemoryStore:
        return with_fault(name, owns)

    return {law_name(law) for law in LAWS if not _holds(law, open_it)}


def _holds(law: Law, open_it: Any) -> bool:
    try:
        World(seed=1).run(law(open_it))
    except (AssertionError, EventlabError, ValueError, LookupError, AttributeError, asyncio.CancelledError):
        return False
    return True


BROKEN: dict[str, set[str]] = {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    BROKEN[name] = laws_broken_by(name)
    assert BROKEN[name]


def test_every_law_finds_a_planted_fault() -> None:
    found = set().union(*(BROKEN.get(name) or laws_broken_by(name) for name in FAULTS))
    assert {law_name(law) for law in LAWS} - found == set()


def test_a_store_without_a_fault_keeps_the_laws() -> None:
    FAULTS["none"] = "head", lambda store, head: head()
    try:
        assert laws_broken_by("none") == set()
    finally:
        del FAULTS["none"]
