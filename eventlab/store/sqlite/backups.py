"""A copy of the file while it is in use, and whether the file is sound.

Both have a connection and a thread of their own.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

from ...errors import InvalidValue, StoreFailed
from ...runtime import in_simulation
from .append import Busy
from .patience import patiently
from .trouble import explained, is_busy

T = TypeVar("T")

PAGES_PER_STEP = 256
"""What is copied before looking whether it is still wanted."""

_numbers = count(1)
"""Of the backups of this process."""


async def off_the_loop(url: str, work: Callable[[Callable[[], None]], T]) -> T:
    """What *work* gives, done on a thread; inside a world at once.

    *work* is handed a function to call now and then: it raises once whoever asked was cancelled.
    """
    unwanted = threading.Event()

    def check_wanted() -> None:
        if unwanted.is_set():
            raise _Unwanted

    def attempt() -> T:
        try:
            return work(check_wanted)
        except sqlite3.Error as error:
            if is_busy(error):
                raise Busy from error
            raise explained(url, error) from error

    async def once() -> T:
        return attempt() if in_simulation() else await asyncio.to_thread(attempt)

    try:
        return await patiently(url, once)
    except asyncio.CancelledError:
        unwanted.set()
        raise


class _Unwanted(Exception):
    """Nobody waits for the result any more."""


def back_up(source: str, target: str, check_wanted: Callable[[], None]) -> None:
    """Copy the database at *source*, as it is at this moment, to the file *target*, which must not be there yet.

    What is not finished stands under another name and is removed. Appends go on meanwhile: in a
    write-ahead log, a reader that keeps its moment holds up nobody.
    """
    if os.path.lexists(target):
        raise InvalidValue("backup file", target, "a file that is not there yet")
    partial = _unnamed(target)
    try:
        _copy(source, partial, target, check_wanted)
        _flush(partial)
        check_wanted()
        _give_name(partial, target)
        with suppress(OSError):  # not every system flushes folders
            _flush(partial.parent)
    except OSError as error:
        raise StoreFailed(f"sqlite:///{target}", f"the backup was not made: {error.strerror or error}") from error
    finally:
        # The file itself last: until then nobody else takes its name, and with it those of the others.
        for left in (Path(f"{partial}-wal"), Path(f"{partial}-shm"), Path(f"{partial}-journal"), partial):
            with suppress(OSError):  # it is not there, or cannot be
                left.unlink()


def _unnamed(target: str) -> Path:
    """A file beside *target* that nobody else has, also no other backup to the same name."""
    for number in _numbers:
        partial = Path(f"{target}.part-{os.getpid()}-{number}")
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            continue
        except OSError:
            pass  # SQLite will say why
        return partial
    raise AssertionError("the numbers have no end")


def _copy(source: str, partial: Path, target: str, check_wanted: Callable[[], None]) -> None:
    def progress(_status: int, _remaining: int, _total: int) -> None:
        check_wanted()

    with closing(sqlite3.connect(source, isolation_level=None)) as reading:
        # The moment is kept by a transaction; without one, every append would make the copy begin anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        try:
            with closing(sqlite3.connect(partial, isolation_level=None)) as writing:
                writing.execute("PRAGMA synchronous = OFF")  # it is flushed as a whole, before it gets its name
                reading.backup(writing, pages=PAGES_PER_STEP, progress=progress, sleep=0)
        except sqlite3.Error as error:
            if is_busy(error):
                raise
            raise explained(f"sqlite:///{target}", error) from error  # by the name that was asked for


def _give_name(partial: Path, target: str) -> None:
    """Without overwriting a file that came meanwhile, where the file system has hard links."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise InvalidValue("backup file", target, "a file that is not there yet") from None
    except OSError:
        os.rename(partial, target)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def damage(path: str) -> list[str]:
    """What SQLite finds wrong with the file at *path*: nothing if it is sound."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            if is_busy(error):
                raise
            return [str(error)]
    return [] if found == ["ok"] else found
