"""A law that an answer has to satisfy, with the inputs on which it is tried."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .said import shown


class NeverDone(Exception):
    """An answer did not come to an end. No law was judged; the message says how it was found out."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that an answer did not satisfy: on which input, and what happened there. Or it never ended there."""

    law: str
    given: Any
    because: str
    endless: bool = False

    def __str__(self) -> str:
        if self.endless:
            return f"Your answer does not come to an end. On {shown(self.given)}, {self.because}."
        return f"This law broke: {self.law.rstrip('.')}. On {shown(self.given)}, {self.because}."


@dataclass(frozen=True, slots=True)
class Law:
    """*text* says it; ``holds(answer, given)`` is true, or says in words what is wrong, for each of *inputs*.

    Put the smallest inputs first: the first that breaks the law is shown.
    """

    text: str
    inputs: tuple[Any, ...]
    holds: Callable[[Any, Any], bool | str]

    def broken_by(self, answer: Any) -> Broken | None:
        """The first input on which *answer* breaks this law. Whatever it raises counts as breaking it.

        Except NotImplementedError, which goes on to the caller: the answer says itself that it is none yet.
        """
        for given in self.inputs:
            try:
                verdict = self.holds(answer, copy.deepcopy(given))  # an answer may change what it is given
            except (NotImplementedError, KeyboardInterrupt):
                raise
            except NeverDone as error:
                return Broken(self.text, given, str(error).rstrip("."), endless=True)
            except (Exception, SystemExit) as error:
                said = f": {error}" if str(error) else ""
                return Broken(self.text, given, f"your answer raised {type(error).__name__}{said}".rstrip("."))
            if verdict is not True:
                return Broken(self.text, given, verdict if isinstance(verdict, str) else "it does not hold")
        return None


def examples(text: str, expected: Iterable[tuple[tuple[Any, ...], Any]]) -> Law:
    """A law by examples: called with these arguments, the answer gives that value."""
    pairs = tuple(expected)
    wanted = [(arguments, value) for arguments, value in pairs]

    def holds(answer: Any, arguments: tuple[Any, ...]) -> bool | str:
        value = next(value for known, value in wanted if known == arguments)
        got = answer(*arguments)
        return True if got == value else f"your answer gave {shown(got)}, expected {shown(value)}"

    return Law(text, tuple(arguments for arguments, _ in pairs), holds)
