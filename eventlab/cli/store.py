"""``eventlab store info|streams|read|tail``: looking."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..store import EVERYTHING, Filter, PortableStore, category_of, subscribe
from ..store.opening import without_secrets
from ..store.portable import StreamInfo, survey
from .exits import FAILED, MET
from .following import TellingBackoff, ended_with_stdout, telling_of_return
from .opened import UNREADABLE_TIME, print_event, print_line, printing, sqlite_file, with_store

CATEGORIES_SHOWN = 20
PAGE = 1000


def info(url: str, *, as_json: bool) -> None:
    async def look(store: PortableStore) -> tuple[int, list[StreamInfo]]:
        return await store.head(), await survey(store)

    head, found = with_store(url, look)
    facts = _facts(url, head, found)
    with printing():
        if as_json:
            print_line(msgspec.json.encode(facts).decode())
        else:
            _print_facts(facts)
    _tell_undated(facts["undated"])


def _facts(url: str, head: int, found: Sequence[StreamInfo]) -> dict[str, Any]:
    categories: Counter[str] = Counter()
    for stream in found:
        categories[category_of(stream.stream)] += stream.version
    file = sqlite_file(url)
    return {
        "url": without_secrets(url),
        "head": head,
        "events": sum(stream.version for stream in found),
        "streams": len(found),
        "archived": sum(stream.is_archived for stream in found),
        "bytes": None if file is None else file.stat().st_size,
        "first_at": min((stream.first_at for stream in found if stream.first_at), default=None),
        "last_at": max((stream.last_at for stream in found if stream.last_at), default=None),
        "undated": sum(stream.undated for stream in found),
        "categories": dict(categories.most_common()),
    }


def _print_facts(facts: dict[str, Any]) -> None:
    print_line(f"{facts['events']:,} events in {facts['streams']:,} streams, up to position {facts['head']:,}")
    if facts["archived"]:
        print_line(f"{facts['archived']:,} of them archived")
    if facts["first_at"]:
        print_line(f"from {_moment(facts['first_at'])} to {_moment(facts['last_at'])} UTC")
    if facts["bytes"] is not None:
        print_line(f"{facts['bytes']:,} bytes in the database file")
    shown = list(facts["categories"].items())[:CATEGORIES_SHOWN]
    for category, count in shown:
        print_line(f"{count:>12,}  {category}")
    if len(facts["categories"]) > len(shown):
        print_line(f"              and {len(facts['categories']) - len(shown)} more categories")


def streams(url: str, categories: Sequence[str] | None, pattern: str | None, *, as_json: bool) -> None:
    where = _filter(categories, pattern, None)
    found = with_store(url, lambda store: survey(store, where))
    with printing():
        for stream in found:
            if as_json:
                print_line(msgspec.json.encode(stream).decode())
            else:
                archived = "  archived" if stream.is_archived else ""
                print_line(f"{stream.version:>8}  {_moment(stream.last_at)}  {stream.stream}{archived}")
    _tell_undated(sum(stream.undated for stream in found))


def read(
    url: str,
    stream: str,
    after: int,
    to: int | None,
    at: datetime | None,
    backwards: bool,
    limit: int | None,
    *,
    as_json: bool,
    keys: str | None = None,
) -> int:
    async def look(store: PortableStore) -> int:
        count, begin, end = 0, after, to
        with printing():
            while limit is None or count < limit:
                page_size = PAGE if limit is None else min(PAGE, limit - count)
                events = await store.read(stream, after=begin, to=end, at=at, backwards=backwards, limit=page_size)
                count += len(events)
                for stored in events:
                    print_event(stored, as_json, has_keys=keys is not None)
                if len(events) < page_size:
                    break
                if backwards:
                    end = events[-1].version - 1
                else:
                    begin = events[-1].version
        return count

    if with_store(url, look, keys=keys):
        return MET
    sys.stderr.write(f"stream {stream!r} has no event there\n")
    return FAILED


def tail(
    url: str,
    lines: int,
    after: int | None,
    follow: bool,
    categories: Sequence[str] | None,
    pattern: str | None,
    types: Sequence[str] | None,
    *,
    as_json: bool,
    keys: str | None = None,
) -> None:
    where = _filter(categories, pattern, types)

    async def look(store: PortableStore) -> None:
        begin = await _begin(store, lines, where) if after is None else after
        with printing():
            following = subscribe(store, begin, where=where, follow=follow, backoff=TellingBackoff())
            with telling_of_return(), ended_with_stdout(following):
                async for stored in following:
                    print_event(stored, as_json, has_keys=keys is not None)
                    sys.stdout.flush()

    with_store(url, look, keys=keys)


async def _begin(store: PortableStore, lines: int, where: Filter) -> int:
    """The position after which the last *lines* events stand, looked for in steps back from the head."""
    head = await store.head()
    if lines == 0:
        return head
    width = lines
    while True:
        begin = max(0, head - width)
        page = await store.read_all(begin, where=where, limit=width)
        if len(page) >= lines:
            return page[-lines].position - 1
        if begin == 0:
            return 0
        width *= 4


def _filter(categories: Sequence[str] | None, pattern: str | None, types: Sequence[str] | None) -> Filter:
    if not (categories or pattern or types):
        return EVERYTHING
    return Filter(
        categories=tuple(categories) if categories else None,
        streams=pattern,
        types=tuple(types) if types else None,
    )


def _tell_undated(count: int) -> None:
    if count:
        events = "1 event" if count == 1 else f"{count:,} events"
        sys.stderr.write(f"the time of {events} cannot be read; eventlab store verify tells where\n")


def _moment(moment: datetime | None) -> str:
    return UNREADABLE_TIME if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
