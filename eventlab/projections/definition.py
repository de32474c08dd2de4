"""What a projection is: tables, and a function for each event that changes their rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import sqlalchemy as sa

from ..codec import EVENTS
from ..codec.encoded import is_name, is_version
from ..errors import ProjectionMisdefined, UnknownEventType
from ..store import EVERYTHING, Filter, StoredEvent
from ..store.filters import check_filter
from .tables import OWN_PREFIX, problem_with

NAME_CHARACTERS_MAX: Final = 100

_TABLES: Final = "its tables are a sequence of SQLAlchemy's tables, as tables=[orders]"

E = TypeVar("E")
Handler: TypeAlias = Callable[[sa.Connection, E, StoredEvent], object]


class Projection:
    """Rows of *tables* that follow from the events of a log, by the handlers registered with `on`.

    ::

        view = Projection("order-view", tables=[orders])

        @view.on(OrderPlaced)
        def placed(rows: Connection, event: OrderPlaced, stored: StoredEvent) -> None:
            rows.execute(insert(orders).values(id=stored.stream, cents=event.cents))

    Only events that have a handler are read, and of these only what *where*
    lets through. Raise *version* whenever handlers, filter or tables change:
    rows of an older one are rebuilt, and never mixed with new ones.

    What could not work raises ProjectionMisdefined at once; that there is no
    handler at all, when the projection is given to a runner.
    """

    def __init__(self, name: str, *, tables: Sequence[sa.Table], version: int = 1, where: Filter = EVERYTHING) -> None:
        self.name, self.version, self._where = name, version, where
        given: object = tables
        if not isinstance(given, Iterable) or isinstance(given, sa.Table):
            raise self._misdefined(_TABLES)
        self.tables = tuple(given)
        if not all(isinstance(table, sa.Table) for table in self.tables):
            raise self._misdefined(_TABLES)
        self._handlers: dict[tuple[str, int], Handler[Any]] = {}
        self._sealed = False
        self._check()

    def __repr__(self) -> str:
        return f"<Projection {self.name} version {self.version}>"

    def on(self, *kinds: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Register a handler for events of these classes: a plain function of the connection, the event, and its place.

        It changes rows by SQLAlchemy Core statements on the tables of the
        projection, and gets all it needs from the event and from these rows:
        it runs again in a rebuild. It neither commits nor sends SQL as text.
        """

        def decorate(handler: Handler[E]) -> Handler[E]:
            self._check_handler(handler)
            for kind in kinds:
                self._register(kind, handler)
            return handler

        if not kinds:
            raise self._misdefined("@on needs an event class: @view.on(OrderPlaced)")
        return decorate

    def handler_of(self, event: object) -> Handler[Any]:
        """The function for a decoded *event*. Raises ProjectionMisdefined where its schema version has none."""
        key = EVENTS.name_of(type(event))
        try:
            return self._handlers[key]
        except KeyError:
            name, version = key
            handled = [str(other) for known, other in sorted(self._handlers) if known == name]
            raise self._misdefined(
                f"it has no handler for event {name!r} version {version}, and one for version {', '.join(handled)}"
            ) from None

    @property
    def where(self) -> Filter:
        """Which events it reads."""
        return Filter(self._where.categories, self._where.streams, self.types)

    @property
    def types(self) -> tuple[str, ...]:
        """The names of the events that it has handlers for."""
        return tuple(sorted({name for name, _ in self._handlers}))

    @property
    def shape(self) -> str:
        """All that rows depend on and that can be compared, as text; it is kept beside the checkpoint."""
        tables = {str(table.name): table for table in self.tables}
        shape = {
            "handlers": sorted(self._handlers),
            "filter": [_in_order(self._where.categories), self._where.streams],
            "tables": {name: [str(column.name) for column in tables[name].columns] for name in sorted(tables)},
        }
        return msgspec.json.encode(shape).decode()

    def seal(self) -> None:
        """Take no more handlers. Raises ProjectionMisdefined if there is none."""
        if not self._handlers:
            raise self._misdefined("it has no handler, so its tables would stay empty; register one with @on(…)")
        self._sealed = True

    def _register(self, kind: type, handler: Handler[Any]) -> None:
        if self._sealed:
            raise self._misdefined(f"a handler for {kind.__qualname__} comes too late: a runner works with it already")
        if not isinstance(kind, type):
            raise self._misdefined(f"{kind!r} is no event class: @view.on(OrderPlaced)")
        try:
            keys = EVENTS.names_of(kind)
        except UnknownEventType:
            raise self._misdefined(f"{kind.__qualname__} is no registered event: there is no @event above it") from None
        for key in keys:
            if key in self._handlers:
                raise self._misdefined(f"event {key[0]!r} version {key[1]} has a handler already")
            self._handlers[key] = handler

    def _check(self) -> None:
        name: object = self.name
        if not is_name(name) or len(self.name) > NAME_CHARACTERS_MAX or self.name != self.name.strip():
            raise self._misdefined(f"a name has 1 to {NAME_CHARACTERS_MAX} characters, no NUL, and no spaces around it")
        if not is_version(self.version):
            raise self._misdefined(f"version {self.version!r} is no whole number from 1 on")
        check_filter(self._where)
        if self._where.types is not None:
            raise self._misdefined("where names event types; which types it reads is said by its handlers")
        problem = problem_with(self.tables)
        if problem:
            raise self._misdefined(problem)

    def _check_handler(self, handler: Handler[Any]) -> None:
        name = getattr(handler, "__qualname__", repr(handler))
        called = getattr(handler, "__call__", None)  # noqa: B004  # of an object, it is what may be async
        if any(map(inspect.iscoroutinefunction, (handler, called))):
            raise self._misdefined(f"handler {name} is async; it runs inside a transaction, so it is a plain function")
        if any(map(inspect.isgeneratorfunction, (handler, called))) or inspect.isasyncgenfunction(handler):
            raise self._misdefined(
                f"handler {name} yields, so that none of it would run; let it execute its statements"
            )
        try:
            inspect.signature(handler).bind(None, None, None)
        except (TypeError, ValueError):
            raise self._misdefined(f"handler {name} does not take (rows, event, stored)") from None

    def _misdefined(self, reason: str) -> ProjectionMisdefined:
        return ProjectionMisdefined(self.name, reason)


def _in_order(names: Collection[str] | None) -> Collection[str] | None:
    """A set comes in another order in each process: what was the same would not look so."""
    return sorted(names) if isinstance(names, Set) else names


__all__ = ["OWN_PREFIX", "Handler", "Projection"]
