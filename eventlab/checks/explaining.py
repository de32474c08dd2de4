"""What may move but not vanish, where it is not known of every movement whether it happened.

A movement with an unknown outcome may have happened or not: what was found has to be explained by some choice. The
choice is searched account by account where one decides it, else by the sums that can be reached; a search that
becomes too long leaves the question open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd

import msgspec

from ..errors import InvalidValue
from .result import CheckResult, broken, held, undecided

STEPS_MAX = 100_000
"""How many choices are looked at before the question stays open."""

SPAN_MAX = 1 << 24
"""How far apart the sums of one account may lie, in units of their greatest common divisor."""


class Movement(msgspec.Struct, frozen=True):
    """What *name* changed, if it happened: ``{"alice": -30, "bob": 30}``, or ``{"total": 30}``.

    Raises InvalidValue for an outcome that is neither ``ok``, ``failed`` nor ``unknown``, and for a change that is no
    whole number: of what is counted in fractions, count the smallest part.
    """

    name: str
    changes: dict[str, int]
    outcome: str = "ok"

    def __post_init__(self) -> None:
        if self.outcome not in ("ok", "failed", "unknown"):
            raise InvalidValue(f"outcome of {self.name}", self.outcome, "one of ok, failed, unknown")
        _check_whole(f"change of {self.name}", self.changes)


def _check_whole(what: str, amounts: Mapping[str, int]) -> None:
    for key, amount in amounts.items():
        if isinstance(amount, bool) or not isinstance(amount, int):
            raise InvalidValue(f"{what} at {key!r}", amount, "a whole number of the smallest unit, as in cents")


def explained(
    name: str, opening: Mapping[str, int], movements: Iterable[Movement], found: Mapping[str, int], unit: str = ""
) -> CheckResult:
    """What was *found* on every account is the *opening* balance, all that happened, and some of what may have.

    An account that one side lacks stands at 0 there. Unknown if the search becomes too long. Raises InvalidValue for
    a balance that is no whole number.
    """
    _check_whole("opening balance", opening)
    _check_whole("balance found", found)
    given = list(movements)
    gaps = {key: found.get(key, 0) - opening.get(key, 0) for key in sorted({**opening, **found})}
    for each in given:
        for key, change in each.changes.items():
            gaps[key] = gaps.get(key, 0) - (change if each.outcome == "ok" else 0)
    maybe = [each for each in given if each.outcome == "unknown"]
    tail = f" {unit}" if unit else ""
    wrong: list[str] = []
    unsure: list[str] = []
    for keys, members in _islands(gaps, maybe):
        answer = _explains({key: gaps[key] for key in keys}, [each.changes for each in members])
        if answer is not True:
            told = [_told(key, gaps[key], members, tail) for key in keys if gaps[key]] or [f"{', '.join(keys)}"]
            (unsure if answer is None else wrong).extend(told)
    choice = f"of {len(maybe)} unknown outcomes"
    if wrong:
        return broken(name, f"{len(wrong)} of {len(gaps)} balances are explained by no choice {choice}", wrong)
    if unsure:
        return undecided(name, f"{len(unsure)} of {len(gaps)} balances depend on too many {choice}", unsure)
    return held(name, f"all {len(gaps)} balances are explained, with a choice {choice}")


def _told(key: str, gap: int, members: Sequence[Movement], tail: str) -> str:
    of = [f"{each.name} {each.changes[key]:+d}" for each in members if each.changes.get(key)]
    return f"{key}: {abs(gap)}{tail} {'too much' if gap > 0 else 'missing'}; unknown: {', '.join(of[:5]) or 'nothing'}"


def _islands(gaps: Mapping[str, int], maybe: Sequence[Movement]) -> list[tuple[list[str], list[Movement]]]:
    """Accounts that unknown movements join, with these; each can be explained for itself."""
    home = {key: key for key in gaps}

    def root(key: str) -> str:
        while home[key] != key:
            home[key] = key = home[home[key]]
        return key

    for each in maybe:
        first, *others = list(each.changes) or [""]
        for other in others:
            home[root(other)] = root(first)
    found: dict[str, tuple[list[str], list[Movement]]] = {}
    for key in gaps:
        found.setdefault(root(key), ([], []))[0].append(key)
    for each in maybe:
        if each.changes:
            found[root(next(iter(each.changes)))][1].append(each)
    return list(found.values())


def _explains(gaps: dict[str, int], maybe: Sequence[Mapping[str, int]]) -> bool | None:
    """Whether some of *maybe* sum up to *gaps*; None if that takes too long to say."""
    if len(gaps) > 1:
        # A sum that one account cannot reach, all of them cannot; and that is quickly found out.
        alone = [_reaches(gap, [each[key] for each in maybe if each.get(key)]) for key, gap in gaps.items()]
        return False if False in alone else _search(gaps, maybe)
    ((key, gap),) = gaps.items()
    return _reaches(gap, [each[key] for each in maybe if each.get(key)])


def _reaches(gap: int, changes: Sequence[int]) -> bool | None:
    """Whether some of *changes* sum up to *gap*: one bit for each sum that can be reached."""
    low, high = sum(each for each in changes if each < 0), sum(each for each in changes if each > 0)
    if not low <= gap <= high:
        return False
    unit = gcd(*changes) or 1
    if gap % unit:
        return False
    if (high - low) // unit > SPAN_MAX:
        return None
    sums = 1 << (-low // unit)
    for each in changes:
        sums |= sums << (each // unit) if each > 0 else sums >> (-each // unit)
    return bool(sums >> ((gap - low) // unit) & 1)


def _search(gaps: dict[str, int], maybe: Sequence[Mapping[str, int]]) -> bool | None:
    """Depth first, each movement taken or left; given up where one account can no longer be met."""
    rest: list[dict[str, tuple[int, int]]] = [dict.fromkeys(gaps, (0, 0))]
    for each in reversed(maybe):
        spans = dict(rest[-1])
        for key, change in each.items():
            low, high = spans[key]
            spans[key] = (low + min(change, 0), high + max(change, 0))
        rest.append(spans)
    rest.reverse()
    stack = [(0, tuple(gaps.values()))]
    keys = list(gaps)
    seen: dict[tuple[int, tuple[int, ...]], None] = {}
    while stack:
        at, left = stack.pop()
        limits = rest[at].values()
        if (at, left) in seen or any(not low <= gap <= high for gap, (low, high) in zip(left, limits, strict=True)):
            continue
        if at == len(maybe):
            return True
        seen[at, left] = None
        if len(seen) > STEPS_MAX:
            return None
        stack.append((at + 1, left))
        stack.append((at + 1, tuple(gap - maybe[at].get(key, 0) for key, gap in zip(keys, left, strict=True))))
    return False
