"""Streams of events in one log: `append` to several at once, or not at all.

Begin with `protocol`, which says what every store does, and `memory`, which
does it in the plainest way.
"""

from __future__ import annotations

from .archive import StreamArchived, archive
from .filters import EVERYTHING, Filter
from .groups import ConsumerGroup, ShareProgress
from .infile import FileStore, backup, damage_of
from .keys import Keys, MemoryKeys, open_keys
from .leases import Lease, Leases
from .memory import MemoryStore
from .metadata import NO_METADATA, Metadata, carrying
from .model import (
    ANY,
    EXISTS,
    NONE,
    Expect,
    Expectation,
    KeptReceipt,
    Receipt,
    StoredEvent,
    StreamId,
    category_of,
)
from .naming import Owner
from .opening import open_store
from .parking import Parked, Parking, Redriven, parked, parking, redrive
from .passing import PassingStore
from .protocol import EventStore, PortableStore
from .records import Record, Records
from .sealing import SealedStore, sealed
from .sharing import Park, Retrying, Stop
from .subscription import Batch, Subscription, subscribe

__all__ = [
    "EventStore",
    "PortableStore",
    "PassingStore",
    "MemoryStore",
    "open_store",
    "backup",
    "damage_of",
    "FileStore",
    "SealedStore",
    "sealed",
    "Keys",
    "MemoryKeys",
    "open_keys",
    "StreamId",
    "Owner",
    "StoredEvent",
    "Receipt",
    "KeptReceipt",
    "Filter",
    "EVERYTHING",
    "archive",
    "StreamArchived",
    "Record",
    "Records",
    "Metadata",
    "NO_METADATA",
    "carrying",
    "ANY",
    "EXISTS",
    "NONE",
    "Expect",
    "Expectation",
    "category_of",
    "subscribe",
    "Subscription",
    "Batch",
    "parking",
    "parked",
    "redrive",
    "Parking",
    "Parked",
    "Redriven",
    "Leases",
    "Lease",
    "ConsumerGroup",
    "ShareProgress",
    "Stop",
    "Retrying",
    "Park",
]
