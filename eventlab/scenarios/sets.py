"""`--set path=value`: one value of a scenario changed from the command line, checked like the file itself."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import Item, Path, Place, Problem, from_yaml
from .units import shown


def apply_sets(root: Item, sets: Sequence[str]) -> list[Problem]:
    """Change the document *root* in place. A value that fits nowhere is found when the document is read.

    A path is keys with dots between them; a number counts the entries of a
    list from 0. Values are YAML: `false`, `30s`, `[orders, users]`.
    """
    problems: list[Problem] = []
    for text in sets:
        words_text, equals, value_text = text.partition("=")
        place = Place(f"--set {text}")
        words = words_text.strip().split(".")
        if not equals or not all(words):
            problems.append(Problem(place, (), "expected path=value, as in policies.breaker.enabled=false"))
            continue
        value, wrong = from_yaml(value_text, place.source)
        problems += [Problem(place, (), problem.message) for problem in wrong]
        if not wrong:
            problems += _put(root, words, _placed(value, place), place)
    return problems


def _put(item: Item, words: list[str], value: Item, place: Place, path: Path = ()) -> list[Problem]:
    """Follow *words*, making mappings on the way that the file left to their defaults."""
    word, rest = words[0], words[1:]
    if isinstance(item.value, list):
        if not word.isdecimal() or int(word) >= len(item.value):
            count = len(item.value)
            there = f"its entries are 0 to {count - 1}" if count else "it is empty"
            return [Problem(place, path, f"has no entry {word!r}; {there}")]
        at = int(word)
        if rest:
            return _put(item.value[at], rest, value, place, (*path, at))
        item.value[at] = value
        return []
    if not isinstance(item.value, dict):
        return [Problem(place, path, f"is {shown(item.value)}, and has nothing called {word!r} inside")]
    if not rest:
        item.value[word] = value
        item.key_places[word] = place
        return []
    if word not in item.value or item.value[word].value is None:
        item.value[word], item.key_places[word] = Item({}, place), place
    return _put(item.value[word], rest, value, place, (*path, word))


def _placed(item: Item | None, place: Place) -> Item:
    """The same value, with the option as the place of all of it: a column inside `--set` helps nobody."""
    if item is None:
        return Item(None, place)
    if isinstance(item.value, dict):
        items = {key: _placed(inside, place) for key, inside in item.value.items()}
        return Item(items, place, dict.fromkeys(items, place))
    if isinstance(item.value, list):
        return Item([_placed(inside, place) for inside in item.value], place)
    return Item(item.value, place)
