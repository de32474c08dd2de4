"""What chapter 1 needs beyond a few lines: laws in words, two runs side by side, theory, the exercise."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist, fmean, stdev
from typing import Any, NamedTuple

from eventlab import hooks
from eventlab.history import of_kind, operations
from eventlab.runtime import monotonic
from eventlab.scenarios import Run
from eventlab.scenarios.realclock import run_scaled
from eventlab.services import DROP, PASS, Envelope, Fate, FateRule
from eventlab.simulation import World

from .exercise import Exercise
from .laws import Law
from .said import Said
from .table import Table

ENDS = {"completed": "completed", "compensation_completed": "undone", "stuck": "stuck"}


def laws(run: Run) -> Said:
    """Which laws of the shop broke in the run, with witnesses."""
    every = run.summary.invariants
    wrong = [line for line in every if line.valid is not True]
    if not wrong:
        return Said(f"All {len(every)} laws hold.", "good")
    told = "; ".join(f"“{line.name}”: {line.because}, such as {', '.join(line.witnesses[:3])}" for line in wrong)
    return Said(f"{len(wrong)} of {len(every)} laws broke. {told}.", "bad")


def ends(run: Run) -> dict[str, str]:
    """How each order ended, by its id."""
    moves = of_kind(run.entries, hooks.SagaMoved)
    return {moved.saga: ENDS[moved.phase] for _, moved in moves if moved.phase in ENDS}


def ended_otherwise(one: Run, other: Run) -> list[str]:
    """The orders that did not end in the same way in both runs."""
    left, right = ends(one), ends(other)
    return [order for order in sorted({**left, **right}) if left.get(order) != right.get(order)]


def side_by_side(**runs: Run) -> Table:
    """What each run came to, a column for each."""
    names = [name.replace("_", " ") for name in runs]
    columns = [_came_to(run) for run in runs.values()]
    return Table(["", *names], [[row, *(column[row] for column in columns)] for row in columns[0]])


def _came_to(run: Run) -> dict[str, str]:
    summary = run.summary
    payments = summary.calls["payments"]
    turns = [turn for log in summary.breakers for turn in log.transitions]
    opened = [turn.at for turn in turns if turn.after.lower() == "open"]
    closed = [turn.at for turn in turns if turn.after.lower() == "closed"]
    fault = next(iter(summary.faults), None)
    return {
        "network cut": f"{fault.began_s:.1f} to {fault.ended_s:.1f} s" if fault and fault.ended_s else "never",
        "orders completed": str(summary.sagas.completed),
        "orders undone": str(summary.sagas.compensated),
        "stuck or unfinished": str(summary.sagas.stuck + summary.sagas.unfinished),
        "laws that hold": f"{sum(line.valid is True for line in summary.invariants)} of {len(summary.invariants)}",
        "calls to payments without an answer": str(payments.unknown),
        "calls that the breaker turned away": str(payments.rejected),
        "breaker opened first": f"{opened[0]:.1f} s" if opened else "never",
        "breaker closed last": f"{closed[-1]:.1f} s" if closed else "never",
        "a message takes, on average": f"{1000 * fmean(delays_s(run)):.2f} ms",
    }


def delays_s(run: Run) -> list[float]:
    """How long each message of the run was under way."""
    left = {sent.id: entry.at for entry, sent in of_kind(run.entries, hooks.MessageSent)}
    return [entry.at - left[arrived.id] for entry, arrived in of_kind(run.entries, hooks.MessageArrived)]


class Measured(NamedTuple):
    """A formula's answer and the history's, and how far they may lie apart."""

    what: str
    expected: float
    found: float
    within: float
    unit: str

    @property
    def agrees(self) -> bool:
        return abs(self.found - self.expected) <= self.within

    def row(self) -> list[str]:
        margin = f" ± {self.within:.3f}" if self.within > 1e-3 else ""
        digits = 3 if self.unit else 0
        found = f"{self.found:.{digits}f}{margin}"
        return [self.what, f"{self.expected:.{digits}f}", found, self.unit, "yes" if self.agrees else "NO"]


def against_theory(run: Run) -> list[Measured]:
    """What arithmetic says of the run before it runs, and what its history says afterwards."""
    return [_mean_delay(run), _little(run), *_breaker_account(run)]


def as_table(measured: list[Measured]) -> Table:
    return Table(["", "expected", "measured", "unit", "agrees"], [one.row() for one in measured])


def _mean_delay(run: Run) -> Measured:
    """The mean of a lognormal is its median × exp(σ²/2). Chance is involved, so: within 99 % confidence."""
    found_ms = [1000 * delay for delay in delays_s(run)]
    within = NormalDist().inv_cdf(0.995) * stdev(found_ms) / math.sqrt(len(found_ms))
    expected_ms = 1000 * run.scenario.network.link("orders", "payments").latency.mean_s
    return Measured("delay of a message, mean", expected_ms, fmean(found_ms), within, "ms")


def _little(run: Run) -> Measured:
    """Little's law, L = λ·W, which is exact over a time that begins and ends with nobody inside."""
    visits = [(one.invoked, one.ended) for one in operations(run.entries) if one.ended is not None]
    turns = sorted([(came, 1) for came, _ in visits] + [(went, -1) for _, went in visits])
    inside, area, before = 0, 0.0, 0.0
    for at, step in turns:
        area += inside * (at - before)
        inside, before = inside + step, at
    rate_per_s, stay_s = len(visits) / before, fmean(went - came for came, went in visits)
    return Measured("checkouts under way, mean: L = λ·W", rate_per_s * stay_s, area / before, 1e-9, "orders")


