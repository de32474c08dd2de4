"""What a run came to, as plain values: what `summary.json` holds and every report shows."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["met", "failed", "inconclusive"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Summaries are read back from files of other versions, so unknown fields are ignored."""


SELDOM = ("cancelled", "abandoned")
"""Those of which a summary says nothing where there are none."""


class SagaCounts(_Part, frozen=True, kw_only=True):
    """Where the sagas of the run ended. *unfinished* are those still under way; what is *stuck* is not among them."""

    started: int = 0
    completed: int = 0
    compensated: int = 0
    stuck: int = 0
    unfinished: int = 0
    helped: int | msgspec.UnsetType = msgspec.UNSET
    """How many of them a person let go on after they were stuck; not told where nobody had to."""
    cancelled: int | msgspec.UnsetType = msgspec.UNSET
    """How many were cancelled before they had started; not told where none was."""
    abandoned: int | msgspec.UnsetType = msgspec.UNSET
    """How many a person gave up as they were, while they were stuck; not told where none was."""


class AnswerCounts(_Part, frozen=True, kw_only=True):
    """What whoever asked was told: an answer (*ok*), that nothing came of it (*failed*), or nothing (*unknown*)."""

    ok: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.ok + self.failed + self.unknown


class CallCounts(_Part, frozen=True, kw_only=True):
    """How the calls to one service ended, as their callers saw it."""

    ok: int = 0
    refused: int = 0
    failed: int = 0
    unavailable: int = 0
    rejected: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, outcome) for outcome in OUTCOMES)


class CommandCounts(_Part, frozen=True, kw_only=True):
    """How commands ended, and in how many attempts.

    One that was *repeated* had been carried out before; one that *gave up* met a conflict at its last attempt;
    of one that is *unknown* the append's answer was lost; one was *cancelled* by whoever had asked for it.
    """

    written: int = 0
    unchanged: int = 0
    repeated: int = 0
    refused: int = 0
    gave_up: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    attempts: int = 0
    conflicts: int = 0

    @property
    def total(self) -> int:
        """All that ended. One that a crash cut off between two attempts has no end."""
        return sum(getattr(self, end) for end in COMMAND_ENDS)


COMMAND_ENDS = ("written", "unchanged", "repeated", "refused", "gave_up", "failed", "unknown", "cancelled")
"""How a command may end. A conflict that is followed by another attempt is no end."""

OUTCOMES = ("ok", "refused", "failed", "unavailable", "rejected", "unknown")


class Transition(_Part, frozen=True, kw_only=True):
    """A breaker changed its state, *at* seconds into the run."""

    at: float
    before: str
    after: str
    reason: str


class BreakerLog(_Part, frozen=True, kw_only=True):
    """Every change of one breaker, in order."""

    name: str
    transitions: list[Transition]


class FaultSpan(_Part, frozen=True, kw_only=True):
    """A fault of the schedule, from when to when it held. *ended_s* is None if the run ended first."""

    fault: str
    detail: str
    began_s: float
    ended_s: float | None


class MeanLatency(_Part, frozen=True, kw_only=True):
    """The mean of the latencies of one run, and how far to each side the true one may lie.

    *text* says both, and never one without the other: a mean that is shown alone claims more than it knows.
    """

    mean_ms: float
    half_width_ms: float
    confidence: float
    text: str


class CheckLine(_Part, frozen=True, kw_only=True):
    """What a checker found, and because of what."""

    name: str
    valid: bool | None
    because: str
    witnesses: list[str]


class ExpectationLine(_Part, frozen=True, kw_only=True):
    """An expectation, what was measured, and whether it was met. None: the run cannot tell."""

    text: str
    measured: str
    met: bool | None


class Summary(_Part, frozen=True, kw_only=True):
    """One run in numbers. Times are seconds on the run's own clock, virtual or scaled."""

    scenario: str
    question: str
    seed: int
    changed: list[str] | msgspec.UnsetType = msgspec.UNSET
    """What every ``--set`` changed, as it was written; there where something was."""
    clock: Literal["virtual", "real"]
    duration_s: float
    resumed_s: float | msgspec.UnsetType = msgspec.UNSET
    """Where the run is one that was resumed: from when on. Of what was before, only sagas and invariants are told."""
    orders: int
    answers: AnswerCounts = AnswerCounts()
    answers_after: dict[str, AnswerCounts] | msgspec.UnsetType = msgspec.UNSET
    """By moment in seconds: of what was asked from then on. There for the moments that expectations name."""
    sagas: SagaCounts
    conflicts: int
    command_retries: int
    call_retries: int
    commands: CommandCounts = CommandCounts()
    calls: dict[str, CallCounts]
    breakers: list[BreakerLog]
    faults: list[FaultSpan]
    latency_ms: dict[str, float]
    latency_mean: MeanLatency | msgspec.UnsetType = msgspec.UNSET
    """Where an expectation asks for it, and enough was answered to tell."""
    invariants: list[CheckLine]
    expectations: list[ExpectationLine]
    verdict: Verdict

    def to_json(self) -> bytes:
        """The bytes of `summary.json`: indented for people, the same for the same run."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Summary:
        """A summary from its file. Raises msgspec.ValidationError on one that is none."""
        return msgspec.json.decode(data, type=cls)


def verdict_of(invariants: list[CheckLine], expectations: list[ExpectationLine]) -> Verdict:
    """Failed if anything is false, else inconclusive if anything is unknown, else met.

    A broken invariant fails the run also when no expectation asks for it.
    """
    answers = [line.valid for line in invariants] + [line.met for line in expectations]
    if False in answers:
        return "failed"
    return "inconclusive" if None in answers else "met"
