"""Names of streams as a store takes them: checked once, owned or refused, then plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..codec.encoded import is_storable
from ..errors import ForeignStreamError, InvalidValue
from .model import StreamId, category_of

_REMEMBERED_MAX = 4096
"""Names that need no second check: a command names the same stream when it reads, expects and writes."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose streams they are: a name, and the categories of streams that it *owns*.

    Commands name their owner, and refuse the streams of others when they are
    built; a store that is opened with ``owns=owner.owns`` refuses them as well.
    """

    name: str
    owns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidValue("owner", self.name, "a name")
        if not self.owns:
            raise _no_categories(self.owns)
        object.__setattr__(self, "owns", owned_categories(self.owns))

    def check(self, stream: str) -> None:
        """Refuse the stream of another. Raises ForeignStreamError."""
        if category_of(stream) not in self.owns:
            raise ForeignStreamError(self.name, stream, self.owns)


def owned_categories(owns: Sequence[str]) -> tuple[str, ...]:
    """The names of categories, trimmed. Raises InvalidValue, also for the name of a stream."""
    if isinstance(owns, str) or not isinstance(owns, Iterable):  # of a lone text, every letter would be a category
        raise _no_categories(owns)
    categories = tuple(str(StreamId(category)) for category in owns)
    for category in categories:
        if "-" in category:
            raise InvalidValue("owned category", category, "a category, so without '-'")
    return categories


def _no_categories(owns: object) -> InvalidValue:
    return InvalidValue("owned categories", owns, 'one category or more, as ("order", "customer")')


class StreamNames:
    """The streams that a store called *store* may hold. Without owned categories: any."""

    def __init__(self, store: str, owns: Sequence[str]) -> None:
        self._store = store
        self.owns = owned_categories(owns)
        self.plain: Callable[[str], str] = _Remembered(self._checked).__getitem__
        """A name, trimmed, as plain text. Raises InvalidStreamId or ForeignStreamError."""

    def _checked(self, stream: str) -> str:
        name = str(StreamId(stream))
        if self.owns and category_of(name) not in self.owns:
            raise ForeignStreamError(self._store, name, self.owns)
        return name


class _Remembered(dict[str, str]):
    """What *check* answered. A dict: to ``lru_cache``, text and a `StreamId` of the same text are two keys."""

    def __init__(self, check: Callable[[str], str]) -> None:
        self._check = check

    def __missing__(self, stream: str) -> str:
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        name = self[stream] = self._check(stream)
        return name


NUMBER_MAX = 2**63 - 1
"""The largest version or position that every database can hold."""

COMMAND_ID_CHARACTERS_MAX = 255


def check_command_id(command_id: str) -> None:
    """Refuse what not every database could keep as a command id."""
    text: object = command_id
    if not (isinstance(text, str) and 0 < len(text) <= COMMAND_ID_CHARACTERS_MAX and is_storable(text)):
        raise InvalidValue(
            "command id", command_id, f"a text of 1 to {COMMAND_ID_CHARACTERS_MAX} characters, without a NUL"
        )
