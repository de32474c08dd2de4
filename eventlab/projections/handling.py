"""Events into rows: what happens inside one transaction."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import event as sqlalchemy_event

from ..errors import InvalidValue
from ..store import StoredEvent
from ..store.parking import Parked
from . import books
from .books import Checkpoint
from .definition import Projection

_HANDLING: Final = "eventlab_handling"
_ABORTED: Final = 3
"""What libpq calls PQTRANS_INERROR."""


class HandlerRaised(Exception):
    """A handler failed at the event with that *index*; the transaction goes back, with all that came before it."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(index, error)
        self.index, self.error = index, error


class Handled(msgspec.Struct, frozen=True):
    """What a transaction did: how many events were handled, and which were set aside behind earlier ones."""

    handled: int
    parked: list[Parked]


def handle_page(
    rows: sa.Connection,
    projection: Projection,
    events: Sequence[StoredEvent],
    saved: int,
    reached: int,
    keep_order: bool,
) -> Handled | Checkpoint:
    """Handle *events*, which come after position *saved*, and move the checkpoint to *reached*.

    If it is elsewhere by now, or paused, nothing happens, and it is given
    back. Raises HandlerRaised, and ProjectionOutdated.
    """
    checkpoint = books.read(rows, projection.name)
    if checkpoint is None:
        checkpoint = books.begin(rows, projection)  # somebody dropped the tables
    checkpoint.check(projection)
    if checkpoint.position != saved or checkpoint.paused:
        return checkpoint
    behind = books.first_parked_of(rows, projection.name) if keep_order else {}
    parked = []
    for index, stored in enumerate(events):
        if stored.stream in behind:
            reason = f"behind position {behind[stored.stream]} of its stream, which is parked"
            parked.append(books.park(rows, projection.name, stored, reason))
            continue
        try:
            handle_one(rows, projection, stored)
        except Exception as error:
            raise HandlerRaised(index, error) from error
    books.write(rows, projection.name, position=reached, stopped=None)
    return Handled(len(events) - len(parked), parked)


def handle_one(rows: sa.Connection, projection: Projection, stored: StoredEvent) -> None:
    """Call the handler of *stored*. Raises what it raises, UndecodableEvent, UnknownEventType, ProjectionMisdefined."""
    decoded = stored.event
    handler = projection.handler_of(decoded)
    with _handling(rows):
        done = handler(rows, decoded, stored)
    if done is not None:
        _check_done(done)
    if rows.dialect.name == "postgresql" and not rows.invalidated:
        _check_not_aborted(rows)


def _check_done(done: object) -> None:
    """Refuse what a handler gives back for somebody else to run: nobody would."""
    if inspect.iscoroutine(done):
        done.close()  # or it is complained of a second time, as never awaited
    if inspect.isawaitable(done) or inspect.isgenerator(done):
        raise InvalidValue("what a handler returns", done, "nothing: it is a plain function, and has done its work")


def _check_not_aborted(rows: sa.Connection) -> None:
    """Refuse an error that a handler kept to itself: PostgreSQL takes nothing more in that transaction.

    Found now, while it is known whose it was, and by what the connection knows, without asking the server.
    """
    driver: Any = rows.connection.driver_connection
    if driver.info.transaction_status == _ABORTED:
        raise InvalidValue(
            "what a handler does with a statement that fails",
            "to go on",
            "`with rows.begin_nested():` around it; after an error PostgreSQL takes nothing more in the transaction",
        )


def park_one(
    rows: sa.Connection, projection: Projection, stored: StoredEvent, saved: int, reason: str
) -> Parked | Checkpoint:
    """Set *stored* aside and move the checkpoint past it; the checkpoint, if it is elsewhere by now."""
    checkpoint = books.begin(rows, projection)
    checkpoint.check(projection)
    if checkpoint.position != saved or checkpoint.paused:
        return checkpoint
    books.write(rows, projection.name, position=stored.position, stopped=None)
    return books.park(rows, projection.name, stored, reason)


@contextmanager
def _handling(rows: sa.Connection) -> Iterator[None]:
    info = rows.info  # of a connection that is lost meanwhile it cannot be asked any more
    info[_HANDLING] = True
    try:
        yield
    finally:
        info[_HANDLING] = False


def guard(engine: sa.Engine) -> None:
    """Refuse, on every connection of *engine*, what a handler must not do: commit, roll back, and send SQL as text.

    Text would name the rows that are read now, also while a rebuild fills others.
    """

    def ending(connection: sa.Connection) -> None:
        if not connection.invalidated and connection.info.get(_HANDLING):
            connection.connection.rollback()  # SQLAlchemy takes the transaction for ended, and would leave it open
            raise InvalidValue(
                "what a handler does", "commit or rollback", "statements alone; the checkpoint commits with them"
            )

    def statement(connection: sa.Connection, _cursor: Any, text: str, _values: Any, context: Any, _many: bool) -> None:
        if not connection.info.get(_HANDLING):
            return
        compiled = getattr(context, "compiled", None)
        if compiled is None or isinstance(compiled.statement, sa.TextClause):
            raise InvalidValue(
                "what a handler sends", text, "a SQLAlchemy Core statement, which a rebuild can turn to other rows"
            )

    sqlalchemy_event.listen(engine, "commit", ending)
    sqlalchemy_event.listen(engine, "rollback", ending)
    sqlalchemy_event.listen(engine, "before_cursor_execute", statement)
