"""From a document to the model: every value read by its type, every problem found, none hides another."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, get_args, get_origin

import msgspec

from . import hints
from .kinds import DistributionKind, Kind, Known
from .measured import Measured
from .section import Section
from .tree import Item, Path, Problem, from_plain
from .units import Misread, shown

INVALID: Final = object()
"""Stands where a value would, had it been readable."""


def nearest(word: str, names: Iterable[str], otherwise: str = "known here are") -> str:
    """A hint: the nearest name, or all of them."""
    known = list(names)
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"{otherwise} {', '.join(known)}"


class Walker:
    """Reads items by type annotations. *built* keeps what could be read, by path, for checks across sections.

    Where files may be read, *measured* takes durations in from those that a distribution names.
    """

    def __init__(self, known: Known, measured: Measured | None = None) -> None:
        self.known = known
        self._measured = measured
        self.problems: list[Problem] = []
        self.built: dict[Path, Any] = {}
        self.items: dict[Path, Item] = {}

    def read(self, hint: Any, item: Item, path: Path = ()) -> Any:
        """The value at *path*, or INVALID with the reasons in `problems`."""
        self.items[path] = item
        value = self._read(hint, item, path)
        if value is not INVALID:
            self.built[path] = value
        return value

    def report(self, item: Item, path: Path, message: str, offset: int | None = None) -> Any:
        place = item.place
        if offset and item.indent is not None:
            place = place.shifted(offset + item.indent)
        self.problems.append(Problem(place, path, message))
        return INVALID

    def _read(self, hint: Any, item: Item, path: Path) -> Any:
        if item.value is None and hints.may_be_none(hint):
            return None
        members = hints.members_of(hint)
        if len(members) > 1:
            return self._one_of(members, item, path)
        (hint,) = members
        if kind := hints.kind_of(hint):
            return self._by_kind(kind, item, path)
        if choices := hints.choices_of(hint):
            if item.value in choices and isinstance(item.value, str):
                return item.value
            hint_text = nearest(str(item.value), choices, "expected one of")
            return self.report(item, path, f"found {shown(item.plain())}; {hint_text}")
        if hint is bool:
            ok = isinstance(item.value, bool)
            return item.value if ok else self.report(item, path, f"expected true or false, found {shown(item.plain())}")
        if get_origin(hint) is tuple:
            return self._tuple(get_args(hint), item, path)
        if get_origin(hint) is dict:
            return self._names(get_args(hint)[1], item, path)
        return self._section(hint, item, path)

    def _by_kind(self, kind: Kind, item: Item, path: Path) -> Any:
        try:
            if self._measured is not None and isinstance(kind, DistributionKind):
                self._take_in(item, self._measured)
            return kind.read(item.plain(), self.known)
        except Misread as problem:
            return self.report(item, path, str(problem), problem.offset)

    def _take_in(self, item: Item, measured: Measured) -> None:
        """Put the durations of a file in the place of its name, also in the document that is kept."""
        written = item.plain()
        taken = measured(written)
        if taken != written:
            item.value = from_plain(taken, item.place.source).value

    def _tuple(self, members: tuple[Any, ...], item: Item, path: Path) -> Any:
        if not isinstance(item.value, list):
            return self.report(item, path, f"expected a list, found {shown(item.plain())}")
        if members[-1] is Ellipsis:
            wanted = [members[0]] * len(item.value)
        elif len(item.value) == len(members):
            wanted = list(members)
        else:
            return self.report(item, path, f"expected a list of {len(members)}, found {len(item.value)}")
        pairs = enumerate(zip(wanted, item.value, strict=True))
        values = [self.read(hint, inside, (*path, at)) for at, (hint, inside) in pairs]
        return INVALID if INVALID in values else tuple(values)

    def _names(self, hint: Any, item: Item, path: Path) -> Any:
        if not isinstance(item.value, dict):
            return self.report(item, path, f"expected a mapping from names, found {shown(item.plain())}")
        values = {name: self.read(hint, inside, (*path, name)) for name, inside in item.value.items()}
        return INVALID if INVALID in values.values() or not item.whole else values

    def _one_of(self, members: tuple[Any, ...], item: Item, path: Path) -> Any:
        keys = {hints.telling_key(member): member for member in members}
        if not isinstance(item.value, dict):
            wanted = " or ".join(f"'{key}:'" for key in keys)
            return self.report(item, path, f"expected a mapping with {wanted}, found {shown(item.plain())}")
        found = [key for key in keys if key in item.value]
        if len(found) == 1:
            return self._section(keys[found[0]], item, path)
        if found:
            return self.report(item, path, f"expected only one of {', '.join(found)}")
        if not item.whole:
            return INVALID
        for key in item.value:
            if near := get_close_matches(key, keys, 1):
                place = item.key_places[key]
                self.problems.append(Problem(place, (*path, key), f"unknown key; did you mean {near[0]!r}?"))
                return INVALID
        return self.report(item, path, f"expected one of the keys {', '.join(keys)}")

    def _section(self, struct: type[Section], item: Item, path: Path) -> Any:
        if not isinstance(item.value, dict):
            return self.report(item, path, f"expected a mapping, found {shown(item.plain())}")
        fields = hints.fields_of(struct)
        values: dict[str, Any] = {}
        for key, inside in item.value.items():
            if field := fields.get(key):
                # Of keys of which one must be there, an empty one would say nothing, and count as given.
                hint = hints.without_none(field.hint) if key in struct.exactly_one else field.hint
                values[field.name] = self.read(hint, inside, (*path, key))
            else:
                problem = f"unknown key; {nearest(key, fields)}"
                self.problems.append(Problem(item.key_places[key], (*path, key), problem))
                values[key] = INVALID
        if not item.whole:
            return INVALID
        for key, field in fields.items():
            if field.required and key not in item.value:
                values[key] = self.report(item, path, f"{key!r} is missing")
        given = [key for key in struct.exactly_one if key in item.value]
        if struct.exactly_one and len(given) != 1:
            return self.report(item, path, f"expected exactly one of {', '.join(struct.exactly_one)}")
        return INVALID if INVALID in values.values() else self._together(struct(**values), item, path)

    def _together(self, section: msgspec.Struct, item: Item, path: Path) -> Any:
        assert isinstance(section, Section) and isinstance(item.value, dict)
        wrong = list(section.problems())
        for key, message in wrong:
            self.report(item.value.get(key, item), (*path, key), message)
        return INVALID if wrong else section
