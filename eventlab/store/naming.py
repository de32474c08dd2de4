"""Names of streams as a store takes them: checked once, owned or refused, then plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..errors import ForeignStreamError, InvalidValue
from .model import StreamId, category_of

_REMEMBERED_MAX = 4096
"""Names that need no second check: a command names the same stream when it reads, expects and writes."""


class StreamNames:
    """The streams that a store called *store* may hold. Without owned categories: any."""

    def __init__(self, store: str, owns: Sequence[str]) -> None:
        self._store = store
        self.owns = tuple(str(StreamId(category)) for category in owns)
        for category in self.owns:
            if "-" in category:
                raise InvalidValue("owned category", category, "a category, so without '-'")

        self.plain: Callable[[str], str] = lru_cache(maxsize=_REMEMBERED_MAX)(self._plain)
        """A name, trimmed, as plain text. Raises InvalidStreamId or ForeignStreamError."""

    def _plain(self, stream: str) -> str:
        name = str(StreamId(stream))
        if self.owns and category_of(name) not in self.owns:
            raise ForeignStreamError(self._store, name, self.owns)
        return name


def check_page(after: int, limit: int | None) -> None:
    """Refuse a page that starts before the beginning or holds nothing."""
    if after < 0:
        raise InvalidValue("after", after, "0 or more")
    if limit is not None and limit < 1:
        raise InvalidValue("limit", limit, "1 or more")
