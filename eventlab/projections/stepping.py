"""One projection taken through the log: a page of events, then a transaction; again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from .. import hooks
from ..errors import InvalidValue, ProjectionFailed
from ..runtime import random_stream
from ..store import EventStore, StoredEvent
from ..store.ending import end_of
from ..store.parking import Parked, reason_of
from ..store.sharing import Failing, Retrying, step_after
from ..store.subscription import read_page
from . import books
from .books import Checkpoint
from .database import ReadModel
from .definition import Projection
from .handling import HandlerRaised, handle_page, park_one

SAVE_EVERY: Final = 1000
"""So many positions without a wanted event are passed before the checkpoint is moved for them alone."""


class Stepper:
    """Moves the rows of *projection*, or, with *beside*, their doubles of that name, along the log of *store*.

    Several tasks may step at once. What one of them read, it read after a
    checkpoint; with that one it goes to the rows, and not with the one that
    another task knows of meanwhile.
    """

    def __init__(
        self,
        store: EventStore,
        projection: Projection,
        database: ReadModel,
        batch: int,
        failing: Failing,
        keep_order: bool,
        beside: str | None = None,
    ) -> None:
        size: object = batch
        if not isinstance(size, int) or size < 1:
            raise InvalidValue(f"batch of projection {projection.name!r}", batch, "1 or more")
        self._store, self._projection, self._database = store, projection, database
        self._batch, self._failing, self._keep_order, self._beside = batch, failing, keep_order, beside
        self._where = projection.where
        self._saved = self.reached = -1
        """What the checkpoint says, and how far the log was looked through; -1 while neither is known."""
        self.paused = False
        self._failed_at = self._attempts = 0

    async def look(self) -> None:
        """Learn what the checkpoint says by now. Raises ProjectionOutdated if other handlers made the rows."""
        checkpoint = None
        if self._saved >= 0 and self._beside is None:
            checkpoint = await self._database.read(partial(books.read, name=self._projection.name, lock=False))
        if checkpoint is None:
            checkpoint = await self._database.transaction(
                partial(books.begin, projection=self._projection), beside=self._beside
            )
        checkpoint.check(self._projection)
        self._go_on_from(checkpoint)
        await self._check_is_of_this_log(checkpoint.position)

    async def more(self) -> None:
        """Wait until the log goes on from where it was looked through."""
        await self._store.changed(self.reached)

    async def is_beyond_the_log(self, position: int) -> bool:
        """Whether the log ends before *position*, though rows are that far: it is not the log that they came from."""
        return await self._store.head() < position and await end_of(self._store) < position

    async def _check_is_of_this_log(self, position: int) -> None:
        """Raise ProjectionFailed if there is less than was handled: what came then would be taken for known."""
        if await self.is_beyond_the_log(position):
            end = await end_of(self._store)
            raise ProjectionFailed(self._projection.name, f"position {position}", beyond_the_log(end))

    async def step(self) -> bool:
        """Handle the next page; whether there was one, or something else to be done at once.

        Raises ProjectionFailed where the policy is to stop.
        """
        if self._saved < 0:
            await self.look()
        if self.paused:
            return False
        saved, after = self._saved, self.reached
        events, reached = await read_page(self._store, after, self._where, self._batch)
        if events:
            await self._handle(events, saved, reached)
        elif reached - saved >= SAVE_EVERY:
            await self._commit([], saved, reached)
        elif self._saved == saved:
            self.reached = max(self.reached, reached)
            return reached > after
        return True

    async def save(self) -> None:
        """Move the checkpoint to where the log was looked through, past events that nobody wanted."""
        if not self.paused and self.reached > self._saved >= 0:
            await self._commit([], self._saved, self.reached)

    async def _handle(self, events: Sequence[StoredEvent], saved: int, reached: int) -> None:
        try:
            await self._commit(events, saved, reached)
        except HandlerRaised as failed:
            if failed.index:
                # All of it went back. Those before it were handled without trouble, and will be again, by themselves.
                before = events[: failed.index]
                await self._handle(before, saved, before[-1].position)
            else:
                await self._give_in(events[0], saved, failed.error)

    async def _commit(self, events: Sequence[StoredEvent], saved: int, reached: int) -> None:
        done = await self._database.transaction(
            partial(
                handle_page,
                projection=self._projection,
                events=events,
                saved=saved,
                reached=reached,
                keep_order=self._keep_order,
            ),
            beside=self._beside,
        )
        if isinstance(done, Checkpoint):
            self._go_on_from(done)  # another runner was faster, or the rows were reset, rebuilt or paused
            return
        self._saved = self.reached = reached
        self._tell(done.parked)
        if hooks.listening and events and self._beside is None:
            hooks.emit(hooks.ProjectionAdvanced(self._projection.name, reached, done.handled))

    async def _give_in(self, stored: StoredEvent, saved: int, error: Exception) -> None:
        """What the policy says about an event that failed: try it again later, set it aside, or stop."""
        if self._failed_at != stored.position:
            self._failed_at, self._attempts = stored.position, 0
        self._attempts += 1
        what = step_after(self._failing, self._attempts)
        if what == "retry":
            assert isinstance(self._failing, Retrying)
            chance = random_stream(f"projection/{self._projection.name}")
            await asyncio.sleep(self._failing.backoff.delay_s(self._attempts, chance))
        elif what == "park":
            await self._park(stored, saved, reason_of(error))
        else:
            await self._stop(stored, saved, error)

    async def _park(self, stored: StoredEvent, saved: int, reason: str) -> None:
        done = await self._database.transaction(
            partial(park_one, projection=self._projection, stored=stored, saved=saved, reason=reason),
            beside=self._beside,
        )
        if isinstance(done, Checkpoint):
            self._go_on_from(done)
            return
        self._saved = self.reached = stored.position
        self._tell([done])

    async def _stop(self, stored: StoredEvent, saved: int, error: Exception) -> None:
        where, reason = place_of(stored), reason_of(error)
        failure = ProjectionFailed(self._projection.name, where, reason)
        if self._beside is None:
            await self._database.transaction(
                partial(books.stop, name=self._projection.name, saved=saved, reason=f"{where}: {reason}")
            )
            if hooks.listening:
                name = self._projection.name
                hooks.emit(hooks.ProjectionStopped(name, stored.position, stored.stream, stored.type, reason))
        self._attempts = 0  # whoever begins again has all attempts before him
        raise failure from error

    def _tell(self, parked: list[Parked]) -> None:
        if hooks.listening and self._beside is None:
            for each in parked:
                name = self._projection.name
                hooks.emit(hooks.EventParked(name, each.position, each.stream, each.type, each.reason))

    def _go_on_from(self, checkpoint: Checkpoint) -> None:
        if checkpoint.position != self._saved:
            self._saved = self.reached = checkpoint.position
        self.paused = checkpoint.paused


def beyond_the_log(end: int) -> str:
    """Why rows that are further than the log, which ends at *end*, cannot go on."""
    return (
        f"the log ends at {end}: it lost events, was restored from a backup, or is another one; rebuild() or reset() "
        "makes the rows anew"
    )


def place_of(stored: StoredEvent) -> str:
    """Where an event is, as errors call it."""
    return f"position {stored.position}, stream {stored.stream!r} version {stored.version}, type {stored.type!r}"
