"""Which sagas a store holds: those that are wanted, oldest first, and no other log is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from eventlab.sagas import Saga, SagaEngine, Status
from eventlab.sagas.listing import listed
from eventlab.store import MemoryStore, archive
from eventlab.testing.stores.vocabulary import Noted
from tests.unit.sagas.toys import Toys, in_world


class Counting(MemoryStore):
    """A store that remembers which streams were read together."""

    asked: list[str]

    async def read_many(self, streams: Sequence[str], **options: Any) -> Any:
        self.asked = [*getattr(self, "asked", []), *streams]
        return await super().read_many(streams, **options)


async def filled() -> Counting:
    """1 completes, 2 is undone, 3 is stuck, 4 was only started, 5 completes and is set aside."""
    store = Counting("trips")
    for saga_id, trouble in (("1", {}), ("2", {"refuse": "c"}), ("3", {"refuse": "z"}), ("5", {})):
        toys = Toys(**trouble)  # type: ignore[arg-type]
        await SagaEngine(store, [toys.trip()]).run("trip", saga_id, {})
        if saga_id == "3":
            await SagaEngine(store, [Saga("tour", [toys.step("a")])]).start("tour", "4", {})
    await archive(store, "saga-5")
    return store


OPEN = (Status.RUNNING, Status.COMPENSATING, Status.STUCK)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"limit": 2}, ["1", "2"]),
        ({"wanted": (Status.STUCK,)}, ["3"]),
        ({"wanted": (Status.RUNNING,)}, ["4"]),
        ({"wanted": (Status.COMPENSATED,)}, ["2"]),
        ({"wanted": OPEN}, ["3", "4"]),
        ({"definition": "tour"}, ["4"]),
        ({"definition": "tower"}, []),
    ],
)
def test_a_list_has_what_is_wanted_oldest_first(options: dict[str, Any], ids: list[str]) -> None:
    async def main() -> list[tuple[str, bool]]:
        return [(each.saga_id, each.story is None) for each in await listed(await filled(), **options)]

    assert in_world(main) == [(saga_id, False) for saga_id in ids]


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        (OPEN, ["saga-3", "saga-4"]),
        ((Status.STUCK,), ["saga-3"]),
        ((Status.COMPLETED,), ["saga-1", "saga-2"]),
        (tuple(Status), ["saga-1", "saga-2", "saga-3", "saga-4"]),
    ],
)
def test_no_log_is_read_of_a_saga_that_cannot_be_wanted(wanted: tuple[Status, ...], read: list[str]) -> None:
    async def main() -> list[str]:
        store = await filled()
        await listed(store, wanted=wanted)
        return store.asked

    assert in_world(main) == read


def test_only_those_that_began_before_a_moment() -> None:
    async def main() -> list[str]:
        store = await filled()
        stuck = (await store.read("saga-3"))[-1].occurred_at
        return [each.saga_id for each in await listed(store, started_before=stuck - timedelta(seconds=5))]

    assert in_world(main) == ["1", "2", "3"]


def test_a_log_that_cannot_be_told_is_listed_with_the_reason() -> None:
    async def main() -> list[tuple[str, str]]:
        store = await filled()
        await store.append([("saga-4", Noted("scribbled by somebody"))])
        return [(each.saga_id, each.trouble) for each in await listed(store, wanted=OPEN)]

    (stuck, scribbled) = in_world(main)
    assert stuck == ("3", "")
    assert scribbled[0] == "4" and "Noted" in scribbled[1]
