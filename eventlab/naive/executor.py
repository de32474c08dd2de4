"""An executor of commands as it is usually first written. The sound one is `eventlab.commands.execute`.

It reads, decides and appends, with the version of each stream that it *writes*;
and after a conflict it does all of that again. No update is ever lost. What is
wrong:

- a stream that was only read may have changed by the time of the append, and
  nobody looks. Two doctors on call go home at once, each because the other one
  stays: they write to different streams, and neither append conflicts. This is
  *write skew*
- so a command that refuses, or writes nothing, may do so on a state that has
  passed, also where it asks for its reads to be checked
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from .. import hooks
from ..commands import DEFAULT_RETRY, Command, ConflictRetry, Executed, declared_streams
from ..commands.reading import Reading, versions_of
from ..errors import Refused, VersionConflict
from ..runtime import monotonic, random_stream
from ..store import EventStore, Metadata

S = TypeVar("S")


async def execute(
    store: EventStore,
    command: Command[S],
    *,
    retry: ConflictRetry = DEFAULT_RETRY,
    command_id: str | None = None,
    metadata: Metadata | None = None,
) -> Executed:
    """Decide *command*, and append what it decides if the written streams are as they were read."""
    conflicts: list[tuple[str, int | str, int]] = []
    attempt, pause_s = 1, 0.0
    while True:
        began_s = monotonic()
        reading = Reading(command, declared_streams(command))
        await reading.read(store)
        try:
            events = reading.decide()
            written = {str(stream): reading.versions[stream] for stream, _ in events}
            receipt = await store.append(events, expect=written, command_id=command_id, metadata=metadata)
        except Refused:
            _tell(command, attempt, "refused", reading, began_s, store=store)
            raise
        except VersionConflict as error:
            conflicts += error.conflicts
            last = attempt == retry.attempts_max
            if not last:
                pause_s = retry.backoff.delay_s(attempt, random_stream("commands/backoff"), pause_s)
            _tell(
                command, attempt, "conflict", reading, began_s, error.conflicts, None if last else pause_s, store=store
            )
            if last:
                raise
            await asyncio.sleep(pause_s)
            attempt += 1
        else:
            _tell(command, attempt, "written" if events else "unchanged", reading, began_s, store=store, events=events)
            return Executed(
                attempt, tuple(conflicts), receipt.versions, events, receipt.positions, repeated=receipt.repeated
            )


def _tell(
    command: Command[S],
    attempt: int,
    outcome: str,
    reading: Reading[S],
    began_s: float,
    conflicts: tuple[tuple[str, int | str, int], ...] = (),
    pause_s: float | None = None,
    *,
    store: EventStore,
    events: tuple[tuple[str, object], ...] = (),
) -> None:
    if hooks.listening:
        name, streams = type(command).__name__, tuple(reading.versions.items())
        took_s = monotonic() - began_s
        written = versions_of(events, reading.versions)
        hooks.emit(
            hooks.CommandAttempted(name, attempt, outcome, streams, conflicts, pause_s, took_s, store.name, written)
        )
