"""How the naive group fails, under the seeds that the sound one lives through."""

from __future__ import annotations

from eventlab.naive.group import CHECKPOINT, NaiveGroup
from eventlab.store import EventStore, Record
from tests.unit.store import group_stories as sound
from tests.unit.store.group_stories import TTL_S, lived_through

DYING = SLEEPING = 3
"""The seed of both stories."""


def make(store: EventStore) -> NaiveGroup:
    return NaiveGroup(store, "mailer", ttl_s=TTL_S)


def checkpoint_in(record: Record) -> int | None:
    return int(record.value) if record.kind == CHECKPOINT else None


def test_it_loses_events_when_a_worker_dies() -> None:
    assert lived_through(DYING, make, checkpoint_in, naps=False).missing() != []
    assert lived_through(DYING, sound.make, sound.checkpoint_in, naps=False).missing() == []


def test_a_worker_that_slept_sets_its_checkpoint_back() -> None:
    assert lived_through(SLEEPING, make, checkpoint_in).gone_back() != []
    assert lived_through(SLEEPING, sound.make, sound.checkpoint_in).gone_back() == []


def test_in_peace_it_looks_right() -> None:
    told = lived_through(DYING, make, checkpoint_in, events=400, faults=0, workers=2)
    assert told.missing() == told.gone_back() == []
