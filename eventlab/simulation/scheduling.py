"""Policies for tasks that are ready at one moment: what `World` takes as *ready*."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors import InvalidValue
from ..runtime import seeded
from .ready import Choosing, Prioritised, Replayed, Shuffled


@dataclass(frozen=True)
class PCT:
    """Priorities drawn by the seed; at *depth* - 1 moments among the first *steps* steps of tasks, one falls.

    A race that needs *depth* steps in a certain order, among n tasks of *steps* steps together, shows in a
    run with probability 1 / (n · steps^(depth - 1)) at least, where all of them are ready together. After
    Burckhardt, Kothari, Musuvathi and Nagarakatte, *A Randomized Scheduler with Probabilistic Guarantees of
    Finding Bugs* (ASPLOS 2010).
    Raises InvalidValue for a depth or a number of steps below 1, and for a depth above the number of steps.
    """

    depth: int = 3
    steps: int = 1000

    def __post_init__(self) -> None:
        given: tuple[tuple[str, object], ...] = (("PCT.depth", self.depth), ("PCT.steps", self.steps))
        for field, value in given:
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InvalidValue(field, value, "a whole number, 1 or more")
        if self.depth > self.steps:
            raise InvalidValue("PCT.depth", self.depth, f"at most the number of steps, {self.steps}")


@dataclass(frozen=True)
class Scripted:
    """The choices of an earlier run, `World.choices`, made again.

    Each says which of the ready tasks runs, counted from the oldest. Where the script has ended the oldest
    runs: a shorter script is a run as well. Where it names a task that is not there, the run raises
    ScriptMisfit, for the program is not the one that was recorded; not *strict*, the oldest runs there too, so
    that scripts can be shrunk.
    Raises InvalidValue for a choice below 0.
    """

    choices: tuple[int, ...] = ()
    strict: bool = True

    def __init__(self, choices: Iterable[int] = (), *, strict: bool = True) -> None:
        object.__setattr__(self, "choices", tuple(choices))
        object.__setattr__(self, "strict", strict)
        given: tuple[object, ...] = self.choices  # a file may hold anything
        for number, choice in enumerate(given):
            if not isinstance(choice, int) or choice < 0:
                raise InvalidValue(f"Scripted.choices[{number}]", choice, "a whole number from 0")

    def to_json(self) -> str:
        return json.dumps(self.choices)

    @classmethod
    def from_json(cls, text: str, *, strict: bool = True) -> Scripted:
        """The script that `to_json` wrote. Raises InvalidValue for any other text."""
        try:
            choices = json.loads(text)
        except ValueError as error:
            raise InvalidValue("the script", text[:60], f"a JSON list of choices ({error})") from None
        if not isinstance(choices, list):
            raise InvalidValue("the script", text[:60], "a JSON list of choices")
        return cls(choices, strict=strict)


Ready = Literal["fifo", "shuffled"] | PCT | Scripted


def queue_for(ready: Ready, seed: int) -> Choosing | None:
    """The queue of a policy; None for the loop's own, which keeps every order. Raises InvalidValue for none of them."""
    if ready == "fifo":
        return None
    if ready == "shuffled":
        return Shuffled(seeded(seed, "world/ready"))
    if isinstance(ready, PCT):
        return Prioritised(seeded(seed, "world/ready"), ready.depth, ready.steps)
    if isinstance(ready, Scripted):
        return Replayed(ready.choices, ready.strict)
    raise InvalidValue("World.ready", ready, "'fifo', 'shuffled', PCT(...) or Scripted(...)")
