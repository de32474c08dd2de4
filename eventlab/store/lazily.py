"""A stored event that is still the row it was read as: what few ask for is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import starmap
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from ..errors import UndecodableEvent
from .metadata import Metadata, from_json
from .model import StoredEvent


class _WhenAsked:
    """Makes a field from what the row holds for it when it is first asked for, and leaves it there.

    Raises UndecodableEvent, with its place, where the row holds what no append writes: somebody changed it.
    """

    def __init__(self, what: str, wanted: type, make: Callable[[Any], object]) -> None:
        self._what, self._wanted, self._make = what, wanted, make
        self._held = getattr(StoredEvent, what)

    def __get__(self, stored: StoredRow | None, _owner: type) -> Any:
        if stored is None:
            return self
        held = self._held.__get__(stored)
        if not isinstance(held, self._wanted):  # it is what it shall be where a copy was given another
            try:
                held = self._make(held)
            except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
                where = f"position {stored.position}, stream {stored.stream!r} version {stored.version}"
                raise UndecodableEvent(stored.type, f"its {self._what}: {error}", where) from None
        stored.__dict__[self._what] = held
        return held


_uuid = partial(msgspec.convert, type=UUID)
_metadata = lru_cache(maxsize=256)(from_json)
"""What was carried by one command, or by one call, stands beside all of its events."""


def _moment(held: str) -> datetime:
    moment = datetime.fromisoformat(held)
    if moment.tzinfo is None:
        raise ValueError(f"{held!r} says no time zone")
    return moment


class StoredRow(StoredEvent, frozen=True, dict=True):
    """A `StoredEvent` in all that can be asked of it, and equal to the one that another store makes.

    Comparing and showing never raise: where the row is damaged, what it holds is compared, and shown.

    Loading a stream would else take a third of its time to make ids and times that hardly anybody looks at.
    What goes past the attributes, as ``msgspec.structs.asdict``, finds what the row holds.
    """

    id: ClassVar[Any] = _WhenAsked("id", UUID, _uuid)  # type: ignore[misc]
    metadata: ClassVar[Any] = _WhenAsked("metadata", Metadata, _metadata)  # type: ignore[misc]
    occurred_at: ClassVar[Any] = _WhenAsked("occurred_at", datetime, _moment)  # type: ignore[misc]

    def __eq__(self, other: object) -> bool:
        if type(other) not in (StoredEvent, StoredRow):  # as of other events: one of another class is another
            return NotImplemented
        return all(_shown(self, name) == _shown(other, name) for name in self.__struct_fields__)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return f"StoredEvent({', '.join(f'{name}={shown!r}' for name, shown in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [(name, _shown(self, name)) for name in self.__struct_fields__]


def _shown(stored: object, name: str) -> object:
    try:
        return getattr(stored, name)
    except UndecodableEvent:
        return getattr(StoredEvent, name).__get__(stored)


def events_from(rows: Iterable[Sequence[Any]]) -> list[StoredEvent]:
    return list(starmap(StoredRow, rows))


def make_all(stored: StoredEvent) -> None:
    """Ask for what is made when it is asked for, but for the event: raises UndecodableEvent if one of them is spoiled.

    For who sets damaged events aside before somebody relies on them.
    """
    stored.id, stored.metadata, stored.occurred_at  # noqa: B018


def moment_of(stored: StoredEvent) -> datetime | None:
    """When it occurred; None where somebody spoiled that. For who tells a lag, which one event shall not hide."""
    try:
        return stored.occurred_at
    except UndecodableEvent:
        return None
