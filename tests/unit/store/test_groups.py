"""Consumer groups: every event is handled, in the order of its stream, whoever dies or sleeps meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import InvalidValue, LeaseLost, StoreUnavailable
from eventlab.simulation import World
from eventlab.store import (
    ConsumerGroup,
    EventStore,
    Filter,
    Lease,
    Leases,
    MemoryStore,
    StoredEvent,
    open_store,
)
from eventlab.store.sharing import quota_of, share_of
from eventlab.store.working import Worker
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.contracts.backends import BACKENDS, url_of
from tests.unit.store.group_stories import TTL_S, Gate, Paced, checkpoint_in, lived_through, make, nothing, numbered


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whoever_crashes_or_sleeps_every_event_is_handled_in_order_and_no_checkpoint_goes_back(seed: int) -> None:
    told = lived_through(seed, make, checkpoint_in)
    assert told.missing() == []
    assert told.out_of_order() == []
    assert told.gone_back() == []
    assert len(told.checkpoints) == 8


class Unfenced(Leases):
    """Planted: who was overtaken writes all the same."""

    async def write(self, lease: Lease, value: Any, *, ttl_s: float | None = None) -> Lease:
        try:
            return await super().write(lease, value, ttl_s=ttl_s)
        except LeaseLost:
            found = await self.get(lease.key)
            assert found is not None
            return await super().write(found, value)


class Hasty(ConsumerGroup):
    """Planted: its checkpoints run ahead of what is handled."""

    async def run(self, handle: Any, *, worker: str) -> None:
        async def later(stored: StoredEvent) -> None:
            asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(handle(stored)))

        await super().run(later, worker=worker)


def test_a_group_without_fences_and_one_that_is_hasty_are_found_out() -> None:
    def unfenced(store: EventStore) -> ConsumerGroup:
        group = make(store)
        group.leases = Unfenced(store)
        return group

    assert lived_through(3, unfenced, checkpoint_in).gone_back() != []
    hasty = lived_through(3, lambda store: Hasty(store, "mailer", ttl_s=TTL_S), checkpoint_in)
    assert hasty.missing() != []


def test_a_worker_that_wakes_after_its_lease_moved_drops_that_share_and_goes_on() -> None:
    lost: list[hooks.LeaseChanged] = []

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.LeaseChanged) and happening.change == "lost":
            lost.append(happening)

    with hooks.listen(listener):
        told = lived_through(3, make, checkpoint_in)
    assert len([each for each in lost if "/share/" in each.key]) > 1
    assert told.missing() == told.gone_back() == told.out_of_order() == []


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = (lived_through(7, make, checkpoint_in, events=200) for _ in range(2))
    assert [(life, stored.position) for life, stored in first.handled] == [
        (life, stored.position) for life, stored in second.handled
    ]


def owners(progress: list[Any]) -> list[int]:
    """How many shares each owner has."""
    names = [share.owner for share in progress]
    return sorted(names.count(name) for name in set(names) if name)


def test_shares_are_spread_fairly_and_again_when_a_worker_joins_leaves_or_dies() -> None:
    async def main() -> list[list[int]]:
        store, spread = MemoryStore(), []
        group = ConsumerGroup(store, "mailer", ttl_s=9)
        nodes = [world.node(f"n{number}") for number in range(3)]
        running = []
        for number in range(2):
            running.append(nodes[number].spawn(group.run(nothing, worker=f"w{number}")))
            await asyncio.sleep(6)
            spread.append(owners(await group.progress()))
        nodes[2].spawn(group.run(nothing, worker="w2"))
        await asyncio.sleep(6)
        spread.append(owners(await group.progress()))
        running[0].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(4)  # far less than the time to live, which a worker that leaves does not use up
        spread.append(owners(await group.progress()))
        nodes[2].crash()
        await asyncio.sleep(8)
        spread.append(owners(await group.progress()))
        await asyncio.sleep(6)
        spread.append(owners(await group.progress()))
        return spread

    with World(seed=1) as world:
        joined, both, three, left, _, died = world.run(main())
    assert (joined, both, three, left, died) == ([8], [4, 4], [2, 3, 3], [4, 4], [8])


def test_more_workers_than_shares_stand_by() -> None:
    async def main() -> list[int]:
        group = ConsumerGroup(MemoryStore(), "mailer", shares=2, ttl_s=9)
        running = [asyncio.ensure_future(group.run(nothing, worker=f"w{number}")) for number in range(4)]
        await asyncio.sleep(20)
        spread = owners(await group.progress())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return spread

    assert World(seed=1).run(main()) == [1, 1]


def test_progress_tells_the_lag_in_events_and_in_time_also_when_nobody_works() -> None:
    async def main() -> None:
        store = MemoryStore()
        group = ConsumerGroup(store, "mailer", shares=2, ttl_s=9, where=Filter(categories=("s",)))
        await store.append([("other-1", Noted("1"))])
        await numbered(store, *range(10))
        await asyncio.sleep(60)
        before = await group.progress()
        assert sum(share.lag_events for share in before) == 10
        assert [(share.owner, share.token, share.position, share.lag_s) for share in before] == [("", 0, 0, 60)] * 2
        assert not all(share.counted_all for share in await group.progress(counted_max=3))
        task = asyncio.ensure_future(group.run(nothing, worker="w"))
        await asyncio.sleep(1)
        assert [(share.owner, share.lag_events, share.lag_s) for share in await group.progress()] == [("w", 0, 0)] * 2
        task.cancel()
        await asyncio.wait([task])
        await numbered(store, 1)
        await asyncio.sleep(7)
        after = await group.progress()
        assert sorted((share.owner, share.lag_events, share.lag_s) for share in after) == [("", 0, 0), ("", 1, 7)]

    World(seed=1).run(main())


def test_a_worker_that_leaves_gives_its_checkpoints_on_and_nothing_comes_twice() -> None:
    async def main() -> None:
        store, seen = MemoryStore(), []

        async def handle(stored: StoredEvent) -> None:
            seen.append(stored.position)

        for turn in range(3):
            await numbered(store, *range(10))
            task = asyncio.ensure_future(ConsumerGroup(store, "mailer").run(handle, worker=f"w{turn}"))
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.wait([task])
        assert sorted(seen) == list(range(1, 31))
        assert store._wakeups._waiting == {}

    World(seed=1).run(main())


def test_a_worker_that_is_cancelled_at_any_moment_keeps_nothing() -> None:
    async def main() -> None:
        disk = MemoryStore()
        await numbered(disk, *range(50))
        group = ConsumerGroup(Paced(disk, Gate()), "mailer")  # type: ignore[arg-type]
        for step in range(60):
            task = asyncio.ensure_future(group.run(nothing, worker="w"))
            await asyncio.sleep(0.0013 * step)
            task.cancel()
            await asyncio.wait([task])
            assert owners(await group.progress()) == []

    World(seed=1).run(main())


def test_without_a_last_look_a_cancelled_worker_would_keep_what_it_was_just_taking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def sweep(self: Worker, membership: Lease) -> None:
        return

    monkeypatch.setattr(Worker, "_sweep", sweep)
    with pytest.raises(AssertionError):
        test_a_worker_that_is_cancelled_at_any_moment_keeps_nothing()


def test_a_second_worker_of_the_same_name_takes_over_and_the_first_is_told() -> None:
    async def main() -> None:
        group = ConsumerGroup(MemoryStore(), "mailer", ttl_s=9)
        first = asyncio.ensure_future(group.run(nothing, worker="w"))
        await asyncio.sleep(5)
        second = asyncio.ensure_future(group.run(nothing, worker="w"))
        await asyncio.sleep(20)
        assert isinstance(first.exception(), LeaseLost)
        assert owners(await group.progress()) == [8]
        second.cancel()

    World(seed=1).run(main())


class Away(MemoryStore):
    """Its log and its records are not reached now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        for target, name in ((self, "read_all"), (self, "head"), (self.records, "put"), (self.records, "list")):
            setattr(target, name, self._guarded(getattr(target, name)))

    def _guarded(self, real: Any) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            if self.is_away:
                raise StoreUnavailable("postgresql://away", "it was restarted")
            return await real(*args, **options)

        return call


