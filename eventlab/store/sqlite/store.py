"""A store in one SQLite file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from ... import hooks
from ...errors import StoreFailed
from ...hooks.gauges import gauge
from ...runtime import Runtime, in_simulation
from ...runtime import current as current_runtime
from .. import expectations
from ..asking import beginnings, check_page, check_position, check_receipts, plain_names, window_of
from ..closing import Closing
from ..filters import EVERYTHING, Filter, check_filter
from ..fingerprint import fingerprint_of
from ..lazily import events_from
from ..metadata import Metadata, stored_with, to_json
from ..model import Expectation, KeptReceipt, Receipt, StoredEvent
from ..naming import StreamNames, check_command_id
from ..pairs import encoded_pairs
from ..records import Records
from ..restoring import check_restorable
from ..wakeups import Wakeups
from . import rows
from .append import Append, Busy
from .backups import back_up, damage, off_the_loop
from .changing import changing
from .checkpoints import NO_AUTOMATIC_CHECKPOINTS, Checkpointer
from .committing import Committer
from .connections import HeldConnection, open_engine
from .forking import FORKED, file_at, leave, left_at_a_fork
from .oneloop import OneLoop
from .patience import patiently
from .records import SqliteRecords
from .restoring import restore
from .room import CommitterWithRoom
from .threaded import ThreadWriter
from .trouble import explained, is_busy
from .writers import InlineWriter, TickWriter, Writer, written

T = TypeVar("T")
Synchronous = Literal["FULL", "NORMAL"]

_wakeups_of: weakref.WeakValueDictionary[str, Wakeups] = weakref.WeakValueDictionary()
"""By file: all stores of this program on one file wake each other's followers."""

LOOK_EVERY_S = 0.05
"""How often who waits for the log to grow looks for what other programs wrote."""


