"""A stored event that is still the row it was read as: what few ask for is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial
from itertools import starmap
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from ...errors import UndecodableEvent
from ..metadata import Metadata, from_json
from ..model import StoredEvent
from .rows import Row


class _WhenAsked:
    """Makes a field from what the row holds for it when it is first asked for, and leaves it there.

    Raises UndecodableEvent, with its place, where the row holds what no append writes: somebody changed the file.
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
            except (msgspec.MsgspecError, TypeError, ValueError) as error:
                where = f"position {stored.position}, stream {stored.stream!r} version {stored.version}"
                raise UndecodableEvent(stored.type, f"its {self._what}: {error}", where) from None
        stored.__dict__[self._what] = held
        return held


_uuid = partial(msgspec.convert, type=UUID)
_metadata = lru_cache(maxsize=256)(from_json)
"""What was carried by one command, or by one call, stands beside all of its events."""


class StoredRow(StoredEvent, frozen=True, dict=True):
    """A `StoredEvent` in all that can be asked of it, and equal to the one that another store makes.

    Loading a stream would else take a third of its time to make ids and times that hardly anybody looks at.
    What goes past the attributes, as ``msgspec.structs.asdict``, finds what the row holds.
    """

    id: ClassVar[Any] = _WhenAsked("id", UUID, _uuid)  # type: ignore[misc]
    metadata: ClassVar[Any] = _WhenAsked("metadata", Metadata, _metadata)  # type: ignore[misc]
    occurred_at: ClassVar[Any] = _WhenAsked("occurred_at", datetime, datetime.fromisoformat)  # type: ignore[misc]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredEvent):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__struct_fields__)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return f"StoredEvent({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__struct_fields__)})"


def events_from(rows: list[Row]) -> list[StoredEvent]:
    return list(starmap(StoredRow, rows))
