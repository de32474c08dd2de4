"""What happens to messages, nodes and clocks, and the faults that befall them."""

from __future__ import annotations

from .happening import Happening


class MessageSent(Happening, frozen=True):
    """A message left *source* for *target*."""

    id: int
    source: str
    target: str
    what: str


class MessageArrived(Happening, frozen=True):
    """The message of that id reached its target."""

    id: int


class MessageDuplicated(Happening, frozen=True):
    """The network made a copy of the message *id*. The copy arrives, or is lost, under the number *copy*."""

    id: int
    copy: int


class MessageHeldBack(Happening, frozen=True):
    """The message of that id was held back for so long, so that later ones may overtake it."""

    id: int
    held_s: float


class MessageLost(Happening, frozen=True):
    """The message of that id never arrives, and why."""

    id: int
    reason: str


class NodeChanged(Happening, frozen=True, omit_defaults=True):
    """A node is now ``up`` or ``crashed``, in its *incarnation*-th life.

    Or ``paused`` and then ``resumed``; or ``slowed``, and then ``restored`` to full speed. Its work
    takes *slowness* times as long as at full speed.
    """

    name: str
    state: str
    incarnation: int
    slowness: float = 1.0


class ClockChanged(Happening, frozen=True):
    """The clock on the wall of node *name* was set or began to drift: it is *offset_s* ahead now, and gains so much."""

    name: str
    offset_s: float
    drift_ppm: float


class FaultBegan(Happening, frozen=True):
    """A fault of the schedule took hold."""

    fault: str
    detail: str


class FaultEnded(Happening, frozen=True):
    """A fault of the schedule was lifted."""

    fault: str
    detail: str
