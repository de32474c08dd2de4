"""A store in a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import psycopg

from ... import hooks
from ...errors import StoreUnavailable
from ...resilience.backoff import Exponential
from ...runtime import current as current_runtime
from ...runtime import monotonic, random_stream
from .. import expectations
from ..asking import beginnings, check_page, check_position, check_receipts, plain_names, window_of
from ..closing import Closing
from ..filters import EVERYTHING, Filter, check_filter
from ..metadata import Metadata, stored_with
from ..model import Expectation, KeptReceipt, Receipt, StoredEvent
from ..naming import StreamNames, check_command_id
from ..pairs import encoded_pairs
from ..records import Records
from ..restoring import check_restorable
from ..wakeups import Wakeups
from .appending import Append
from .complete import Complete
from .connecting import NotSent, Session
from .pool import Connections, refuse_in_a_world
from .reading import read_end, read_head, read_page, read_receipt, read_receipts, read_streams, read_window
from .records import PostgresRecords
from .restoring import restore
from .settings import Settings
from .trouble import explained
from .waking import Listener, Notifier

T = TypeVar("T")

LOOK_EVERY_S = 0.25
"""How often who waits for the log to grow looks by himself, whether or not a wake-up came."""

RECONNECT_PATIENCE_S = 5.0
"""How long a read goes on trying after the connection was lost."""

_BACKOFF = Exponential(0.02, factor=2, cap_s=0.5, jitter=0.5)


class PostgresStore(Closing):
    """Streams in the database of *settings*, whose tables `migrate` has made. Connects when it is first used.

    It may be used from several event loops; each gets connections of its own.

    A caller who is cancelled while appending does not learn whether his events
    were written: the server is asked to stop, which it does as a whole or not
    at all. The receipt of his command id tells. Reads are asked again by
    themselves when the connection was lost; appends never are.
    """

    def __init__(self, settings: Settings, *, name: str, owns: Sequence[str] = ()) -> None:
        refuse_in_a_world()
        self.name = name
        self.url = settings.url
        self._plain = StreamNames(name, owns).plain
        self._connections = Connections(settings)
        self._was_reached = False
        self._complete = Complete()
        self._wakeups = Wakeups()
        self._notifier = Notifier(self._connections)
        self._listener = Listener(settings, self._wakeups)
        self.records: Records = PostgresRecords(self._read, self._write)

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        plain = self._plain
        append = Append(
            current_runtime(),
            encoded_pairs(plain, events),
            expectations.by_plain_name(expect, plain) if expect else {},
            command_id,
            stored_with(metadata),
        )
        receipt = await self._written(append)
        if receipt.positions and not receipt.repeated:
            if hooks.listening:
                hooks.emit(hooks.EventsAppended(self.name, receipt.positions[-1], append.lines(receipt)))
            self._wakeups.wake()
            self._notifier.due()
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
        return await self._read(lambda session: read_window(session, name, after, to, at, backwards, limit))

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        begin = beginnings(after, self._plain)
        found: dict[str, list[StoredEvent]] = {name: [] for name in plain_names(streams, self._plain)}
        if found:
            names = list(found)
            for stored in await self._read(lambda session: read_streams(session, names, begin)):
                found[stored.stream].append(stored)
        return found

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        check_page(after, limit)
        check_filter(where)
        complete = self._complete
        return await self._read(lambda session: read_page(session, complete, after, where, limit))

    async def head(self) -> int:
        complete = self._complete
        return await self._read(lambda session: read_head(session, complete))

    async def end(self) -> int:
        """The position of the last event that is there, also while the log is not known to be complete up to it."""
        return await self._read(read_end)

    async def changed(self, after: int) -> None:
        """Woken by appends through this object, and by what other programs tell; what nobody tells is looked for."""
        check_position(after)
        while True:
            future = self._wakeups.register()
            try:
                if await self.head() > after:
                    return
                self._listener.begin()
                async with asyncio.timeout(LOOK_EVERY_S):
                    await future
            except TimeoutError:
                continue
            finally:
                self._wakeups.forget(future)

    async def receipt(self, command_id: str) -> Receipt | None:
        check_command_id(command_id)
        kept = await self._read(lambda session: read_receipt(session, command_id))
        return None if kept is None else Receipt(kept.receipt.positions, kept.receipt.versions, repeated=True)

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        check_receipts(after, limit)
        return await self._read(lambda session: read_receipts(session, after, limit))

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        check_restorable(events, receipts, self._plain)
        await self._write(partial(restore, events=events, receipts=receipts))
        self._wakeups.wake()
        self._notifier.due()

    async def close(self) -> None:
        await self._listener.finish()
        await self._notifier.finish()
        self._connections.close()

    async def _written(self, append: Append) -> Receipt:
        began_s = monotonic()
        session = await self._taken()
        try:
            try:
                return append.receipt(await session.ask(append.statement, append.parameters))
            except psycopg.errors.UniqueViolation:
                if not append.ask_in_full(current_runtime()):
                    raise
                return append.receipt(await session.ask(append.statement, append.parameters))
        except psycopg.Error as error:
            refused = append.refused(error)
            if refused is not None:
                raise refused from None
            raise explained(self.url, error, appending=True, waited_s=monotonic() - began_s) from error
        except NotSent as unsent:
            raise self._unsent(unsent) from unsent
        finally:
            self._connections.give(session)

    async def _write(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        """What *ask* gives, asked once: whether something changed before the connection was lost is not known."""
        began_s = monotonic()
        session = await self._taken()
        try:
            return await ask(session)
        except psycopg.Error as error:
            raise explained(self.url, error, appending=True, waited_s=monotonic() - began_s) from error
        except NotSent as unsent:
            raise self._unsent(unsent) from unsent
        finally:
            self._connections.give(session)

    async def _read(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        """What *ask* gives; asked again, on another connection, when one was lost."""
        tries, began_s = 0, monotonic()
        while True:
            try:
                return await self._read_once(ask)
            except StoreUnavailable:
                if not self._was_reached or monotonic() - began_s >= RECONNECT_PATIENCE_S:
                    raise
            tries += 1
            await asyncio.sleep(_BACKOFF.delay_s(tries, random_stream("store/reconnect")))

    async def _read_once(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        began_s = monotonic()
        session = await self._taken()
        try:
            return await ask(session)
        except psycopg.Error as error:
            raise explained(self.url, error, waited_s=monotonic() - began_s) from error
        except NotSent as unsent:
            raise self._unsent(unsent) from unsent
        finally:
            self._connections.give(session)

    async def _taken(self) -> Session:
        session = await self._connections.take()
        self._was_reached = True
        return session

    def _unsent(self, unsent: NotSent) -> Exception:
        cause = unsent.__cause__
        return explained(self.url, cause) if isinstance(cause, psycopg.Error) else unsent
