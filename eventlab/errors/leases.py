"""What can go wrong with a lease."""

from __future__ import annotations

from .base import GiveUp, Retriable


class LeaseHeld(Retriable):
    """Somebody else holds the lease; it may be free when its time is over."""

    def __init__(self, key: str, owner: str, remaining_s: float) -> None:
        super().__init__(key, owner, remaining_s)
        self.key, self.owner, self.remaining_s = key, owner, remaining_s

    def __str__(self) -> str:
        return f"lease {self.key!r} is held by {self.owner!r} for another {self.remaining_s:.3g} s"


class LeaseLost(GiveUp):
    """The lease went to somebody else: whoever held it under *token* may neither renew it nor write under it.

    *token* is the fencing token of the refused holder, *current* the one that counts now.
    """

    def __init__(self, key: str, owner: str, token: int, current: int) -> None:
        super().__init__(key, owner, token, current)
        self.key, self.owner, self.token, self.current = key, owner, token, current

    def __str__(self) -> str:
        how = f"was overtaken by {self.current}" if self.current > self.token else "was given back"
        return (
            f"lease {self.key!r} is no longer held by {self.owner!r}: its token {self.token} {how}; "
            "what it wanted to write was refused"
        )
