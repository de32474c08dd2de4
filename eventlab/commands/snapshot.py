"""How a command class says that its state is to be kept, and what it must be for that.

A kept state replaces the events that it was folded from. So it has to be the
same whoever folds it: of one stream, by a fold that sees nothing but state and
event. What several streams come to hangs on their order, and on the fields of
the command that read them; a class with more than one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..codec.encoded import is_storable
from ..errors import CommandMisdeclared, InvalidValue
from ..store.snapshots import StateShape
from .declaration import HowMany

NAME_CHARACTERS_MAX: Final = 255
"""With the name of any stream, it is the key of a record."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Keep a command's state whenever *every* events or more were folded since it was last kept.

    *name* stands for the fold: commands with the same `initial` and `apply` on
    the same streams share what is kept under it. Raise *version* when `apply`
    comes to another state than before: changes of events, of upcasters and of
    the state's type are noticed, changes of code are not.
    """

    name: str
    every: int = 100
    version: int = 1

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise InvalidValue(
                "snapshot name", self.name, f"1 to {NAME_CHARACTERS_MAX} characters, without '|' and without a NUL"
            )
        for field, value in (("every", self.every), ("version", self.version)):
            if type(value) is not int or value < 1:
                raise InvalidValue(f"snapshot {field}", value, "1 or more")


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= NAME_CHARACTERS_MAX and "|" not in name and is_storable(name)


def shape_of(cls: Any, streams: Sequence[HowMany], discovers: bool, state_type: Any) -> StateShape[Any] | None:
    """How states of the command class *cls* are kept; None if they are not. Raises CommandMisdeclared."""
    snapshot = cls.snapshot
    if snapshot is None:
        return None
    if not isinstance(snapshot, Snapshot):
        raise CommandMisdeclared(cls.__qualname__, f"its snapshot is {snapshot!r}, which is no Snapshot")
    if discovers or len(streams) != 1 or streams[0] == "many":
        raise CommandMisdeclared(
            cls.__qualname__,
            "only a state of one declared stream can be kept: what several streams fold to depends on their order, "
            "and on the fields of the command that reads them",
        )
    if state_type is None or state_type is Any or isinstance(state_type, (TypeVar, str)):
        raise CommandMisdeclared(
            cls.__qualname__, f"the type of the state to keep is not known; derive from Command[…]{_found(state_type)}"
        )
    try:
        return StateShape(snapshot.name, state_type, version=snapshot.version, fold=_fold(cls))
    except InvalidValue as error:
        raise CommandMisdeclared(cls.__qualname__, f"its state cannot be kept: {error}") from None


def _found(state_type: Any) -> str:
    return "" if state_type is None else f", not Command[{getattr(state_type, '__name__', state_type)}]"


def _fold(cls: Any) -> str:
    """Which functions fold: a command that uses the same name for another fold shall not take this one's states."""
    return " ".join(f"{function.__module__}.{function.__qualname__}" for function in (cls.initial, cls.apply))
