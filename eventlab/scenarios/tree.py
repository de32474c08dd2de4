"""A YAML document as plain values that still know where they stood.

Duplicate keys, tags and circles are found here, while the places are at hand.
Nothing is ever constructed but texts, numbers, true, false and null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool | None

PLAIN_TAGS = tuple(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge")
)
COLLECTION_TAGS: dict[type[Node], str] = {SequenceNode: "tag:yaml.org,2002:seq", MappingNode: "tag:yaml.org,2002:map"}
MERGE_TAG = "tag:yaml.org,2002:merge"
ITEMS_MAX = 10_000
"""Anchors let a short text stand for an enormous document; a scenario has some hundred values."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file with line and column, or an option of the command line."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    def shifted(self, columns: int) -> Place:
        return Place(self.source, self.line, self.column + columns) if self.line else self


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what would be right."""

    place: Place
    path: Path
    message: str

    def __str__(self) -> str:
        line = f"{self.place}: {path_text(self.path)}{': ' if self.path else ''}{self.message}"
        # A key may hold anything; what reaches a terminal must be one line, and no control sequence.
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)


@dataclass(slots=True)
class Item:
    """A value with its place. *value* is a scalar, a list of items, or a dict of items by key.

    *indent* is how far the text begins behind the place: 1 after a quote, None in a folded text.
    A mapping is not *whole* if keys were meant to be in it that could not be read: none of them is missing then.
    """

    value: Scalar | list[Item] | dict[str, Item]
    place: Place
    key_places: dict[str, Place] = field(default_factory=dict)
    indent: int | None = None
    whole: bool = True

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def path_text(path: Path) -> str:
    """`("faults", 0, "at")` as people write it: `faults[0].at`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def from_yaml(text: str, source: str) -> tuple[Item | None, list[Problem]]:
    """The document in *text*, and what is wrong with its YAML. An empty document is None."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
        if node is None:
            return None, []
        reader = _Reader(source)
        return reader.read(node, ()), reader.problems
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source, 1, 1)
        return None, [Problem(place, (), f"not YAML: {error.problem or error.context}")]
    except YAMLError as error:
        return None, [Problem(_place_of_character(text, source, error), (), f"not YAML: {_first_line(error)}")]
    except RecursionError:
        return None, [Problem(Place(source, 1, 1), (), "nested far too deeply to be a scenario")]
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, NotImplementedError) as error:
        # The parser's own slips on odd input are still problems of the input, never tracebacks for its writer.
        return None, [Problem(Place(source, 1, 1), (), f"not YAML: {_first_line(error)}")]


def from_plain(value: Any, source: str) -> Item:
    """Plain values, as read back from a manifest, with *source* as the place of them all."""
    place = Place(source)
    if isinstance(value, Mapping):
        items = {str(key): from_plain(inside, source) for key, inside in value.items()}
        return Item(items, place, dict.fromkeys(items, place))
    if isinstance(value, list | tuple):
        return Item([from_plain(inside, source) for inside in value], place)
    return Item(value, place)


class _Reader:
    """From ruamel's nodes to items. Values may be shared by anchors, but not contain themselves."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._inside: list[Node] = []
        self._items = 0

    def read(self, node: Node, path: Path) -> Item:
        place = self._place(node)
        self._items += 1
        if self._items > ITEMS_MAX:
            if self._items == ITEMS_MAX + 1:
                self.problems.append(Problem(place, (), f"more than {ITEMS_MAX} values; no scenario is that large"))
            return Item(None, place)
        if any(node is outer for outer in self._inside):
            self.problems.append(Problem(place, path, "contains itself"))
            return Item(None, place)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path, place)
        if (tag := str(node.ctag)) != COLLECTION_TAGS.get(type(node)):
            self._refuse_tag(tag, path, place)
        self._inside.append(node)
        try:
            if isinstance(node, SequenceNode):
                return Item([self.read(inside, (*path, at)) for at, inside in enumerate(node.value)], place)
            assert isinstance(node, MappingNode)  # YAML has no fourth kind
            return self._mapping(node, path, place)
        finally:
            self._inside.pop()

    def _mapping(self, node: MappingNode, path: Path, place: Place) -> Item:
        items: dict[str, Item] = {}
        key_places: dict[str, Place] = {}
        whole = True
        for key_node, value_node in node.value:
            key_place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(key_place, path, "a key must be a word"))
                continue
            key = str(key_node.value)
            if str(key_node.ctag) == MERGE_TAG:
                self.problems.append(Problem(key_place, path, "merge keys are not supported; write the keys out"))
                whole = False
                continue
            if key in items:
                first = key_places[key]
                self.problems.append(
                    Problem(key_place, (*path, key), f"is here twice; the first is in line {first.line}")
                )
                continue
            items[key], key_places[key] = self.read(value_node, (*path, key)), key_place
            if value_node.start_mark.index == value_node.end_mark.index:
                items[key].place = key_place  # nothing was written: YAML's own place is somewhere behind
        return Item(items, place, key_places, whole=whole)

    def _refuse_tag(self, tag: str, path: Path, place: Place) -> None:
        self.problems.append(Problem(place, path, f"the tag {tag} means nothing here; write plain values"))

    def _scalar(self, node: ScalarNode, path: Path, place: Place) -> Item:
        tag = str(node.ctag)
        if tag not in PLAIN_TAGS:
            self._refuse_tag(tag, path, place)
        indent = {None: 0, "'": 1, '"': 1}.get(node.style)
        plain = node.style is None
        return Item(_scalar_value(node.value, tag.rpartition(":")[2]) if plain else node.value, place, indent=indent)

    def _place(self, node: Node) -> Place:
        return Place(self.source, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar_value(text: str, kind: str) -> Scalar:
    """What YAML 1.2 makes of a plain scalar. What is no number after all stays text."""
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text.replace("_", ""), 0 if re.match(r"[+-]?0[xob]", text) else 10)
            case "float":
                return float(re.sub(r"^([+-]?)\.(inf|nan)$", r"\1\2", text.replace("_", ""), flags=re.IGNORECASE))
    except ValueError:
        pass
    return text


def _place_of_character(text: str, source: str, error: YAMLError) -> Place:
    at = getattr(error, "position", None)
    if not isinstance(at, int):
        return Place(source, 1, 1)
    before = text[:at]
    return Place(source, before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


def _first_line(error: Exception) -> str:
    lines: Iterator[str] = iter(str(error).splitlines())
    return next(lines, type(error).__name__)
