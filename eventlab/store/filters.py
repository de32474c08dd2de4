"""Which events of the log somebody wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

import msgspec

from ..errors import InvalidValue
from .model import StoredEvent, category_of


class Filter(msgspec.Struct, frozen=True, dict=True):
    """Events of any of these *categories*, on streams that match the pattern *streams*, of any of these *types*.

    What is None lets everything through; an empty sequence lets nothing
    through. In the pattern, ``*`` stands for any characters and ``?`` for one.
    """

    categories: Sequence[str] | None = None
    streams: str | None = None
    types: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, texts in (("categories", self.categories), ("types", self.types)):
            if isinstance(texts, str):
                raise InvalidValue(f"filter {name}", texts, f"a sequence of texts, as ({texts!r},)")
        if self.streams is not None and (not self.streams or set(self.streams) & set("[]")):
            raise InvalidValue("filter streams", self.streams, "a pattern of characters, * and ?")

    @cached_property
    def lets_through(self) -> Callable[[StoredEvent], bool]:
        """Whether a stored event is wanted."""
        categories = None if self.categories is None else frozenset(self.categories)
        types = None if self.types is None else frozenset(self.types)
        matches = None if self.streams is None else _matching(self.streams)

        def wanted(stored: StoredEvent) -> bool:
            return (
                (types is None or stored.type in types)
                and (categories is None or category_of(stored.stream) in categories)
                and (matches is None or matches(stored.stream) is not None)
            )

        return wanted


EVERYTHING = Filter()


def check_filter(where: Filter) -> None:
    """Refuse what is no `Filter`: a pattern alone, say."""
    if not isinstance(where, Filter):
        raise InvalidValue("where", where, "a Filter, as Filter(streams='order-*')")


def _matching(pattern: str) -> Callable[[str], re.Match[str] | None]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(one) or re.escape(one) for one in pattern), re.DOTALL).fullmatch