@pytest.mark.parametrize("begins_away", [False, True])
def test_a_group_outlives_a_store_that_is_away_for_longer_than_its_leases(begins_away: bool) -> None:
    async def main() -> None:
        store, seen = Away(), []
        store.is_away = begins_away

        async def handle(stored: StoredEvent) -> None:
            seen.append(stored.position)

        group = ConsumerGroup(store, "mailer", ttl_s=5)
        tasks = [asyncio.ensure_future(group.run(handle, worker=f"w{n}")) for n in range(2)]
        await asyncio.sleep(5)
        store.is_away = True
        await numbered(store, *range(10))
        await asyncio.sleep(30)
        store.is_away = False
        await asyncio.sleep(20)
        assert sorted(set(seen)) == list(range(1, 11))
        assert owners(await group.progress()) == [4, 4]
        assert not any(task.done() for task in tasks)

    World(seed=1).run(main())


def test_a_group_keeps_the_number_of_shares_that_it_began_with() -> None:
    async def main() -> None:
        store = MemoryStore()
        task = asyncio.ensure_future(ConsumerGroup(store, "mailer", shares=4).run(nothing, worker="w"))
        await asyncio.sleep(1)
        with pytest.raises(InvalidValue, match="4, as it began with"):
            await ConsumerGroup(store, "mailer", shares=8).run(nothing, worker="v")
        task.cancel()

    World(seed=1).run(main())


