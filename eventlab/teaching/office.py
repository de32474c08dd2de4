"""A box office in a world: everybody comes at about the same time, and one sees what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlab.commands import Executed, execute
from eventlab.errors import EventlabError, Refused
from eventlab.history import Entry
from eventlab.runtime import random_stream
from eventlab.shop.holding import HoldingStore
from eventlab.simulation import Recorder, Uniform, World
from eventlab.store import MemoryStore, StoredEvent

from .desk import Desk
from .table import Table

Executor = Callable[[Any, Any], Awaitable[Any]]
"""Takes a store and a command, and sees to it."""


@dataclass(frozen=True)
class Evening:
    """What became of it: the history, the log of the store, and what each of them was told."""

    entries: Sequence[Entry] = field(repr=False)
    log: Sequence[StoredEvent] = field(repr=False)
    told: Mapping[str, str]

    def tellings(self) -> Table:
        return Table(["who", "was told"], [[who, told] for who, told in self.told.items()])


@dataclass(frozen=True)
class Office:
    """One store, and people who use it at once.

    They come within *within_s*. Each thinks for about *hold_s* between what was read and the append.
    The same *seed* brings the same people at the same moments, whatever executor serves them.
    """

    hold_s: float = 0.040
    within_s: float = 0.030
    seed: int = 2

    def run(
        self, orders: Mapping[str, Any], executor: Executor = execute, before: Iterable[tuple[str, object]] = ()
    ) -> Evening:
        """Everybody in *orders* gives their command to *executor*, on what *before* had written.

        Of `execute` every attempt is known. Any other executor is watched at the store.
        """
        disk, recorder = MemoryStore("office"), Recorder()
        hold = Uniform(0.8 * self.hold_s, 1.2 * self.hold_s)
        by_hand = not tells_itself(executor)
        store = Desk(disk, hold) if by_hand else HoldingStore(disk, hold)

        async def main() -> dict[str, str]:
            earlier = list(before)
            if earlier:
                await disk.append(earlier)
            with recorder.recording():
                started = {
                    who: world.node(who).start(self._come(store, order, executor)) for who, order in orders.items()
                }
                return {who: await future for who, future in started.items()}

        with World(self.seed) as world:
            told = world.run(main())
            log = world.run(disk.read_all(limit=100_000))
        return Evening(recorder.entries, log, told)

    async def _come(self, store: HoldingStore, order: Any, executor: Executor) -> str:
        await asyncio.sleep(random_stream("office/arrival").uniform(0, self.within_s))
        try:
            done = await executor(store, order)
        except Refused as refused:
            if isinstance(store, Desk):
                store.tell("refused")
            return f"refused: {refused.message or refused.code}"
        except EventlabError as error:
            return f"an error: {error}"
        return told(done)


def tells_itself(executor: Executor) -> bool:
    """Whether the executor is the library's own, bare or with settings."""
    return getattr(executor, "func", executor) is execute


def told(done: object) -> str:
    """What was written, in words."""
    if isinstance(done, Executed):
        events = [event for _, event in done.events]
        return ", ".join(words(event) for event in events) or "nothing was to be done"
    return str(done) if isinstance(done, str) else words(done)


def words(event: object) -> str:
    """An event as one would say it: ``seat 8``, ``duty ended``."""
    seat = getattr(event, "seat", None)
    if seat is not None:
        return f"seat {seat}"
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(event).__name__).strip()
