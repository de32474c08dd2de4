"""Executing a command: read, fold, decide, append; and after a conflict all of it again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from .. import hooks
from ..errors import (
    AppendUnknown,
    CommandIdReused,
    EventlabError,
    InvalidValue,
    Refused,
    VersionConflict,
)
from ..resilience.backoff import Backoff, Exponential
from ..runtime import monotonic, random_stream
from ..store import EventStore, Metadata, Receipt
from ..store.metadata import added
from .command import Command, declared_streams
from .reading import Reading, versions_of
from .remembering import RememberingReading, reading_of
from .telling import outcome_of, tell_beginning, tell_error, tell_success

S = TypeVar("S")
Conflict: TypeAlias = tuple[str, int | str, int]
Events: TypeAlias = tuple[tuple[str, object], ...]

MAY_HAVE_WRITTEN: Final = ("written", "unknown", "cancelled", "failed")
"""The outcomes of an attempt that leave events, or may."""

_DEFAULT_BACKOFF: Final = Exponential(0.010, factor=2, cap_s=1.0, jitter=0.2)


@dataclass(frozen=True, slots=True)
class ConflictRetry:
    """How often a command is decided in all, and how long it pauses after each conflict."""

    attempts_max: int = 5
    backoff: Backoff = _DEFAULT_BACKOFF

    def __post_init__(self) -> None:
        attempts: object = self.attempts_max
        if not isinstance(attempts, int) or attempts < 1:
            raise InvalidValue("attempts_max", self.attempts_max, "1 or more")
        if not hasattr(self.backoff, "delay_s"):
            raise InvalidValue("backoff", self.backoff, "a backoff, as Exponential(0.01)")


DEFAULT_RETRY: Final = ConflictRetry()


class Executed(msgspec.Struct, frozen=True):
    """What became of a command.

    *conflicts* are all stale streams that were met on the way, as ``(stream, expected,
    actual)``; *versions* the new versions of the written streams; *events* the
    pairs that were written. *repeated* says that the command id had been
    executed before: then nothing was decided, and *events* is empty.
    """

    attempts: int
    conflicts: tuple[Conflict, ...] = ()
    versions: dict[str, int] = {}
    events: tuple[tuple[str, object], ...] = ()
    positions: tuple[int, ...] = ()
    repeated: bool = False


async def execute(
    store: EventStore,
    command: Command[S],
    *,
    retry: ConflictRetry = DEFAULT_RETRY,
    command_id: str | None = None,
    metadata: Metadata | None = None,
) -> Executed:
    """Decide *command* on what *store* holds, and append what it decides.

    The versions of all streams read, discovered ones too, are part of the
    append's expectation: nothing is written unless all of them are as they
    were read. Raises Refused as the command raised it, and VersionConflict
    when the last attempt met one.

    A *command_id* stands for this command and no other: once it was decided
    under it, also to write nothing, executing it again gives that receipt and
    writes nothing. A decision to write nothing then costs one append, of no
    events. A refusal is not kept: executed again, it is decided again.

    AppendUnknown says that the connection was lost while committing. Nothing
    is decided again then. With a *command_id* the store is asked for the
    receipt first, and the error is raised only if there is none.

    What is carried (see `carrying`) is stored with the events, and over it
    what *metadata* says.
    """
    if not isinstance(retry, ConflictRetry):  # seen now, and not when a conflict comes one day
        raise InvalidValue("retry", retry, "a ConflictRetry, as ConflictRetry(attempts_max=3)")
    traced = hooks.tracing
    if traced:
        tell_beginning(store, command)
    conflicts: list[Conflict] = []
    attempt, pause_s = 1, 0.0
    try:
        execution = _Execution(store, command, command_id, metadata)
        while True:
            try:
                receipt, events = await execution.attempt(attempt)
                break
            except VersionConflict as error:
                conflicts += error.conflicts
                last = attempt >= retry.attempts_max
                if not last:
                    pause_s = retry.backoff.delay_s(attempt, random_stream("commands/backoff"), pause_s)
                if hooks.listening:
                    execution.tell(attempt, "conflict", error.conflicts, None if last else pause_s)
                if last:
                    raise
            except (Exception, asyncio.CancelledError) as error:
                if hooks.listening:
                    execution.tell(attempt, outcome_of(error))
                raise
            await asyncio.sleep(pause_s)
            attempt += 1
    except (Exception, asyncio.CancelledError) as error:
        if traced:
            tell_error(store, command, attempt, error)
        raise
    if traced:
        tell_success(store, command, attempt, len(events), repeated=receipt.repeated)
    return Executed(attempt, tuple(conflicts), receipt.versions, events, receipt.positions, repeated=receipt.repeated)


class _Execution(Generic[S]):
    """One command on its way through its attempts."""

    def __init__(
        self, store: EventStore, command: Command[S], command_id: str | None, metadata: Metadata | None
    ) -> None:
        self._store, self._command, self._command_id = store, command, command_id
        self._metadata = None if metadata is None else added(metadata)
        self._declared = declared_streams(command)
        self._versions: dict[str, int] = {}
        self._written: tuple[tuple[str, int], ...] = ()
        self._began_s = 0.0

    async def attempt(self, number: int) -> tuple[Receipt, Events]:
        """Read and decide once. Raises VersionConflict when another writer came in between."""
        self._began_s, self._written = monotonic(), ()
        reading = reading_of(self._command, self._declared)
        self._versions = reading.versions
        await reading.read(self._store)
        # Asked after the streams were read: had the same command been executed by then, they would
        # show its effects, and it would be decided as something that was done already.
        if self._command_id is not None and (earlier := await self._earlier()) is not None:
            if hooks.listening:
                self.tell(number, "repeated")
            return earlier, ()
        receipt, events = await self._decide(reading)
        if hooks.listening:
            self.tell(number, "repeated" if receipt.repeated else "written" if events else "unchanged")
        if isinstance(reading, RememberingReading):
            await reading.keep(self._store)
        return receipt, events

    async def _decide(self, reading: Reading[S]) -> tuple[Receipt, Events]:
        try:
            events = reading.decide()
        except Refused:
            if self._command.check_reads:
                # A question to the store, and no more: a refusal leaves no receipt, and may be asked for again.
                await self._append((), None, self._versions)
            raise
        if events and hooks.listening:
            self._written = versions_of(events, self._versions)
        if events or self._command.check_reads:
            receipt = await self._append(events, self._command_id, self._versions)
        elif self._command_id is not None:
            # Deciding to do nothing is an answer too. The same id must not find another one later.
            receipt = await self._append((), self._command_id, {})
        else:
            receipt = Receipt()
        return receipt, () if receipt.repeated else events

    async def _earlier(self) -> Receipt | None:
        return None if self._command_id is None else await self._store.receipt(self._command_id)

    async def _append(self, events: Events, command_id: str | None, expect: dict[str, int]) -> Receipt:
        try:
            return await self._write(events, command_id, expect)
        except CommandIdReused:
            # The same command was executed meanwhile, on another state, and decided otherwise.
            earlier = await self._earlier()
            if earlier is None:
                raise
            return earlier
        except AppendUnknown as unknown:
            if command_id is None:
                raise
            return await self._found_out(events, command_id, expect, unknown)

    async def _write(self, events: Events, command_id: str | None, expect: dict[str, int]) -> Receipt:
        return await self._store.append(events, expect=expect, command_id=command_id, metadata=self._metadata)

    async def _found_out(
        self, events: Events, command_id: str, expect: dict[str, int], unknown: AppendUnknown
    ) -> Receipt:
        """What became of an append whose answer was lost. Raises *unknown* if the store cannot tell."""
        earlier: Receipt | None = None
        try:
            earlier = await self._store.receipt(command_id)
            if earlier is not None:
                # There is a receipt, so this writes nothing. It tells whether what was written are these events.
                await self._write(events, command_id, expect)
                return Receipt(earlier.positions, earlier.versions)
        except EventlabError as error:
            if earlier is not None and isinstance(error, CommandIdReused):
                return earlier
        # Without a receipt it may still be on its way, and a store that is not reached says nothing: ask later.
        raise unknown

    def tell(
        self, attempt: int, outcome: str, conflicts: tuple[Conflict, ...] = (), backoff_s: float | None = None
    ) -> None:
        name, streams = type(self._command).__name__, tuple(self._versions.items())
        took_s, store = monotonic() - self._began_s, self._store.name
        written = self._written if outcome in MAY_HAVE_WRITTEN else ()
        hooks.emit(
            hooks.CommandAttempted(name, attempt, outcome, streams, conflicts, backoff_s, took_s, store, written)
        )
