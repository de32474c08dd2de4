"""Faults in reading and following: windows, filters, and the end of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from fnmatch import fnmatch
from typing import Any

from msgspec.structs import replace

from eventlab.errors import EventlabError
from eventlab.store import EVERYTHING, Filter

from .planting import Fault, Faults, like, planting

FAULTS: Faults = {}
planted = planting(FAULTS)

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


@planted("read_many")
async def a_name_is_read_by_its_letters(store: Any, read_many: Any, streams: Any, *, after: Any = None) -> Any:
    return await read_many(list(streams) if isinstance(streams, str) else streams, after=after)


# Filters


def matching(matches: Callable[[str, str], bool]) -> Fault:
    async def fault(store: Any, read_all: Any, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> Any:
        found = await read_all(after, where=replace(where, streams=None))
        return [stored for stored in found if where.streams is None or matches(stored.stream, where.streams)][:limit]

    return fault


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


@planted("changed")
async def any_position_will_do(store: Any, changed: Any, after: Any) -> None:
    with suppress(EventlabError):
        await changed(after)


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
