"""What must be there, what must not, and what must come to an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from eventlab.checks.result import CheckResult, broken, held, undecided


def none_found(name: str, what: str, found: Iterable[str]) -> CheckResult:
    """There is nothing of *what*."""
    witnesses = sorted(found)
    if witnesses:
        return broken(name, f"{len(witnesses)} {what}", witnesses)
    return held(name, f"no {what}")


def all_within(
    name: str, left_label: str, left: Iterable[str], right_label: str, right: Collection[str]
) -> CheckResult:
    """Everything on the left is on the right as well."""
    subjects = sorted(left)
    missing = [subject for subject in subjects if subject not in right]
    if missing:
        return broken(name, f"{len(missing)} of {len(subjects)} {left_label} are not {right_label}", missing)
    return held(name, f"all {len(subjects)} {left_label} are {right_label}")


def at_most_once(name: str, what: str, keys: Iterable[str]) -> CheckResult:
    """No key occurs twice."""
    counts = Counter(keys)
    repeated = [f"{key}: {count} times" for key, count in sorted(counts.items()) if count > 1]
    if repeated:
        return broken(name, f"{len(repeated)} of {len(counts)} {what} occurred more than once", repeated)
    return held(name, f"each of {len(counts)} {what} occurred once")


def all_ended(
    name: str, what: str, states: Mapping[str, str], *, ended: Collection[str], stuck: Collection[str] = ()
) -> CheckResult:
    """Every one has come to an end. One that is stuck never will; one that is merely not there yet still may."""
    dead = [f"{key} is {state}" for key, state in sorted(states.items()) if state in stuck]
    if dead:
        return broken(name, f"{len(dead)} of {len(states)} {what} are stuck", dead)
    late = [f"{key} is {state}" for key, state in sorted(states.items()) if state not in ended]
    if late:
        return undecided(name, f"{len(late)} of {len(states)} {what} have not ended yet", late)
    return held(name, f"all {len(states)} {what} have ended")
