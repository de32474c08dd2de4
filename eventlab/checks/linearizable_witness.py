"""The smallest piece of a history that no order explains.

One operation, if that found what nobody put there. Else first the piece up to the end that no order gets past; then
without whatever is not needed. A read that is left out asks nothing. A write is not left out, or whoever read it would
look wrong: it is let loose, to have happened at any time or never. What has no order even then is wrong whatever the
loose ones did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ..history import Operation
from .linearizable_search import Problem, search
from .models import model_named
from .unfounded import founders_of, unfounded

TRIAL_STATES_MAX = 20_000
STATES_PER_PIECE = 400_000
GUESSES = (8, 64, 512)
"""Of how many operations a piece may be that is tried before half of all: in a long history even half is much."""


def weakened(operation: Operation) -> Operation:
    """The same, with nothing known of how it ended."""
    return msgspec.structs.replace(operation, outcome="unknown", ended=None, result=None)


def smallest(
    model: str, initial: Any, operations: Sequence[Operation], stuck: Operation, states_max: int
) -> list[Operation]:
    """The operations that are needed for there to be no order, in order of invocation."""
    assert stuck.ended is not None
    if unfounded(model, initial, operations) is stuck:
        return [stuck]
    before = [each for each in operations if each.invoked <= stuck.ended]
    trial = _Trial(model, initial, before, stuck.ended, min(states_max, TRIAL_STATES_MAX))
    kept = [number for number, each in enumerate(before) if each.outcome == "ok" or not trial.reads(each)]
    kept = next(filter(trial.has_no_order, _guesses(model, before, kept, stuck)), kept)
    width = len(kept)
    while width and trial.states < STATES_PER_PIECE:
        width = min(width, len(kept))
        start, smaller = 0, False
        while start < len(kept):
            rest = kept[:start] + kept[start + width :]
            if rest and trial.has_no_order(rest):
                kept, smaller = rest, True
            else:
                start += width
        if width == 1 and not smaller:
            break
        width = max(1, width // 2)
    return [before[number] for number in kept]


def _guesses(model: str, before: Sequence[Operation], kept: Sequence[int], stuck: Operation) -> Iterator[list[int]]:
    """Small pieces that may have no order: who put there what was found, and the last few that ended before."""
    founders = {id(each) for each in founders_of(model, before, stuck)}
    latest = sorted(kept, key=lambda number: before[number].ended or 0.0)
    for width in GUESSES:
        if width < len(kept) // 2:
            last = set(latest[-width:])
            yield [number for number in kept if number in last or id(before[number]) in founders]


class _Trial:
    """Judges what is left when only some operations are held to what they told."""

    def __init__(
        self, model: str, initial: Any, operations: Sequence[Operation], until: float, states_max: int
    ) -> None:
        self._model, self._initial, self._until, self._states_max = model, initial, until, states_max
        self._operations = operations
        self.reads = model_named(model, initial).only_reads
        self.states, self._cost = 0, 1

    def has_no_order(self, kept: Sequence[int]) -> bool:
        """Whether those with these numbers contradict one another, whatever the others did. Given up means no."""
        holds = set(kept)
        asked, anyhow = [], []
        for number, operation in enumerate(self._operations):
            has_ended = operation.outcome == "ok" and operation.ended is not None and operation.ended <= self._until
            if number not in holds:
                if not self.reads(operation):
                    anyhow.append(weakened(operation))
            elif has_ended:
                asked.append(operation)
            elif not self.reads(operation):
                asked.append(weakened(operation))
        states_max = min(self._states_max, max(1, (STATES_PER_PIECE - self.states) // self._cost))
        answer = search(model_named(self._model, self._initial), Problem(asked, anyhow), states_max)
        self._cost = 1 + answer.loose // 16
        self.states += answer.states * self._cost + len(asked)
        return answer.found is False