def test_a_senseless_group_is_refused() -> None:
    for options in ({"shares": 0}, {"page": 0}, {"after": -1}, {"ttl_s": 0}, {"ttl_s": float("nan")}):
        with pytest.raises(InvalidValue):
            ConsumerGroup(MemoryStore(), "mailer", **options)
    with pytest.raises(InvalidValue):
        ConsumerGroup(MemoryStore(), "mail/er")
    pattern: Any = "a-*"
    with pytest.raises(InvalidValue, match="expected a Filter"):
        ConsumerGroup(MemoryStore(), "mailer", where=pattern)
    with pytest.raises(InvalidValue):
        run(ConsumerGroup(MemoryStore(), "mailer").run(nothing, worker=""))


def test_a_stream_belongs_to_the_same_share_in_every_process() -> None:
    assert [share_of(f"order-{number}", 8) for number in range(8)] == PINNED
    assert len({share_of(f"order-{number}", 8) for number in range(100)}) == 8


PINNED = [1, 5, 3, 0, 2, 6, 5, 1]


@given(workers=st.sets(st.text(min_size=1), min_size=1, max_size=12), shares=st.integers(1, 20))
def test_quotas_add_up_and_differ_by_one_at_most(workers: set[str], shares: int) -> None:
    quotas = [quota_of(worker, sorted(workers), shares) for worker in workers]
    assert sum(quotas) == shares
    assert max(quotas) - min(quotas) <= 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_group_shares_the_log_of_every_store(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url_of(backend, tmp_path))
        done, seen = asyncio.Event(), []

        async def handle(stored: StoredEvent) -> None:
            seen.append(stored)
            if len({each.position for each in seen}) == 60:
                done.set()

        group = ConsumerGroup(store, "mailer", page=7)
        running = [asyncio.ensure_future(group.run(handle, worker=f"w{number}")) for number in range(3)]
        try:
            await numbered(store, *range(60))
            await done.wait()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        assert [share.lag_events for share in await group.progress()] == [0] * 8
        for stream in {stored.stream for stored in seen}:
            versions = [stored.version for stored in seen if stored.stream == stream]
            assert sorted(set(versions)) == list(range(1, 7))
        await store.close()

    run(main())
