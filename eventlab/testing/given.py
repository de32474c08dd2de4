"""A command's decision as a sentence: given these events, when this command, then those events, or a refusal.

::

    given((show, SeatsReserved(98))).when(Reserve(show, 2)).then((show, SeatsReserved(2)))
    given((show, SeatsReserved(98))).when(Reserve(show, 3)).then_refused("sold_out")

No store, no loop and no time: what `execute` would fold and decide, at once.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from eventlab.commands import Command, declared_streams
from eventlab.commands.reading import Reading
from eventlab.errors import Refused
from eventlab.store import MemoryStore

T = TypeVar("T")


def given(*events: tuple[str, object]) -> Given:
    """What happened before, in its order; nothing, if nothing is given."""
    return Given(events)


class Given:
    """A past, in which a command may come."""

    def __init__(self, events: tuple[tuple[str, object], ...]) -> None:
        self._store = MemoryStore("given")
        _at_once(self._store.append(events))

    def when(self, command: Command[Any]) -> Decided:
        """Let *command* decide on that past."""
        reading = Reading(command, declared_streams(command))
        _at_once(reading.read(self._store))
        try:
            return Decided(command, tuple(command.handle(reading.state)), None)
        except Refused as refusal:
            return Decided(command, (), refusal)


class Decided:
    """What a command decided. Each claim about it raises AssertionError that says what it did instead."""

    def __init__(self, command: Command[Any], events: tuple[tuple[str, object], ...], refusal: Refused | None) -> None:
        self._name = type(command).__name__
        self.events = events
        self.refusal = refusal

    def then(self, *events: tuple[str, object]) -> None:
        """It writes exactly these events, in this order; no event means that it changes nothing."""
        if self.refusal is not None or self.events != events:
            raise AssertionError(f"{self._name} should have written {_told(events)}, but {self._did()}")

    def then_refused(self, code: str, **facts: object) -> None:
        """It is refused with this code, and at least with these facts."""
        met = self.refusal is not None and self.refusal.code == code
        if self.refusal is None or not met or not facts.items() <= self.refusal.facts.items():
            wanted = f"{code!r} with {facts}" if facts else repr(code)
            raise AssertionError(f"{self._name} should have been refused as {wanted}, but {self._did()}")

    def _did(self) -> str:
        if self.refusal is not None:
            return f"it was {self.refusal}, with {self.refusal.facts}"
        return f"it wrote {_told(self.events)}"


def _told(events: tuple[tuple[str, object], ...]) -> str:
    return "; ".join(f"{event!r} to {str(stream)!r}" for stream, event in events) or "nothing"


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never suspends, also where a loop is running already, as in a notebook."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    coroutine.close()
    raise RuntimeError("a memory store does not suspend")
