"""How often an attempt on one stream meets a conflict, by a formula, to hold a measurement against.

An attempt reads, is decided for a while, the *hold time*, and appends. It
conflicts if a rival's append comes in between. But a rival that conflicts
itself appends nothing and disturbs nobody: only those that win do. So the
holds of the winners never overlap, and an attempt conflicts exactly if it
reads while a winner holds the stream. That is a telephone line with nobody in
the queue: a call that finds it engaged is lost, and A. K. Erlang's loss
formula for one line (1917) says how many are.

Both formulas take the hold time as constant, and one read and append as
taking none of their own. Where it varies, short attempts overtake long ones,
and fewer conflict than they say.
"""

from __future__ import annotations

import math

from ..errors import InvalidValue


def conflict_probability(attempts_per_s: float, hold_s: float) -> float:
    """The share of attempts that conflict, if they come independently of one another: an open load, no retries.

    With ``a = attempts_per_s × hold_s``, the attempts that come during one hold, it is ``a / (1 + a)``.

    Exact for Poisson arrivals. Behind each winner lies one hold in which all
    who read will conflict, then a wait of ``1 / attempts_per_s`` on average for
    the next to read, who wins: one winner among ``1 + a``. (``1 − e⁻ᵃ`` would
    hold if attempts that conflict disturbed others too. It is always more.)
    """
    _check("attempts_per_s", attempts_per_s)
    _check("hold_s", hold_s)
    load = attempts_per_s * hold_s
    return load / (1 + load)


def conflict_probability_among(writers: int, hold_s: float, think_s: float, *, pause_s: float = 0.0) -> float:
    """The share of attempts that conflict among *writers* who each think, then try until they have written.

    Thinking takes *think_s*, and a pause after a conflict *pause_s*, both on average. A writer who
    gives up after a conflict and thinks of something else is one with ``pause_s = think_s``.

    Say that one attempt in ``1/q`` wins. A writer's round is then the thinking, ``1/q`` holds, and
    ``1/q − 1`` pauses, and of this round it holds the stream as a winner for one hold. An attempt
    conflicts if one of its rivals is just doing that::

        1 − q = (writers − 1) × hold / (think + hold/q + pause × (1 − q)/q)

    which is a quadratic equation in *q*. It supposes that an attempt finds its
    rivals anywhere in their rounds, which is true of many of them and of long
    thoughts. Two that do little but write are met by surprise: with thoughts as
    long as the hold the formula is up to 0.05 off, with five times that, 0.02.
    Without thinking and pausing it is ``1 − 1/writers``: one wins at a time.
    """
    if writers < 1:
        raise InvalidValue("writers", writers, "1 or more")
    for name, value in (("hold_s", hold_s), ("think_s", think_s), ("pause_s", pause_s)):
        _check(name, value)
    if writers == 1 or hold_s == 0:
        return 0.0
    squared = think_s - pause_s
    linear = writers * hold_s + 2 * pause_s - think_s
    constant = hold_s + pause_s
    winning = 2 * constant / (linear + math.sqrt(linear * linear + 4 * squared * constant))
    return 1 - winning


def _check(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise InvalidValue(name, value, "a finite number, 0 or more")
