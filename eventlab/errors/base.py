"""Four kinds of error, by what the caller may do."""

from __future__ import annotations


class EventlabError(Exception):
    """The root: catches whatever this package raises on purpose."""


class Retriable(EventlabError):
    """Nothing happened. The same call may succeed later."""


class GiveUp(EventlabError):
    """The same call will get the same answer, so repeating it is useless."""


class UnknownOutcome(EventlabError):
    """It may have happened or not. Ask again with the same key, or compensate; never assume."""


class SimulationError(EventlabError):
    """The simulated world cannot go on as asked."""
