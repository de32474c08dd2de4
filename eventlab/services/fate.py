"""What becomes of one message: it passes, comes later, comes twice, or never.

A rule is any callable from an :class:`Envelope` to a :data:`Fate`. A
transport asks it once for the request and once for the reply.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, Literal, NoReturn, TypeAlias

import msgspec

from ..errors import InvalidValue
from ..errors.given import check_seconds


class _Verdict(enum.Enum):
    PASS = "pass"
    DROP = "drop"
    BREAK = "break"

    def __repr__(self) -> str:
        return self.name


PASS: Final = _Verdict.PASS
"""Nothing befalls the message. Where rules form a chain, the next one is asked."""

DROP: Final = _Verdict.DROP
"""The message never arrives, and nobody is told."""


BREAK: Final = _Verdict.BREAK
"""The message never arrives, and its connection is seen to be broken.

Whoever sends a request over it learns at once that nothing was sent (`Unavailable`); whoever waits for a
reply, that none will come (`ConnectionBroken`).
"""


class DeliverAfter(msgspec.Struct, frozen=True):
    """The message arrives that many seconds from now, and a copy of it after *copy_after*, if there is one."""

    seconds: float
    copy_after: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("seconds", self.seconds), ("copy_after", self.copy_after)):
            if value is not None:
                check_seconds(f"DeliverAfter.{name}", value, zero_too=True)


class Envelope(msgspec.Struct, frozen=True):
    """The outside of a message: what a rule may look at. *size* is the body's, in bytes."""

    source: str
    target: str
    what: str
    size: int = 0


Fate: TypeAlias = Literal[_Verdict.PASS, _Verdict.DROP, _Verdict.BREAK] | DeliverAfter
FateRule: TypeAlias = Callable[[Envelope], Fate]


def refuse_answer(rule: object, answer: object) -> NoReturn:
    """Raises InvalidValue: *rule* said something that is no fate, as one that forgot to return anything does."""
    name = getattr(rule, "__qualname__", str(rule))
    raise InvalidValue(f"the answer of rule {name}", answer, "PASS, DROP, BREAK or DeliverAfter(seconds)")


def everything_passes(envelope: Envelope) -> Fate:
    """The rule of a network without faults."""
    return PASS
