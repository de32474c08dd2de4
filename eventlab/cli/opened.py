"""A store for the time of a command, and what a command prints."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from ..errors import InvalidValue
from ..store import PortableStore, StoredEvent, open_store
from ..store.lazily import moment_of
from ..store.opening import without_secrets
from ..store.portable import event_line
from ..store.portable.lines import encoded
from ..store.sealing import Unopened
from ..store.seals import showing_seals

T = TypeVar("T")

SQLITE = "sqlite:///"
UNREADABLE_TIME = f"{'(unreadable)':19}"
"""In the place of a time that somebody spoiled, as wide as one."""


def with_store(
    url: str, work: Callable[[PortableStore], Awaitable[T]], *, may_make: bool = False, keys: str | None = None
) -> T:
    """Run *work* on the store at *url*, with the *keys* at theirs, which is closed afterwards.

    Unless it *may_make* a store, a file that is not there, or is of another program, is left so.
    """
    _check(url, may_make)

    async def main() -> T:
        async with _opened(url, may_make, keys) as store:
            return await work(store)

    return asyncio.run(main())


@asynccontextmanager
async def _opened(url: str, may_make: bool, keys: str | None) -> AsyncIterator[PortableStore]:
    before = _version(url)
    store = open_store(url, make=may_make, keys=keys)
    if before and before != (now := _version(url)):
        sys.stderr.write(f"{url}: the tables went from version {before} to {now}\n")
    try:
        yield store
    finally:
        await store.close()


def _check(url: str, may_make: bool) -> None:
    if url in ("memory:", "memory://"):
        raise InvalidValue("URL", url, "a store that outlives this command: sqlite:///shop.db or postgresql://…")
    if ":" not in url:
        shown = without_secrets(url)
        raise InvalidValue("URL", shown, f"the URL of a store; for a file, {SQLITE}{shown}")
    file = sqlite_file(url)
    if file is not None and file.is_dir():
        raise InvalidValue("URL", url, f"the URL of a file; {str(file)!r} is a directory")
    if file is not None and not may_make and not file.exists():
        raise InvalidValue("URL", url, f"a store that is there; there is no file {str(file)!r}")


def _version(url: str) -> int:
    """The version of the tables in a SQLite file, which opening brings up to date; 0 where nobody knows."""
    file = sqlite_file(url)
    if file is None:
        return 0
    from ..store.sqlite.foreign import found_version

    try:
        return found_version(str(file))
    except sqlite3.Error:
        return 0  # opening it will say why


def sqlite_file(url: str) -> Path | None:
    """The file that a SQLite URL names; None for another store."""
    return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None


def print_event(stored: StoredEvent, as_json: bool, *, has_keys: bool = False) -> None:
    """As JSON it is the line of an export. For people, what is sealed and was not opened says so."""
    if as_json:
        sys.stdout.write(encoded(event_line(stored)).decode())
        return
    at = moment_of(stored)
    moment = f"{UNREADABLE_TIME:23}" if at is None else at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    data = stored.data if has_keys and not isinstance(stored, Unopened) else showing_seals(stored.data)
    content = data.decode(errors="replace")
    print_line(f"{stored.position:>8}  {moment}  {stored.stream} v{stored.version}  {stored.type}  {content}")


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")


@contextmanager
def printing() -> Iterator[None]:
    """Around what prints much: a reader who leaves early, as `head` does, has seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
