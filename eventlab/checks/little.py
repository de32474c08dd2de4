"""Little's law, held against a recorded run: whoever was in a service was there for as long as they say."""

from __future__ import annotations

import math
from collections.abc import Iterable

from eventlab import hooks
from eventlab.checks.result import CheckResult, broken, held, undecided, verdict
from eventlab.history import Entry

SLACK_S = 2e-6
"""How far a call's own duration may lie from its two moments: a history's times are rounded to the microsecond."""

_CALLS = (hooks.CallStarted, hooks.CallEnded)


def littles_law(entries: Iterable[Entry], target: str, *, slack_s: float = SLACK_S) -> CheckResult:
    """The calls in progress at *target*, added up over time, are the calls' own durations, added up.

    That is L = λ·W (Little 1961), both sides times the length of the run: the left side counts who is there at each
    moment, the right one asks each call how long it took. Exact in every single run, whatever its arrivals and its
    queue; calls that had not ended when the history ends count on the right with what they had waited by then.
    Invalid, with the calls that differ, where the two sides do by more than *slack_s* a call; unknown where nobody
    called, or where a call's beginning is not in the history.
    """
    return _presences(entries, slack_s, target).get(target, _Presence(target, slack_s)).judged()


def littles_law_everywhere(entries: Iterable[Entry], *, slack_s: float = SLACK_S) -> CheckResult:
    """`littles_law` at every target that was called, in one answer: invalid if one is, else unknown if one is.

    Unknown too where nobody called anybody.
    """
    found = {target: presence.judged() for target, presence in _presences(entries, slack_s).items()}
    name = "Little's law"
    if not found:
        return undecided(name, "nobody called anybody")
    valid = verdict(found.values())
    if valid:
        return held(name, f"the calls in progress at {', '.join(found)} are what their durations say")
    ones = {target: result for target, result in found.items() if result.valid is valid}
    because = "; ".join(f"at {target}, {result.because}" for target, result in ones.items())
    witnesses = [f"at {target}, {witness}" for target, result in ones.items() for witness in result.witnesses]
    return broken(name, because, witnesses) if valid is False else undecided(name, because, witnesses)


class _Presence:
    """Who is at *target*, moment by moment, and how long they say that they were there."""

    __slots__ = ("area_s", "began", "durations", "since_s", "slack_s", "target", "unbegun", "wrong")

    def __init__(self, target: str, slack_s: float) -> None:
        self.target, self.slack_s, self.area_s, self.since_s = target, slack_s, 0.0, 0.0
        self.began: dict[int, float] = {}
        self.durations: list[float] = []
        self.wrong: list[str] = []
        self.unbegun: int | None = None

    def passed(self, now_s: float) -> None:
        """Nobody came or went until now."""
        self.area_s += len(self.began) * (now_s - self.since_s)
        self.since_s = now_s

    def ended(self, call: int, now_s: float, took_s: float) -> None:
        began_s = self.began.pop(call, None)
        if began_s is None:
            self.unbegun = call if self.unbegun is None else self.unbegun
            return
        self.durations.append(took_s)
        stay_s = now_s - began_s
        if abs(stay_s - took_s) > self.slack_s:
            self.wrong.append(f"call {call} was there for {stay_s:.6f} s and says {took_s:.6f} s")

    def judged(self) -> CheckResult:
        name = f"Little's law at {self.target}"
        if self.unbegun is not None:
            return undecided(name, f"call {self.unbegun} ends without having begun: the history is not whole")
        durations = self.durations + [self.since_s - at_s for at_s in self.began.values()]
        if not durations:
            return undecided(name, "nobody called it")
        own_s = math.fsum(durations)
        sides = f"the calls in progress, added up over time, are {self.area_s:.6f} s"
        sides += f", and their {len(durations)} durations {own_s:.6f} s"
        if self.wrong or abs(self.area_s - own_s) > self.slack_s * len(durations):
            return broken(name, sides, self.wrong)
        return held(name, sides)


def _presences(entries: Iterable[Entry], slack_s: float, only: str | None = None) -> dict[str, _Presence]:
    """Who was at each target, or at *only* this one, in one pass through the history."""
    found: dict[str, _Presence] = {}
    now_s = 0.0
    for entry in entries:
        now_s, what = entry.at, entry.what
        if not isinstance(what, _CALLS) or (only is not None and what.target != only):
            continue
        presence = found.get(what.target)
        if presence is None:
            presence = found[what.target] = _Presence(what.target, slack_s)
        presence.passed(now_s)
        if isinstance(what, hooks.CallStarted):
            presence.began[what.id] = now_s
        else:
            presence.ended(what.id, now_s, what.duration_s)
    for presence in found.values():
        presence.passed(now_s)
    return found