def _breaker_account(run: Run) -> Iterator[Measured]:
    """Who pays for an outage: the calls that trip the breaker, those under way just then, and the probes."""
    rule = run.scenario.policies.breaker
    turns = [(entry.at, turn) for entry, turn in of_kind(run.entries, hooks.BreakerChanged)]
    opened = [at for at, turn in turns if turn.after.lower() == "open"]
    lost = [
        (entry.at - call.duration_s, entry.at)
        for entry, call in of_kind(run.entries, hooks.CallEnded)
        if call.target == "payments" and call.outcome == "unknown"
    ]
    to_trip = math.ceil(rule.failure_rate * rule.window_calls)
    yield Measured("lost calls that trip the breaker", to_trip, sum(end <= opened[0] for _, end in lost), 0, "")
    under_way = sum(began <= opened[0] < end for began, end in lost)
    probes = rule.half_open_calls * (len(opened) - 1)
    yield Measured("… with those under way then, and the probes", to_trip + under_way + probes, len(lost), 0, "")


class Message(NamedTuple):
    """A message between two services, at a moment of the run."""

    source: str
    target: str
    at_s: float


Answer = Callable[[str, str, float, float], FateRule]
BEGAN_S, ENDED_S = 2.0, 4.0


def outage(left: str, right: str, began_s: float, ended_s: float) -> FateRule:
    def rule(envelope: Envelope) -> Fate:
        between = sorted((envelope.source, envelope.target)) == sorted((left, right))
        cut = between and began_s <= monotonic() < ended_s
        return DROP if cut else PASS

    return rule


async def _fates(rule: FateRule, messages: tuple[Message, ...]) -> list[tuple[float, Fate]]:
    """What *rule* says to each message at its time, and when it was really asked."""
    told: list[tuple[float, Fate]] = []
    for message in messages:
        await asyncio.sleep(message.at_s - monotonic())
        told.append((monotonic(), rule(Envelope(message.source, message.target, "ReservePayment"))))
    return told


def _gets(fate: Fate) -> Callable[[Any, Message], bool | str]:
    def holds(answer: Answer, message: Message) -> bool | str:
        rule = answer("orders", "payments", BEGAN_S, ENDED_S)
        with World() as world:
            [(_, said)] = world.run(_fates(rule, (message,)))
        return said is fate or f"your rule said {said!r}, expected {fate!r}"

    return holds


def _on_both_clocks(answer: Answer, messages: tuple[Message, ...]) -> bool | str:
    """The same rule in a world, then on asyncio's own loop, forty times as fast as the wall."""
    rule = answer("orders", "payments", BEGAN_S, ENDED_S)
    with World() as world:
        world.run(_fates(rule, messages))
    with ThreadPoolExecutor(1) as aside:  # a notebook's own thread has a loop running already
        told = aside.submit(lambda: run_scaled(_fates(rule, messages), speed=40, seed=0)).result()
    for asked_s, said in told:
        expected = DROP if BEGAN_S <= asked_s < ENDED_S else PASS
        if said is not expected:
            return f"at {asked_s:.1f} s of the real clock your rule said {said!r}, expected {expected!r}"
    return True


exercise = Exercise(
    "Write `outage(left, right, began_s, ended_s)`. It gives back a rule: a function that takes an envelope "
    "(it has a `source` and a `target`) and says `DROP` or `PASS`.",
    laws=[
        Law(
            "From 2 s until 4 s, nothing passes between orders and payments, in either direction.",
            (
                Message("orders", "payments", 3.0),
                Message("payments", "orders", 3.0),
                Message("orders", "payments", 2.0),
            ),
            _gets(DROP),
        ),
        Law(
            "Before and after, everything passes.",
            (
                Message("orders", "payments", 1.0),
                Message("payments", "orders", 4.0),
                Message("orders", "payments", 5.0),
            ),
            _gets(PASS),
        ),
        Law(
            "Messages of others pass at any time.",
            (Message("orders", "shipping", 3.0), Message("users", "payments", 3.0)),
            _gets(PASS),
        ),
        Law(
            "One rule object serves both clocks: first a world, then the real clock.",
            (tuple(Message("orders", "payments", at_s) for at_s in (1.0, 3.0, 5.0)),),
            _on_both_clocks,
        ),
    ],
    solution=outage,
    hints=[
        "`monotonic()` from `eventlab.runtime` tells the time of whatever clock the code runs on.",
        "The reply to a lost request travels the other way, and is cut as well.",
        "A rule that remembers that the outage is over cannot be used for a second run.",
    ],
)
