"""One saga's log, read as a story: lanes, attempts, doubts and the saga's state. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.hooks import SagaMoved

from .faults import fault_spans
from .subject import RunLike

Way = Literal["forward", "backward"]

_CLOSES: dict[str, tuple[Way, str]] = {
    "succeeded": ("forward", "ok"),
    "failed": ("forward", "failed"),
    "timed_out": ("forward", "unknown"),
    "unreached": ("forward", "failed"),
    "compensated": ("backward", "ok"),
    "compensation_failed": ("backward", "failed"),
}

_STATES = {
    "started": "running",
    "compensating": "compensating",
    "rolled_back": "running",
    "stuck": "stuck",
    "completed": "completed",
    "compensation_completed": "compensated",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
}

HELPED = {"retried": "retried", "skipped_by_hand": "skipped", "resolved": "resolved"}
"""What a person may do about a saga that is stuck, by the phase: then it goes on as it was going before."""

_PASSED_OVER = {"skipped": "skipped", "skipped_by_hand": "skipped by hand", "resolved": "resolved by hand"}
"""What may become of a step, or of its undoing, without another try."""


class Attempt(NamedTuple):
    """One try of a step or of its undoing: ``ok``, ``failed``, ``unknown``, or ``open`` when the history ends in it."""

    step: str
    way: Way
    began_s: float
    ended_s: float
    outcome: str
    detail: str


class Lane(NamedTuple):
    """One step's place in the figure, with the service that carries it out."""

    step: str
    service: str
    attempts: tuple[Attempt, ...]
    passed_over: tuple[tuple[float, str], ...] = ()
    """When, and in which words, it was passed over or taken for done without another try."""

    def of(self, way: Way) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.way == way]

    @property
    def in_doubt(self) -> tuple[float, float] | None:
        """From the first try without an answer until the step was done or undone, or else until the end."""
        lost = [attempt for attempt in self.of("forward") if attempt.outcome == "unknown"]
        if not lost:
            return None
        began = lost[0].ended_s
        settled = [tried.ended_s for tried in self.attempts if tried.outcome == "ok"]
        settled += [at for at, _ in self.passed_over]
        last = max(tried.ended_s for tried in self.attempts)
        return began, min((at for at in settled if at >= began), default=last)


class Phase(NamedTuple):
    """A stretch of the saga's own state."""

    state: str
    began_s: float
    ended_s: float


class SagaStory(NamedTuple):
    """All that the lanes show."""

    saga: str
    definition: str
    lanes: tuple[Lane, ...]
    phases: tuple[Phase, ...]
    began_s: float
    ended_s: float
    calls: tuple[tuple[str, Way, float], ...]
    """When a call of ``(step, way)`` left: several within one attempt are retries below the saga."""
    pivot: str
    """The step after which nothing is undone; empty where the history does not tell."""
    hands: tuple[tuple[float, str], ...] = ()
    """When a person let it go on, and how."""
    taken_up: tuple[float, ...] = ()
    """When a driver took it up that another one had left."""

    @property
    def state(self) -> str:
        return self.phases[-1].state if self.phases else "unknown"


def saga_moves(run: RunLike) -> dict[str, list[tuple[float, SagaMoved]]]:
    """The moves of every saga of the run, in the order in which the sagas began."""
    moves: dict[str, list[tuple[float, SagaMoved]]] = {}
    for entry, moved in of_kind(run.entries, SagaMoved):
        moves.setdefault(moved.saga, []).append((entry.at, moved))
    return moves


def most_telling(run: RunLike) -> str:
    """The saga that shows most: one that was undone during a fault, with most steps to undo and most doubt.

    Without one, the saga with most attempts; the earlier one of two equals.
    Raises LookupError for a run without sagas.
    """
    spans = fault_spans(run)
    best, best_score = "", (-1, 0, 0, 0)
    for saga, moves in saga_moves(run).items():
        phases = [moved.phase for _, moved in moves]
        undone = phases.count("compensated") if "compensating" in phases else 0
        during = any(span.overlaps(moves[0][0], moves[-1][0]) for span in spans)
        doubts = phases.count("timed_out")
        tries = phases.count("requested") + phases.count("compensation_requested")
        score = (int(undone > 0 and during), undone, min(doubts, 1), min(tries, 24))
        if score > best_score:
            best, best_score = saga, score
    if not best:
        raise LookupError("the run has no sagas to show")
    return best


