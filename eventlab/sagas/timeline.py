"""What became of a saga, told from its log: each step with its attempts and doubts, now or at any past version.

The state is folded as everywhere; attempts are collected from intents and from what ended them. So an event that is
unknown here, but not to the fold, leaves the story whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from eventlab.errors import UnknownSaga
from eventlab.sagas.attempts import Attempt, Attempts
from eventlab.sagas.events import StepOutline
from eventlab.sagas.folding import advance
from eventlab.sagas.log import history
from eventlab.sagas.state import SagaState, Status, StepState, StepStatus
from eventlab.store import EventStore, StoredEvent
from eventlab.store.archive import StreamArchived

if TYPE_CHECKING:
    import pandas as pd


class StepTimeline(msgspec.Struct, frozen=True):
    """One step: how it stands, and each time it was tried or undone. *state* is None for one that was not reached.

    *kind* and *needs* (the steps right before it) are empty where the log does not tell the definition.
    """

    name: str
    state: StepState | None
    attempts: tuple[Attempt, ...] = ()
    undo_attempts: tuple[Attempt, ...] = ()
    since: datetime | None = None
    """When the log last spoke of it."""
    kind: str = ""
    needs: tuple[str, ...] = ()

    @property
    def status(self) -> StepStatus | None:
        return None if self.state is None else self.state.status

    @property
    def result(self) -> Any:
        return None if self.state is None else self.state.result

    @property
    def reason(self) -> str:
        return "" if self.state is None else self.state.reason

    @property
    def in_doubt(self) -> bool:
        """Whether it may have happened, but nobody can say."""
        return self.state is not None and self.state.in_doubt

    @property
    def is_again(self) -> bool:
        """Whether it was undone for a save-point, and goes forward anew: what it last undid is of an earlier round."""
        if not self.undo_attempts:
            return False
        return self.state is None or self.undo_attempts[-1].round < self.state.round

    @property
    def took_s(self) -> float | None:
        """From the first intent to the end of the last attempt forward; None while it has none."""
        if not self.attempts or self.attempts[-1].ended_at is None:
            return None
        return (self.attempts[-1].ended_at - self.attempts[0].asked_at).total_seconds()


class Phase(msgspec.Struct, frozen=True):
    """From *since* on the saga as a whole stood like this, because of the event of that *version*."""

    status: Status
    since: datetime
    version: int


class Verb(msgspec.Struct, frozen=True):
    """What a person did about the saga: the *event* that it left, who, and why.

    *step* and *outcome* are empty where it is about no single step, or says nothing of how it stands.
    """

    event: str
    step: str
    outcome: str
    by: str
    why: str
    at: datetime
    version: int


class Timeline(msgspec.Struct, frozen=True):
    """A saga at one version of its log. Times are those at which the events occurred."""

    state: SagaState
    steps: tuple[StepTimeline, ...]
    phases: tuple[Phase, ...]
    verbs: tuple[Verb, ...]
    started_at: datetime
    last_at: datetime
    version: int
    is_set_aside: bool = False
    """Whether its stream was archived."""
    turned_back_because: str = ""
    """Why it is being undone, or was; with the step, where a step is to blame."""

    @property
    def saga_id(self) -> str:
        return self.state.saga_id

    @property
    def status(self) -> Status:
        return self.state.status

    @property
    def reason(self) -> str:
        """Why it stands as it does: why it is stuck, was given up or cancelled, or else why it turned back."""
        is_told = self.status in (Status.STUCK, Status.ABANDONED, Status.CANCELLED)
        return self.state.reason if is_told else self.turned_back_because

    @property
    def in_doubt(self) -> tuple[str, ...]:
        """The steps that may have happened or not."""
        return self.state.in_doubt

    @property
    def since(self) -> datetime:
        """Since when it has had its present status."""
        return self.phases[-1].since

    @property
    def took_s(self) -> float | None:
        """From its start to its end; None while it has not ended."""
        return (self.since - self.started_at).total_seconds() if self.status.ended else None

    def step(self, name: str) -> StepTimeline:
        """The step of that name. Raises KeyError when the log does not know it."""
        for each in self.steps:
            if each.name == name:
                return each
        raise KeyError(name)

    def to_frame(self) -> pd.DataFrame:
        """A row for each attempt, in the order in which they were asked for. Needs pandas."""
        import pandas as pd

        tries = [(step.name, tried) for step in self.steps for tried in (*step.attempts, *step.undo_attempts)]
        tries.sort(key=lambda pair: pair[1].version)
        return pd.DataFrame(
            {
                "saga": [self.saga_id for _ in tries],
                "step": [name for name, _ in tries],
                "direction": ["backward" if tried.undo else "forward" for _, tried in tries],
                "attempt": [tried.number for _, tried in tries],
                "asked_at": [tried.asked_at for _, tried in tries],
                "ended_at": pd.Series([tried.ended_at for _, tried in tries], dtype="datetime64[us, UTC]"),
                "took_s": [tried.took_s for _, tried in tries],
                "outcome": [tried.outcome.value for _, tried in tries],
                "reason": [tried.reason for _, tried in tries],
            }
        )


def timeline(events: Sequence[StoredEvent], *, to: int | None = None, at: datetime | None = None) -> Timeline:
    """The story of the saga whose stored *events* these are, up to version *to*, or as it was at the moment *at*.

    Raises UnknownSaga when there is no event up to there, UnknownEventType for an event whose class was not imported.
    """
    telling = _Telling()
    for stored in events:
        if (to is not None and stored.version > to) or (at is not None and stored.occurred_at > at):
            break
        telling.take(stored)
    return telling.told()


async def read_timeline(
    store: EventStore, saga_id: str, *, to: int | None = None, at: datetime | None = None
) -> Timeline:
    """The story of the saga in *store*. Raises UnknownSaga when it was not started, or not by then."""
    return timeline(await history(store, saga_id), to=to, at=at)


class _Telling:
    """The story so far."""

    def __init__(self) -> None:
        self._state = SagaState()
        self._attempts = Attempts()
        self._phases: list[Phase] = []
        self._verbs: list[Verb] = []
        self._since: dict[str, datetime] = {}
        self._turned_back_because = ""
        self._first: StoredEvent | None = None
        self._last: StoredEvent | None = None

    def take(self, stored: StoredEvent) -> None:
        event = stored.event
        self._first, self._last = self._first or stored, stored
        before, self._state = self._state, advance(self._state, event)
        self._attempts.take(stored, before, self._state)
        for name, step in self._state.steps.items():
            if before.steps.get(name) is not step:
                self._since[name] = stored.occurred_at
        self._note_turn(self._state)
        if not self._phases or before.status is not self._state.status:
            self._phases.append(Phase(self._state.status, stored.occurred_at, stored.version))
        if by := getattr(event, "by", ""):
            on, outcome = getattr(event, "step", ""), getattr(event, "outcome", "")
            self._verbs.append(Verb(stored.type, on, outcome, by, event.why, stored.occurred_at, stored.version))

    def _note_turn(self, after: SagaState) -> None:
        """Why it turns back is told from then on; while it is stuck in that, it has another reason."""
        if after.status is Status.RUNNING:
            self._turned_back_because = ""
        elif after.status is Status.COMPENSATING:
            step = f"{after.failed_step}: " if after.failed_step else ""
            self._turned_back_because = step + after.reason

    def told(self) -> Timeline:
        if self._first is None or self._last is None:
            raise UnknownSaga("nothing of it had happened by then")
        outline = {each.name: each for each in self._state.outline}
        names = dict.fromkeys([*outline, *self._state.steps])
        return Timeline(
            state=self._state,
            steps=tuple(self._step(name, outline.get(name)) for name in names),
            phases=tuple(self._phases),
            verbs=tuple(self._verbs),
            started_at=self._first.occurred_at,
            last_at=self._last.occurred_at,
            version=self._last.version,
            is_set_aside=isinstance(self._last.event, StreamArchived),
            turned_back_because=self._turned_back_because,
        )

    def _step(self, name: str, outline: StepOutline | None) -> StepTimeline:
        return StepTimeline(
            name=name,
            state=self._state.steps.get(name),
            attempts=self._attempts.of(name, undo=False),
            undo_attempts=self._attempts.of(name, undo=True),
            since=self._since.get(name),
            kind=outline.kind if outline else "",
            needs=outline.needs if outline else (),
        )
