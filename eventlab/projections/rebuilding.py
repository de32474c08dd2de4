"""Making the rows anew beside those that are read, and taking their place in one transaction."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import Final

import sqlalchemy as sa

from .. import hooks
from ..errors import EventlabError, ProjectionFailed, ProjectionOutdated, Retriable
from ..runtime import new_id
from ..store.parking import reason_of
from . import books
from .database import ReadModel
from .definition import Projection
from .stepping import Stepper
from .tables import drop, empty, fill, make

_SLUG_CHARACTERS_MAX: Final = 20
_REBUILD: Final = "its rebuild"

MakeStepper = Callable[[str], Stepper]


async def rebuild(projection: Projection, database: ReadModel, stepper_beside: MakeStepper) -> int:
    """Handle all events from the first on into doubles of the tables, then put these in their place.

    Returns the position of the new rows. Raises ProjectionFailed, where a
    handler failed or another rebuild began; the rows are as they were then.
    Why it failed is kept for `progress`, unless it may do better at once.
    """
    token = new_id().hex
    await database.transaction(partial(_begin, projection=projection, token=token))
    try:
        position = await _make_and_swap(projection, database, stepper_beside, token)
    except Exception as error:
        known = isinstance(error, EventlabError) and not isinstance(error, ProjectionFailed)
        if known and await database.read(partial(_superseded, projection, token)):
            raise _overtaken(projection) from error
        if not isinstance(error, Retriable):
            with suppress(EventlabError):  # what went wrong first is what is raised
                await database.transaction(partial(_remember, projection=projection, token=token, error=error))
        raise
    if hooks.listening:
        hooks.emit(hooks.ProjectionRebuilt(projection.name, projection.version, position))
    return position


async def _make_and_swap(projection: Projection, database: ReadModel, stepper_beside: MakeStepper, token: str) -> int:
    await database.read(partial(_check, projection=projection))
    prefix = prefix_of(projection.name)
    name = prefix + token[-12:]
    async with database.beside(prefix, name):
        stepper = stepper_beside(name)
        beyond = 0
        while True:
            while await stepper.step():  # noqa: ASYNC110  # nothing is waited for
                await asyncio.sleep(0)  # neither a store in memory nor SQLite ever suspends: let others run
            await stepper.save()
            position, live = await database.transaction(
                partial(_swap, projection=projection, token=token, beside=name, beyond=beyond)
            )
            if position is not None:
                return position
            # Either more came meanwhile, or the log is shorter than the rows: it was restored, and never gets there.
            beyond = live if await stepper.is_beyond_the_log(live) else 0
            if not beyond:
                await stepper.more()


def prefix_of(name: str) -> str:
    """What the names of all rooms beside the tables of projection *name* begin with."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower())[:_SLUG_CHARACTERS_MAX]
    return f"rebuild_{slug}_{blake2b(name.encode(), digest_size=4).hexdigest()}_"


def _begin(rows: sa.Connection, projection: Projection, token: str) -> None:
    """From now on this rebuild is the one that may take the place of the rows."""
    checkpoint = books.begin(rows, projection)
    if checkpoint.version > projection.version:
        raise ProjectionOutdated(projection.name, checkpoint.version, projection.version)
    books.write(rows, projection.name, rebuild=token)


def _check(rows: sa.Connection, projection: Projection) -> None:
    """Raise ProjectionMisdefined now, and not after the work, if the new rows could not take their place."""
    checkpoint = books.read(rows, projection.name, lock=False)
    books.check_tables(rows, projection, () if checkpoint is None else checkpoint.tables)


def _remember(rows: sa.Connection, projection: Projection, token: str, error: Exception) -> None:
    if not _superseded(projection, token, rows):
        reason = f"{error.where}: {error.reason}" if isinstance(error, ProjectionFailed) else reason_of(error)
        books.fail_rebuild(rows, projection, reason)


def _swap(rows: sa.Connection, projection: Projection, token: str, beside: str, beyond: int) -> tuple[int | None, int]:
    """Put the doubles in the place of the rows, unless these are further by now. Readers see the one or the other.

    The position of the new rows, or None, and that of the live ones. At *beyond* these are of a log that is not there.
    """
    checkpoint = books.begin(rows, projection)
    if checkpoint.rebuild != token:
        raise _overtaken(projection)
    position = books.position_beside(rows, projection.name, beside)
    if position < checkpoint.position != beyond:
        return None, checkpoint.position
    replace_tables(rows, projection, checkpoint)
    fill(rows, projection.tables, beside)
    books.take_over(rows, projection.name, beside)
    books.renew(rows, projection, position)
    return position, position


def replace_tables(rows: sa.Connection, projection: Projection, checkpoint: books.Checkpoint) -> None:
    """Empty the tables; where another definition made them, make them anew, since their columns may differ.

    Raises ProjectionMisdefined if that would drop what *checkpoint* does not account for.
    """
    if (checkpoint.version, checkpoint.shape) == (projection.version, projection.shape):
        empty(rows, projection.tables)
        return
    books.check_tables(rows, projection, checkpoint.tables)
    now_called = {table.name for table in projection.tables}
    drop(rows, projection.tables, [name for name in checkpoint.tables if name not in now_called])
    make(rows, projection.tables)


def _superseded(projection: Projection, token: str, rows: sa.Connection) -> bool:
    checkpoint = books.read(rows, projection.name, lock=False)
    return checkpoint is None or checkpoint.rebuild != token


def is_overtaken(error: ProjectionFailed) -> bool:
    """Whether a rebuild came to nothing because another one began, and no handler failed."""
    return error.where == _REBUILD


def _overtaken(projection: Projection) -> ProjectionFailed:
    return ProjectionFailed(projection.name, _REBUILD, "another rebuild began meanwhile, or it was reset")
