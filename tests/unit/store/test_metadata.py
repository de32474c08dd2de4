"""What is carried goes to the tasks that are started inside, and ends with its block."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from eventlab.errors import InvalidValue
from eventlab.store import NO_METADATA, MemoryStore, Metadata, metadata, open_store
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.contracts.backends import BACKENDS, url_of


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


def test_a_number_that_an_earlier_release_let_in_is_read_as_text() -> None:
    """Such a log could not be read at all, and what is stored is never changed."""
    read = metadata.from_json(b'{"actor":17,"headers":{"tenant":4,"region":"eu"},"causation_id":null,"unknown":1}')
    assert read == Metadata(actor="17", headers={"tenant": "4", "region": "eu"})
    with pytest.raises(msgspec.DecodeError):
        metadata.from_json(b'{"actor":')


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_it_is_read_so_by_every_store(backend: str, tmp_path: Path) -> None:
    async def main() -> list[Metadata]:
        store, before = open_store(url_of(backend, tmp_path)), MemoryStore()
        await before.append([("a-1", Noted("1"))])
        (stored,) = await before.read_all()
        await store.restore([msgspec.structs.replace(stored, metadata=Metadata(actor=17))])  # type: ignore[arg-type]
        found = [stored.metadata for stored in await store.read_all()]
        await store.close()
        return found

    assert run(main()) == [Metadata(actor="17")]