class SqliteStore(Closing):
    """Streams in the file at *path*, which is made if it is not there, unless *make* is false.

    Under ``FULL``, what was acknowledged survives a power cut: a thread of its
    own flushes each transaction, and commits together whatever waits by then.
    Under ``NORMAL`` it survives the end of the process, and the loop's thread
    commits. Inside a world everything happens at once, on the loop's thread.
    """

    def __init__(
        self, path: str, *, name: str, owns: Sequence[str] = (), synchronous: Synchronous = "FULL", make: bool = True
    ) -> None:
        self.name = name
        self.url = f"sqlite:///{path}"
        self._path = path
        self._plain = StreamNames(name, owns).plain
        self._closed, self._let_go = "", False
        self._checkpointer: Checkpointer | None = None
        self._engine = open_engine(path, self.url, synchronous, make)
        self._connection = HeldConnection(self._engine)
        gauge("eventcore_active_connections", self._opened, target=name)
        self._wakeups = _wakeups_of.setdefault(os.path.realpath(path), Wakeups())
        self.records: Records = SqliteRecords(self._query, self._change)
        if synchronous == "NORMAL" and not in_simulation():
            self._checkpointer = Checkpointer(partial(sqlite3.connect, path, timeout=0.1))
            self._connection.driver.execute(NO_AUTOMATIC_CHECKPOINTS)
        self._commit = Committer(self._connection.driver, self.url, self._checkpointer)
        self._inline = InlineWriter(self._commit)
        self._loop = OneLoop(self.url)
        self._writer: Writer
        if synchronous == "FULL":
            # The thread may be in the middle of a transaction at any time: reads have a connection of their own.
            self._reader = HeldConnection(self._engine)
            commit = CommitterWithRoom(self._commit, self._connection.driver, path)
            threaded = ThreadWriter(commit, f"eventlab store {name}", entering=self._loop.enter)
            weakref.finalize(self, threaded.stop)
            self._writer = threaded
        else:
            self._reader = self._connection
            self._writer = self._inline if in_simulation() else TickWriter(self._commit, self._loop.enter)
        self._file = file_at(path)
        left_at_a_fork(self)

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        self._check_open()
        runtime = current_runtime()
        append = self._prepared(runtime, events, expect, command_id, metadata)
        writer = self._inline if runtime.simulated else self._writer
        outcome = writer.at_once(append)
        if outcome is None:
            outcome = await writer.later(append)
        if type(outcome) is Busy:
            receipt = await patiently(self.url, partial(self._write, append))
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            receipt = outcome
        if hooks.listening and receipt.positions and not receipt.repeated:
            hooks.emit(hooks.EventsAppended(self.name, receipt.positions[-1], append.lines(receipt)))
        self._wakeups.wake()
        return receipt

    async def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        at: datetime | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        name = window_of(self._plain, stream, after, to, at, backwards, limit)
        statement, arguments = rows.window_statement(name, after, to, at, backwards, limit)
        return events_from(await self._query(rows.fetch, statement, arguments))

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        names = plain_names(streams, self._plain)
        begin = beginnings(after, self._plain) if after else {}
        found = {}
        for name, of_stream in (await self._query(rows.fetch_streams, names, begin, warm=True)).items():
            events = found[name] = events_from(of_stream)
            if events:  # whoever reads like this is a command, and about to write
                self._commit.remember(name, events[-1].version, events[-1].type)
        return found

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        check_page(after, limit)
        check_filter(where)
        statement, arguments = rows.page_statement(after, where, limit)
        return events_from(await self._query(rows.fetch, statement, arguments))

    async def head(self) -> int:
        return int((await self._query(rows.fetch, rows.HEAD, ()))[0][0] or 0)

    async def changed(self, after: int) -> None:
        """Woken by appends of this program; those of others are looked for every so often.

        Not inside a world, where nobody else writes: who waits there in vain is to be seen as waiting for ever.
        """
        check_position(after)
        self._loop.enter(asyncio.get_running_loop())
        while True:
            future = self._wakeups.register()
            try:
                if await self.head() > after:
                    return
                async with asyncio.timeout(None if in_simulation() else LOOK_EVERY_S):
                    return await future
            except TimeoutError:
                continue
            finally:
                self._wakeups.forget(future)

    async def receipt(self, command_id: str) -> Receipt | None:
        check_command_id(command_id)
        found = await self._query(rows.fetch, rows.FIND_RECEIPT, (command_id,), warm=True)
        return rows.receipt_from_row(command_id, found[0][1]) if found else None

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        check_receipts(after, limit)
        found = await self._query(rows.fetch, rows.RECEIPTS, (after, limit))
        return [rows.kept_receipt(row) for row in found]

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        check_restorable(events, receipts, self._plain)
        await self._change(partial(restore, events=events, receipts=receipts))
        self._wakeups.wake()

    async def backup(self, path: str) -> None:
        """Copy everything, as it is at one moment, to a new file at *path*: see `FileStore`."""
        self._check_open()
        await off_the_loop(self.url, partial(back_up, self._path, path))

    async def damage(self) -> list[str]:
        """What SQLite finds wrong with the file, in its words; empty if it is sound. It reads the whole file."""
        self._check_open()
        return await off_the_loop(self.url, lambda _: damage(self._path))

    async def close(self) -> None:
        self._closed = self._closed or "the store was closed"
        await self._writer.finish()
        if self._let_go:  # before, or by another caller meanwhile; one who was cancelled has not
            return
        self._let_go = True
        if self._checkpointer is not None:
            self._checkpointer.finish()
        for connection in dict.fromkeys((self._reader, self._connection)):
            connection.close()
        self._engine.dispose()

    def leave(self) -> None:
        """In a process that was forked: neither use it nor close it, nor open its file anew."""
        if not self._let_go:
            leave(self, self._file)
            self._closed, self._let_go, self._writer = FORKED, True, self._inline

    def _opened(self) -> int:
        """How many connections it holds."""
        return 0 if self._closed else len(dict.fromkeys((self._reader, self._connection)))

    def _prepared(
        self,
        runtime: Runtime,
        events: Sequence[tuple[str, object]],
        expect: Mapping[str, Expectation] | None,
        command_id: str | None,
        metadata: Metadata | None,
    ) -> Append:
        """Everything that needs no database, on the loop's thread: names, encoding, ids, and the time of day."""
        plain = self._plain
        encoded = encoded_pairs(plain, events)
        ids = runtime.new_ids(len(encoded))
        return Append(
            [(name, id_, e.type, e.schema_version, e.data) for (name, e), id_ in zip(encoded, ids, strict=True)],
            expectations.by_plain_name(expect, plain) if expect else {},
            to_json(stored_with(metadata)),
            rows.time_to_row(runtime.now()),
            command_id,
            b"" if command_id is None else fingerprint_of(command_id, encoded),
        )

    async def _write(self, append: Append) -> Receipt:
        self._check_open()
        outcome = await written(self._inline if in_simulation() else self._writer, append)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _query(self, read: Callable[..., T], *arguments: object, warm: bool = False) -> T:
        """What *read* finds. *warm* is for what commands ask, which is little, and was often written just now."""
        self._loop.enter(asyncio.get_running_loop())
        try:
            return self._looked_up(read, arguments, warm)
        except Busy:
            return await patiently(self.url, partial(self._query_again, read, arguments))

    async def _query_again(self, read: Callable[..., T], arguments: Sequence[object]) -> T:
        return self._looked_up(read, arguments, False)

    def _looked_up(self, read: Callable[..., T], arguments: Sequence[object], warm: bool) -> T:
        self._check_open()
        try:
            if warm and self._reader is not self._connection and self._commit.lock.acquire(blocking=False):
                # Whoever writes keeps the pages that it wrote; a connection that only reads drops all of its own then.
                try:
                    return read(self._connection.driver, *arguments)
                finally:
                    self._commit.lock.release()
            return read(self._reader.driver, *arguments)
        except sqlite3.Error as error:
            if is_busy(error):
                raise Busy from error
            raise explained(self.url, error) from error

    async def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run *change* in a transaction of its own, on the loop's thread: for what is rare."""
        self._loop.enter(asyncio.get_running_loop())

        async def attempt() -> T:
            self._check_open()
            with self._commit.lock:
                return changing(self._connection.driver, self.url, change)

        return await patiently(self.url, attempt)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFailed(self.url, self._closed)
