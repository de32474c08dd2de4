"""Little's law, held against a recorded run: whoever was in a service was there for as long as they say."""

from __future__ import annotations

import math
from collections.abc import Iterable

from eventlab import hooks
from eventlab.checks.result import CheckResult, broken, held, undecided, verdict
from eventlab.history import Entry

SLACK_S = 2e-6
"""How far a call's own duration may lie from its two moments: a history's times are rounded to the microsecond."""


def littles_law(entries: Iterable[Entry], target: str, *, slack_s: float = SLACK_S) -> CheckResult:
    """The calls in progress at *target*, added up over time, are the calls' own durations, added up.

    That is L = λ·W (Little 1961), both sides times the length of the run: the left side counts who is there at each
    moment, the right one asks each call how long it took. Exact in every single run, whatever its arrivals and its
    queue; calls that had not ended when the history ends count on the right with what they had waited by then.
    Invalid, with the calls that differ, where the two sides do by more than *slack_s* a call; unknown where nobody
    called, or where a call's beginning is not in the history.
    """
    name = f"Little's law at {target}"
    began: dict[int, float] = {}
    durations: list[float] = []
    wrong: list[str] = []
    area_s = now_s = 0.0
    for entry in entries:
        area_s += len(began) * (entry.at - now_s)
        now_s = entry.at
        match entry.what:
            case hooks.CallStarted(id=call, target=called) if called == target:
                began[call] = entry.at
            case hooks.CallEnded(id=call, target=called, duration_s=took_s) if called == target:
                if call not in began:
                    return undecided(name, f"call {call} ends without having begun: the history is not whole")
                stay_s = entry.at - began.pop(call)
                durations.append(took_s)
                if abs(stay_s - took_s) > slack_s:
                    wrong.append(f"call {call} was there for {stay_s:.6f} s and says {took_s:.6f} s")
    durations += [now_s - at_s for at_s in began.values()]
    return _compared(name, area_s, durations, wrong, slack_s)


def littles_law_everywhere(entries: Iterable[Entry], *, slack_s: float = SLACK_S) -> CheckResult:
    """`littles_law` at every target that was called, in one answer: invalid if one is, else unknown if one is.

    Unknown too where nobody called anybody.
    """
    entries = list(entries)
    started = (entry.what for entry in entries if isinstance(entry.what, hooks.CallStarted | hooks.CallEnded))
    found = {
        target: littles_law(entries, target, slack_s=slack_s) for target in dict.fromkeys(c.target for c in started)
    }
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


def _compared(name: str, area_s: float, durations: list[float], wrong: list[str], slack_s: float) -> CheckResult:
    if not durations:
        return undecided(name, "nobody called it")
    own_s = math.fsum(durations)
    sides = f"the calls in progress, added up over time, are {area_s:.6f} s"
    sides += f", and their {len(durations)} durations {own_s:.6f} s"
    if wrong or abs(area_s - own_s) > slack_s * len(durations):
        return broken(name, sides, wrong)
    return held(name, sides)
