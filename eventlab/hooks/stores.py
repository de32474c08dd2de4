"""What happens where events are kept, and to those who follow them."""

from __future__ import annotations

from .happening import Happening


class StorageOperated(Happening, frozen=True):
    """A store answered: which *operation*, how it ended, how long that took with all waiting.

    ``ok``, ``conflict``, ``refused`` (by a full disk, or by the database), ``damaged`` (a checksum did not
    fit), ``unknown``, ``cancelled``, or ``failed`` with any other error. Emitted to those who listen closely.
    """

    store: str
    operation: str
    outcome: str
    duration_s: float


class StorageChanged(Happening, frozen=True):
    """A fault of storage took hold (*on*), was lifted, or did its damage at one stroke; *detail* says how much."""

    storage: str
    fault: str
    on: bool
    detail: str = ""


class EventsAppended(Happening, frozen=True):
    """One atomic append; *events* are ``(stream, version, type)``, *position* the last one's."""

    store: str
    position: int
    events: tuple[tuple[str, int, str], ...]


class LeaseChanged(Happening, frozen=True):
    """A lease was ``acquired`` or ``released``, or its holder found it ``lost``. Renewals are not told."""

    store: str
    key: str
    owner: str
    token: int
    change: str


class EventParked(Happening, frozen=True):
    """A consumer set an event aside, and went on without it."""

    consumer: str
    position: int
    stream: str
    type: str
    reason: str


class SubscriptionResumed(Happening, frozen=True):
    """A subscription goes on after *position*: its store answers again after so many failures."""

    store: str
    position: int
    failures: int


class SnapshotTaken(Happening, frozen=True):
    """The state that a command had folded of *stream*, up to *version*, was kept."""

    store: str
    snapshot: str
    stream: str
    version: int


class SnapshotNotTaken(Happening, frozen=True):
    """It was time to keep a state, and that went wrong. The command itself was executed as if nothing were."""

    store: str
    snapshot: str
    stream: str
    version: int
    reason: str
