"""Executing a command: read, fold, decide, append; and after a conflict all of it again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from .. import hooks
from ..errors import CommandIdReused, InvalidValue, Refused, UndeclaredStream, VersionConflict
from ..resilience.backoff import Backoff, Exponential
from ..runtime import monotonic, random_stream
from ..store import EventStore, Metadata, Receipt
from .command import Command, declared_streams
from .reading import Reading

S = TypeVar("S")
Conflict = tuple[str, int | str, int]

_DEFAULT_BACKOFF: Final = Exponential(0.010, factor=2, cap_s=1.0, jitter=0.2)


@dataclass(frozen=True, slots=True)
class ConflictRetry:
    """How often a command is decided in all, and how long it pauses after each conflict."""

    attempts_max: int = 5
    backoff: Backoff = _DEFAULT_BACKOFF

    def __post_init__(self) -> None:
        if self.attempts_max < 1:
            raise InvalidValue("attempts_max", self.attempts_max, "1 or more")


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

    A *command_id* stands for this command and no other: once something was
    written under it, executing it again gives that receipt and writes nothing.
    """
    execution = _Execution(store, command, command_id, metadata)
    conflicts: list[Conflict] = []
    attempt = 1
    while True:
        try:
            receipt, events = await execution.attempt(attempt)
        except VersionConflict as error:
            conflicts += error.conflicts
            last = attempt >= retry.attempts_max
            pause_s = None if last else retry.backoff.delay_s(attempt, random_stream("commands/backoff"))
            if hooks.listening:
                execution.tell(attempt, "conflict", error.conflicts, pause_s)
            if pause_s is None:
                raise
            await asyncio.sleep(pause_s)
            attempt += 1
        else:
            return Executed(
                attempt, tuple(conflicts), receipt.versions, events, receipt.positions, repeated=receipt.repeated
            )


class _Execution:
    """One command on its way through its attempts."""

    def __init__(
        self, store: EventStore, command: Command[S], command_id: str | None, metadata: Metadata | None
    ) -> None:
        self._store, self._command = store, command
        self._command_id, self._metadata = command_id, metadata
        self._declared = declared_streams(command)
        self._versions: dict[str, int] = {}
        self._began_s = 0.0

    async def attempt(self, number: int) -> tuple[Receipt, tuple[tuple[str, object], ...]]:
        """Read and decide once. Raises VersionConflict when another writer came in between."""
        self._began_s = monotonic()
        reading = Reading(self._command, self._declared)
        self._versions = reading.versions
        await reading.read(self._store)
        # Asked after the streams were read: had the same command been executed by then, they would
        # show its effects, and it would be decided as something that was done already.
        if self._command_id is not None and (earlier := await self._earlier()) is not None:
            return earlier, ()
        try:
            events = tuple(self._command.handle(reading.state))
        except Refused:
            if self._command.check_reads:
                await self._append(())
            if hooks.listening:
                self.tell(number, "refused")
            raise
        self._check_declared(events)
        receipt = await self._append(events) if events or self._command.check_reads else Receipt()
        if hooks.listening:
            self.tell(number, "written" if events else "unchanged")
        return receipt, () if receipt.repeated else events

    async def _earlier(self) -> Receipt | None:
        return None if self._command_id is None else await self._store.receipt(self._command_id)

    async def _append(self, events: tuple[tuple[str, object], ...]) -> Receipt:
        # An append without events is a question, and leaves no receipt behind.
        command_id = self._command_id if events else None
        try:
            return await self._store.append(
                events, expect=self._versions, command_id=command_id, metadata=self._metadata
            )
        except CommandIdReused:
            # The same command was executed meanwhile, on another state, and decided otherwise.
            earlier = await self._earlier()
            if earlier is None:
                raise
            return earlier

    def _check_declared(self, events: tuple[tuple[str, object], ...]) -> None:
        for stream, _ in events:
            if stream not in self._versions:
                raise UndeclaredStream(type(self._command).__qualname__, stream, self._versions)

    def tell(
        self, attempt: int, outcome: str, conflicts: tuple[Conflict, ...] = (), backoff_s: float | None = None
    ) -> None:
        name, streams = type(self._command).__name__, tuple(self._versions.items())
        took_s = monotonic() - self._began_s
        hooks.emit(hooks.CommandAttempted(name, attempt, outcome, streams, conflicts, backoff_s, took_s))
