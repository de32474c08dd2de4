"""A box office in a world: everybody comes at about the same time, and one sees what became of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlab.commands import Executed, execute
from eventlab.errors import EventlabError, Refused
from eventlab.history import Entry
from eventlab.naive.executor import execute as execute_naively
from eventlab.runtime import random_stream
from eventlab.shop.holding import HoldingStore
from eventlab.simulation import Recorder, Uniform, World
from eventlab.store import MemoryStore, StoredEvent

from .desk import Desk
from .patience import Unfinished, abandon
from .table import Table

Executor = Callable[[Any, Any], Awaitable[Any]]
"""Takes a store and a command, and sees to it."""


@dataclass(frozen=True)
class Evening:
    """What became of it: the history, the log of the store, and how it ended for each of them, maybe in an error."""

    entries: Sequence[Entry] = field(repr=False)
    log: Sequence[StoredEvent] = field(repr=False)
    ended: Mapping[str, object]

    def tellings(self) -> Table:
        """What each of them was told, in words."""
        return Table(["who", "was told"], [[who, told(end)] for who, end in self.ended.items()])


@dataclass(frozen=True)
class Office:
    """One store, and people who use it at once.

    They come within *within_s*. Each thinks for about *hold_s* between what was read and the append.
    The same *seed* brings the same people at the same moments, whatever executor serves them.
    After *until_s* of virtual time the evening is over, also for who is not served: their end is Unfinished.
    """

    hold_s: float = 0.040
    within_s: float = 0.030
    seed: int = 2
    desk: type[Desk] = Desk
    until_s: float | None = None

    def run(
        self, orders: Mapping[str, Any], executor: Executor = execute, before: Iterable[tuple[str, object]] = ()
    ) -> Evening:
        """Everybody in *orders* gives their command to *executor*, on what *before* had written.

        `execute` and its naive twin tell of every attempt. Any other executor is watched at the store.
        """
        disk, recorder = MemoryStore("office"), Recorder()
        hold = Uniform(0.8 * self.hold_s, 1.2 * self.hold_s)
        by_hand = not tells_itself(executor)
        store = self.desk(disk, hold) if by_hand else HoldingStore(disk, hold)

        async def main() -> dict[str, object]:
            started = {who: world.node(who).start(self._come(store, order, executor)) for who, order in orders.items()}
            done, _ = await asyncio.wait(started.values(), timeout=self.until_s)
            return {who: future.result() if future in done else Unfinished() for who, future in started.items()}

        world = World(self.seed)
        try:
            if earlier := list(before):
                world.run(disk.append(earlier))
            with recorder.recording():  # not inside: what is abandoned there would listen for ever
                ended = world.run(main())
            log = world.run(disk.read_all(limit=100_000))
        finally:
            world.close() if self.until_s is None else abandon(world)
        return Evening(recorder.entries, log, ended)

    async def _come(self, store: HoldingStore, order: Any, executor: Executor) -> object:
        await asyncio.sleep(random_stream("office/arrival").uniform(0, self.within_s))
        try:
            return await executor(store, order)
        except EventlabError as error:
            if isinstance(error, Refused) and isinstance(store, Desk):
                store.tell("refused")
            return error


def tells_itself(executor: Executor) -> bool:
    """Whether the executor tells of its attempts: the library's own and its naive twin do, bare or with settings."""
    return getattr(executor, "func", executor) in (execute, execute_naively)


def told(end: object) -> str:
    """How it ended, as one would say it."""
    match end:
        case Executed(events=events):
            return ", ".join(words(event) for _, event in events) or "nothing was to be done"
        case Refused() as refused:
            return f"refused: {refused.message or refused.code}"
        case EventlabError() as error:
            return f"{type(error).__name__}: {error}"
    return words(end)


def words(event: object) -> str:
    """An event as one would say it: ``seat 8``, ``duty ended``."""
    if (seat := getattr(event, "seat", None)) is not None:
        return f"seat {seat}"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()
