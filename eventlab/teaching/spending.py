"""The second exercise of chapter 4: what retries may cost, a share of the calls of the last ten seconds."""

from __future__ import annotations

from collections.abc import Callable

from .exercise import Exercise
from .laws import Law

Allow = Callable[[float, list[tuple[float, str]], float], bool]


def may_retry(share: float, log: list[tuple[float, str]], now_s: float) -> bool:
    recent = [what for at_s, what in log if at_s > now_s - 10]
    return recent.count("retry") + 1 <= share * recent.count("call")


def _storm(answer: Allow, given: tuple[float, int]) -> bool | str:
    """Within one second so many calls come, and all of them fail, each three times."""
    share, calls = given
    log = [(number / calls, "call") for number in range(calls)]
    for _ in range(3 * calls):
        if answer(share, list(log), 1.0):
            log.append((1.0, "retry"))
    retries, allowed = len(log) - calls, int(share * calls)
    return retries == allowed or f"there were {retries} retries; {share:.0%} of the calls are {allowed}"


def _savings(answer: Allow, given: tuple[int, float]) -> bool | str:
    """A quiet quarter of an hour, and then a call that fails."""
    calls, now_s = given
    log = [(float(number), "call") for number in range(calls)] + [(now_s, "call")]
    return not answer(0.1, log, now_s) or f"a retry was allowed at {now_s:g} s, with one call in the last 10 s"


def _spent_long_ago(answer: Allow, given: tuple[int, float]) -> bool | str:
    retries, now_s = given
    log = [(0.0, "call"), *[(1.0, "retry")] * retries, *[(now_s - 1, "call")] * 10]
    return bool(answer(0.1, log, now_s)) or f"no retry was allowed at {now_s:g} s, after 10 calls in the last 10 s"


exercise = Exercise(
    "Write `may_retry(share, log, now_s)`: whether one more retry may be sent now. `log` holds pairs `(at_s, what)` of "
    "what was sent, `what` being `'call'` or `'retry'`. Retries may be `share` of the calls of the last 10 s.",
    laws=[
        Law("When everything fails, there are `share` × calls retries, no more and no fewer.",
            ((0.1, 10), (0.25, 40), (0.5, 100)), _storm),
        Law("What was not used more than 10 s ago cannot be saved up.", ((10, 60.0), (900, 960.0)), _savings),
        Law("What was spent more than 10 s ago is forgotten.", ((1, 30.0), (50, 60.0)), _spent_long_ago),
    ],
    solution=may_retry,
    hints=[
        "Keep what is younger than 10 s, and count the two kinds in it.",
        "Retries are no calls: a share of both together would let retries pay for retries.",
    ],
)  # fmt: skip
