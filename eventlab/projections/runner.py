"""Whoever keeps the rows of a projection up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

import sqlalchemy as sa

from ..errors import InvalidValue, ProjectionFailed, ProjectionOutdated, StoreBusy, StoreUnavailable
from ..errors.given import check_seconds
from ..resilience.backoff import Backoff, Exponential
from ..runtime import random_stream
from ..store import EventStore
from ..store.cancelling import heed_cancelling
from ..store.parking import Parked, Redriven
from ..store.sharing import Failing, Stop, check_failing
from . import books
from .database import ReadModel
from .definition import Projection
from .gauging import ProjectionGauges
from .progress import COUNTED_MAX, Progress, progress_of
from .rebuilding import is_overtaken, prefix_of, rebuild, replace_tables
from .redriving import retry_parked
from .stepping import Stepper

BATCH: Final = 100
LOOK_EVERY_S: Final = 1.0
BACKOFF: Final = Exponential(0.05, factor=2, cap_s=5.0, jitter=0.2)


class ProjectionRunner:
    """Takes the events of *store* into the rows of *projection* in *database*, in the order of the log.

    Up to *batch* events are one transaction, and the checkpoint is part of it:
    each event has its effect on the rows exactly once, wherever the runner is
    killed, and also when several run at the same time.

    *failing* says what happens when a handler raises, or an event cannot be
    decoded: `Stop`, `Retrying` (everything waits meanwhile) or `Park`. With
    *keep_order*, what follows in the stream of a parked event is parked behind
    it. *outdated* says what happens to rows of an older version of the
    projection: ``"rebuild"``, or ``"refuse"``, which raises ProjectionOutdated.
    """

    def __init__(
        self,
        store: EventStore,
        projection: Projection,
        database: ReadModel,
        *,
        batch: int = BATCH,
        failing: Failing = Stop(),  # noqa: B008  # a value without parts
        keep_order: bool = True,
        outdated: Literal["rebuild", "refuse"] = "rebuild",
        backoff: Backoff = BACKOFF,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        check_failing(failing)
        if not isinstance(projection, Projection):
            raise InvalidValue("projection", projection, "a Projection")
        if not isinstance(database, ReadModel):
            raise InvalidValue("database", database, 'a ReadModel, as ReadModel("sqlite:///rows.db")')
        projection.seal()
        if outdated not in ("rebuild", "refuse"):
            raise InvalidValue("outdated", outdated, "'rebuild' or 'refuse'")
        check_seconds("look_every_s", look_every_s, endless_too=True)
        self.store, self.projection, self.database = store, projection, database
        self._keep_order, self._outdated, self._backoff = keep_order, outdated, backoff
        self._look_every_s = look_every_s
        self._make_stepper: Callable[..., Stepper] = partial(
            Stepper, store, projection, database, batch, failing, keep_order
        )
        self._stepper = self._make_stepper()
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gauges = ProjectionGauges(store, projection, database)

    async def catch_up(self) -> int:
        """Handle everything up to where the log ends now; the position reached.

        A paused projection stays where it is. Raises ProjectionFailed where
        *failing* says stop, ProjectionOutdated, and StoreUnavailable or
        StoreBusy when the store or the database is not reached: rows and
        checkpoint are then those of all events before, and it may be called again.
        """
        until = await self.store.head()
        await self._begin()
        stepper = self._stepper
        while not stepper.paused and stepper.reached < until:
            if not await self._step():
                break
            if stepper.reached >= until:
                await stepper.save()  # which may find that the rows were reset meanwhile
        return stepper.reached

    async def run(self) -> None:
        """Catch up, then follow, until cancelled. Goes on by itself when store or database are reached again.

        Raises ProjectionFailed and ProjectionOutdated as `catch_up` does.
        """
        failures, look = 0, True
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._loop, self._nudged = loop, asyncio.Event()  # which belongs to the loop that first waits for it
        while True:
            try:
                if look:
                    await self._begin()
                while await self._step():
                    failures = 0
                look = await self._wait()
            except (StoreUnavailable, StoreBusy):
                heed_cancelling()
                failures, look = failures + 1, True
                chance = random_stream(f"projection/{self.projection.name}/store")
                await asyncio.sleep(self._backoff.delay_s(failures, chance))

    async def pause(self) -> None:
        """Let every runner of this projection stand still, in any process, until `resume`; after its batch in hand."""
        await self._write(paused=True)

    async def resume(self) -> None:
        """Go on after `pause`. Runners of other processes notice within the time in which they look."""
        await self._write(paused=False)

    async def reset(self) -> None:
        """Empty the tables and begin at the first event again, in one transaction; a runner at work does so at once.

        Readers see the rows grow anew; `rebuild` spares them that.
        """
        await self.database.transaction(partial(_reset, projection=self.projection))
        self._nudged.set()

    async def rebuild(self) -> int:
        """Make the rows anew beside those that are read, and swap them in one transaction; the position they reach.

        Others may run the projection meanwhile, and go on after the new rows.
        Interrupted, it leaves everything as it was, and may be begun again:
        from the first event. Raises ProjectionFailed where a handler failed
        and *failing* says stop, or where another rebuild began.
        """
        position = await rebuild(self.projection, self.database, self._make_stepper)
        self._nudged.set()
        return position

    async def progress(self, *, counted_max: int = COUNTED_MAX) -> Progress:
        """How far the rows are, in events and in time; no runner has to be at work."""
        return await progress_of(self.store, self.projection, self.database, counted_max)

    async def parked(self) -> list[Parked]:
        """What was set aside, in the order of the log, with the reason."""
        return await self.database.transaction(partial(_parked, projection=self.projection))

    async def retry_parked(self) -> Redriven:
        """Handle what was set aside; what fails again stays, with the reason of this time, and what lies behind it."""
        return await retry_parked(self.store, self.projection, self.database, self._keep_order)

    async def _begin(self) -> None:
        """Learn where the checkpoint is; older rows are rebuilt first, if so chosen."""
        overtaken: ProjectionFailed | None = None
        while True:
            try:
                return await self._stepper.look()
            except ProjectionOutdated as error:
                if self._outdated == "refuse" or error.found >= error.wanted:
                    raise
                if overtaken is not None:  # and by no reset
                    raise overtaken from None
            overtaken = await self._rebuild_or_wait()

    async def _rebuild_or_wait(self) -> ProjectionFailed | None:
        """Rebuild, unless another process is about it, where that can be told: each would undo the other's work.

        Where it cannot, the error of a rebuild that was overtaken.
        """
        if await self.database.occupied(prefix_of(self.projection.name)):
            await asyncio.sleep(min(self._look_every_s, LOOK_EVERY_S))
            return None
        try:
            await self.rebuild()
        except ProjectionFailed as error:
            if not is_overtaken(error):
                raise
            return error if await self.database.occupied(prefix_of(self.projection.name)) is None else None
        return None

    async def _step(self) -> bool:
        went_on = await self._stepper.step()
        await asyncio.sleep(0)  # neither a store in memory nor SQLite ever suspends: let others run
        return went_on

    async def _wait(self) -> bool:
        """Until there may be something to do; whether the checkpoint is to be looked at, and not only the log."""
        nudged = asyncio.ensure_future(self._nudged.wait())
        waiting: list[asyncio.Future[Any]] = [nudged]
        if not self._stepper.paused:
            waiting.append(asyncio.ensure_future(self.store.changed(self._stepper.reached)))
        try:
            done, _ = await asyncio.wait(waiting, timeout=self._look_every_s, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
            self._nudged.clear()
            return nudged in done or not done
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _write(self, **values: object) -> None:
        await self.database.transaction(partial(_write, projection=self.projection, values=values))
        self._nudged.set()


def _write(rows: sa.Connection, projection: Projection, values: dict[str, object]) -> None:
    books.begin(rows, projection)
    books.write(rows, projection.name, **values)


def _reset(rows: sa.Connection, projection: Projection) -> None:
    checkpoint = books.begin(rows, projection)
    if checkpoint.version > projection.version:
        raise ProjectionOutdated(projection.name, checkpoint.version, projection.version)
    replace_tables(rows, projection, checkpoint)
    books.unpark(rows, projection.name)
    books.renew(rows, projection, 0)


def _parked(rows: sa.Connection, projection: Projection) -> list[Parked]:
    return books.parked(rows, projection.name) if books.exist(rows) else []
