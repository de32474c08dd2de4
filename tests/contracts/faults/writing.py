"""Faults in writing: records, archived streams, and the receipts of appends."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from eventlab.errors import ArchivedStreamError, VersionConflict
from eventlab.store import ANY, EXISTS, Receipt, Record

from .planting import Faults, like, planting

FAULTS: Faults = {}
planted = planting(FAULTS)

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
