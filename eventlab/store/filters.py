"""Which events of the log somebody wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
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
        _check_texts("filter categories", self.categories, "order")
        _check_texts("filter types", self.types, "OrderPlaced")
        for category in self.categories or ():
            if "-" in category:  # it would never match, and whoever follows with it would never know
                raise InvalidValue("filter category", category, "a category, so without '-'; streams= takes a pattern")
        pattern: object = self.streams
        if pattern is not None and (not isinstance(pattern, str) or not pattern or set(pattern) & set("[]")):
            raise InvalidValue("filter streams", pattern, "a pattern of characters, * and ?")

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


def _check_texts(name: str, texts: object, example: str) -> None:
    """Refuse what would let nothing through, in silence: a class, say, in the place of its event's name."""
    if isinstance(texts, str):
        raise InvalidValue(name, texts, f"a sequence of texts, as ({texts!r},)")
    if texts is None:
        return
    if not isinstance(texts, Collection):  # of what can be gone through only once, nothing would be left
        raise InvalidValue(name, texts, f"a sequence of texts, as ({example!r},)")
    for each in texts:
        if not isinstance(each, str):
            raise InvalidValue(name, texts, f"texts, as ({example!r},); {each!r} is none")


EVERYTHING = Filter()


def check_filter(where: Filter) -> None:
    """Refuse what is no `Filter`: a pattern alone, say."""
    if not isinstance(where, Filter):
        raise InvalidValue("where", where, "a Filter, as Filter(streams='order-*')")


def _matching(pattern: str) -> Callable[[str], re.Match[str] | None]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(one) or re.escape(one) for one in pattern), re.DOTALL).fullmatch
