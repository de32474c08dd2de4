"""What a policy did beside calling once: it tried again, asked twice, or answered itself."""

from __future__ import annotations

from .happening import Happening


class RetryScheduled(Happening, frozen=True):
    """After its *attempt*-th attempt ended so, the retry *policy* waits *pause_s* and tries again."""

    policy: str
    attempt: int
    pause_s: float
    reason: str


class RetryGivenUp(Happening, frozen=True):
    """After its *attempt*-th attempt ended so, the retry *policy* would have tried again, but for *because*."""

    policy: str
    attempt: int
    because: str
    reason: str


class HedgeSent(Happening, frozen=True):
    """The *attempt*-th attempt of one call began while those before, the first *after_s* old, had not answered."""

    policy: str
    attempt: int
    after_s: float


class FallbackUsed(Happening, frozen=True):
    """The caller got a stand-in for the answer, because of that error: the answer is degraded."""

    policy: str
    reason: str
