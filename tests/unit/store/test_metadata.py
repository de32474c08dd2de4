"""What is carried goes to the tasks that are started inside, and ends with its block."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from eventlab.errors import InvalidValue
from eventlab.store import NO_METADATA, Metadata, metadata
from eventlab.testing import run


def test_nothing_is_carried_outside() -> None:
    assert metadata.current() == NO_METADATA


def test_what_is_carried_adds_up_and_ends_with_its_block() -> None:
    with metadata.carrying(correlation_id="talk-1", headers={"a": "1"}):
        with metadata.carrying(actor="clerk", headers={"b": "2"}) as inner:
            assert inner == metadata.current() == Metadata("talk-1", actor="clerk", headers={"a": "1", "b": "2"})
        assert metadata.current() == Metadata("talk-1", headers={"a": "1"})
    assert metadata.current() == NO_METADATA


def test_tasks_carry_what_their_starter_carried() -> None:
    async def main() -> list[str | None]:
        async def ask() -> str | None:
            await asyncio.sleep(0)
            return metadata.current().correlation_id

        with metadata.carrying(correlation_id="talk-1"):
            first = asyncio.create_task(ask())
        with metadata.carrying(correlation_id="talk-2"):
            second = asyncio.create_task(ask())
        return list(await asyncio.gather(first, second))

    assert run(main()) == ["talk-1", "talk-2"]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(InvalidValue, match="correlation_id, causation_id"):
        with metadata.carrying(correlation="talk-1"):
            pass


def test_what_is_not_said_is_not_stored() -> None:
    """Bytes of events from before a field was added stay as they were."""
    assert msgspec.json.encode(Metadata("talk-1")) == b'{"correlation_id":"talk-1"}'
    assert msgspec.json.decode(b'{"traceparent":"00-ab-cd-01"}', type=Metadata) == Metadata(traceparent="00-ab-cd-01")


def test_what_is_said_goes_over_what_is_carried() -> None:
    assert metadata.added(Metadata(actor="clerk")) == Metadata(actor="clerk")
    with metadata.carrying(correlation_id="talk-1", actor="guest", headers={"a": "1", "b": "1"}):
        assert metadata.added(NO_METADATA) == metadata.current()
        added = metadata.added(Metadata(actor="clerk", headers={"b": "2"}))
    assert added == Metadata("talk-1", actor="clerk", headers={"a": "1", "b": "2"})