def tell(
    run: RunLike, saga: str | None = None, pivot: str | None = None, steps: Mapping[str, str] | None = None
) -> SagaStory:
    """The story of *saga*, or of the most telling one. Raises LookupError when the run does not know it."""
    chosen = most_telling(run) if saga is None else saga
    every = saga_moves(run)
    if chosen not in every:
        raise LookupError(f"the run has no saga {chosen!r}; its first one is {next(iter(every), 'none')!r}")
    moves = every[chosen]
    definition = moves[0][1].definition
    relatives = [others for others in every.values() if others[0][1].definition == definition]
    attempts = _attempts(moves)
    services = steps or _services(run)
    return SagaStory(
        saga=chosen,
        definition=definition,
        lanes=tuple(
            Lane(
                step,
                services.get(step, ""),
                tuple(tried for tried in attempts if tried.step == step),
                tuple((at, _PASSED_OVER[m.phase]) for at, m in moves if m.step == step and m.phase in _PASSED_OVER),
            )
            for step in steps or _steps(relatives)
        ),
        phases=_phases(moves),
        began_s=moves[0][0],
        ended_s=moves[-1][0],
        calls=_calls(run, chosen),
        pivot=pivot if pivot is not None else _pivot(relatives),
        hands=tuple((at, HELPED[moved.phase]) for at, moved in moves if moved.phase in HELPED),
        taken_up=tuple(at for at, moved in moves if moved.phase == "taken_up"),
    )


def _steps(relatives: Iterable[Sequence[tuple[float, SagaMoved]]]) -> list[str]:
    """The steps in the order of the saga that got furthest."""
    longest: list[str] = []
    for moves in relatives:
        steps = list(dict.fromkeys(moved.step for _, moved in moves if moved.phase in ("requested", "skipped")))
        if len(steps) > len(longest):
            longest = steps
    return longest


def _pivot(relatives: Iterable[Sequence[tuple[float, SagaMoved]]]) -> str:
    """The step whose request says that it is the pivot."""
    for moves in relatives:
        for _, moved in moves:
            if moved.phase == "requested" and moved.detail == "pivot":
                return moved.step
    return ""


def _attempts(moves: Sequence[tuple[float, SagaMoved]]) -> list[Attempt]:
    """Requests paired with what became of them. A request that is repeated before an answer was left in doubt."""
    tries: list[Attempt] = []
    open_: dict[tuple[str, Way], float] = {}
    for at, moved in moves:
        if moved.phase in ("requested", "compensation_requested"):
            way: Way = "forward" if moved.phase == "requested" else "backward"
            if (moved.step, way) in open_:
                tries.append(Attempt(moved.step, way, open_[moved.step, way], at, "unknown", "no outcome was logged"))
            open_[moved.step, way] = at
        elif moved.phase in _CLOSES and moved.step:
            way, outcome = _CLOSES[moved.phase]
            tries.append(Attempt(moved.step, way, open_.pop((moved.step, way), at), at, outcome, moved.detail))
    last = moves[-1][0]
    tries.extend(Attempt(step, way, began, last, "open", "") for (step, way), began in open_.items())
    return sorted(tries, key=lambda tried: tried.began_s)


def _phases(moves: Sequence[tuple[float, SagaMoved]]) -> tuple[Phase, ...]:
    turns: list[tuple[float, str]] = []
    for at, moved in moves:
        if moved.phase in _STATES:
            turns.append((at, _STATES[moved.phase]))
        elif moved.phase in HELPED and turns:
            going = [state for _, state in turns if state in ("running", "compensating")]
            turns.append((at, going[-1] if going else "running"))
    if moves[0][1].phase != "started":  # a history that begins in the middle, as a resumed run's does
        turns.insert(0, (moves[0][0], "running"))
    ends = [*(at for at, _ in turns[1:]), moves[-1][0]]
    return tuple(Phase(state, at, end) for (at, state), end in zip(turns, ends, strict=True))


def _services(run: RunLike) -> dict[str, str]:
    """Step → service, from the keys of calls; a step that calls nobody is its saga's own service's."""
    services: dict[str, str] = {}
    for _, started in of_kind(run.entries, hooks.CallStarted):
        parts = started.key.split("/")
        if len(parts) == 3 and parts[2] == "forward":
            services.setdefault(parts[1], started.target)
    for entry, moved in of_kind(run.entries, SagaMoved):
        if moved.step:
            services.setdefault(moved.step, entry.node)
    return services


def _calls(run: RunLike, saga: str) -> tuple[tuple[str, Way, float], ...]:
    found: list[tuple[str, Way, float]] = []
    for entry, started in of_kind(run.entries, hooks.CallStarted):
        owner, _, rest = started.key.partition("/")
        step, _, way = rest.partition("/")
        if owner == saga and way in ("forward", "backward"):
            found.append((step, "forward" if way == "forward" else "backward", entry.at))
    return tuple(found)
