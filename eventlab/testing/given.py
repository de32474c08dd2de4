"""A command's decision as a sentence: given these events, when this command, then those events, or a refusal.

::

    given((show, SeatsReserved(98))).when(Reserve(show, 2)).then((show, SeatsReserved(2)))
    given((show, SeatsReserved(98))).when(Reserve(show, 3)).then(Refused("sold_out", facts={"left": 2}))
    given((show, SeatsReserved(98))).when(Reserve(show, 3)).then_refused("sold_out", left=2)

Pairs of stream and event may also come as one list; personal fields are taken as any others. No store, no loop and no
time: what `execute` would fold and decide, at once.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from difflib import ndiff
from typing import Any, TypeAlias, TypeVar

from eventlab.commands import Command, declared_streams
from eventlab.commands.remembering import reading_of
from eventlab.errors import Refused

from .holding import store_for

T = TypeVar("T")
Pair: TypeAlias = tuple[str, object]


def given(*events: Pair | Iterable[Pair]) -> Given:
    """What happened before, in its order; nothing, if nothing is given."""
    return Given(_pairs(events))


class Given:
    """A past, in which a command may come."""

    def __init__(self, events: tuple[Pair, ...]) -> None:
        self._store = store_for(events, "given")
        _at_once(self._store.append(events))

    def when(self, command: Command[Any]) -> Decided:
        """Let *command* decide on that past. Raises what `execute` would raise, except a refusal."""
        reading = reading_of(command, declared_streams(command))
        _at_once(reading.read(self._store))
        try:
            return Decided(command, reading.decide(), None)
        except Refused as refusal:
            return Decided(command, (), refusal)


class Decided:
    """What a command decided. Each claim about it raises AssertionError that says what it did instead."""

    def __init__(self, command: Command[Any], events: tuple[Pair, ...], refusal: Refused | None) -> None:
        self._name = type(command).__name__
        self.events = events
        self.refusal = refusal

    def then(self, *events: Pair | Iterable[Pair] | Refused) -> None:
        """It writes exactly these events, in this order; no event means that it changes nothing.

        Or it is refused: with the same code, and at least with the facts of the `Refused` that is given.
        """
        if len(events) == 1 and isinstance(events[0], Refused):
            return self.then_refused(events[0].code, **events[0].facts)
        wanted = _pairs(events)
        if self.refusal is not None or self.events != wanted:
            raise AssertionError(
                f"{self._name} should have written {_told(wanted)}, but {self._did()}"
                f"{_difference(_lines(wanted), _lines(self.events))}"
            )

    def then_refused(self, code: str, /, **facts: object) -> None:
        """It is refused with this code, and at least with these facts."""
        refusal = self.refusal
        if refusal is None or refusal.code != code or not _holds(facts, refusal.facts):
            wanted = f"{code!r} with {facts}" if facts else repr(code)
            difference = ""
            if refusal is not None and refusal.code == code:
                asked = {name: value for name, value in refusal.facts.items() if name in facts}
                difference = _difference(_facts(facts), _facts(asked))
            raise AssertionError(f"{self._name} should have been refused as {wanted}, but {self._did()}{difference}")

    def _did(self) -> str:
        if self.refusal is not None:
            return f"it was {self.refusal}, with {self.refusal.facts}"
        return f"it wrote {_told(self.events)}"


def _pairs(given: Iterable[Any]) -> tuple[Pair, ...]:
    """Pairs as they came, each alone or in lists."""
    pairs: list[Pair] = []
    for each in given:
        if isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str):
            pairs.append((each[0], each[1]))
        elif isinstance(each, Iterable) and not isinstance(each, str):
            pairs += _pairs(each)
        else:
            raise TypeError(f"{each!r} is no pair of stream and event")
    return tuple(pairs)


def _holds(wanted: dict[str, object], facts: dict[str, Any]) -> bool:
    return all(name in facts and facts[name] == value for name, value in wanted.items())


def _told(events: tuple[Pair, ...]) -> str:
    return "; ".join(f"{event!r} to {str(stream)!r}" for stream, event in events) or "nothing"


def _lines(events: tuple[Pair, ...]) -> list[str]:
    return [f"{stream}: {event!r}" for stream, event in events]


def _facts(facts: dict[str, Any]) -> list[str]:
    return [f"{name} = {value!r}" for name, value in sorted(facts.items())]


def _difference(wanted: list[str], found: list[str]) -> str:
    """One under the other: what was wanted and is not there with ``-``, what is there and was not wanted with ``+``."""
    if not wanted and not found:
        return ""
    lines = [line.rstrip() for line in ndiff(wanted, found)]
    return "\n  - wanted, + found:\n" + "\n".join(f"  {line}" for line in lines)


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never suspends, also where a loop is running already, as in a notebook."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    coroutine.close()
    raise RuntimeError("a memory store does not suspend")
