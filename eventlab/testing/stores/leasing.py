"""Laws of leases: one holder at a time, tokens that only grow, and nothing written by whoever was overtaken."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from eventlab.errors import InvalidValue, LeaseHeld, LeaseLost
from eventlab.store import Lease, Leases
from eventlab.testing.clock import ahead

from .vocabulary import Law, OpenStore, opened, raised


async def a_lease_has_one_holder_at_a_time(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        lease = await leases.acquire("job", owner="a", ttl_s=10)
        assert (lease.key, lease.owner, lease.value) == ("job", "a", None)
        error = await raised(LeaseHeld, leases.acquire("job", owner="b", ttl_s=10))
        assert (error.key, error.owner) == ("job", "a") and 0 < error.remaining_s <= 10
        assert (await leases.acquire("other job", owner="b", ttl_s=10)).owner == "b"


async def of_many_that_reach_for_a_lease_one_gets_it(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        reaching = (leases.acquire("job", owner=f"w{n}", ttl_s=10) for n in range(10))
        outcomes = await asyncio.gather(*reaching, return_exceptions=True)
        (won,) = (outcome for outcome in outcomes if isinstance(outcome, Lease))
        assert sum(isinstance(outcome, LeaseHeld) for outcome in outcomes) == 9
        assert await leases.get("job") == won


async def a_lease_is_free_when_its_time_is_over(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        first = await leases.acquire("job", owner="a", ttl_s=10)
        with ahead(9):
            await raised(LeaseHeld, leases.acquire("job", owner="b", ttl_s=10))
        with ahead(10.1):
            second = await leases.acquire("job", owner="b", ttl_s=10)
        assert second.token > first.token


async def tokens_grow_over_release_and_expiry(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases, tokens = Leases(store), []
        for turn in range(3):
            with ahead(100 * turn):
                for owner in ("a", "b"):
                    lease = await leases.acquire("job", owner=owner, ttl_s=10)
                    tokens.append(lease.token)
                    if owner == "a":
                        await leases.release(lease)
        assert tokens == sorted(set(tokens))


async def an_overtaken_holder_can_neither_write_nor_renew_nor_release(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        old = await leases.acquire("job", owner="a", ttl_s=10)
        with ahead(11):
            new = await leases.acquire("job", owner="b", ttl_s=10)
            new = await leases.write(new, {"position": 7})
            for refused in (leases.write(old, {"position": 3}), leases.renew(old, ttl_s=10), leases.release(old)):
                error = await raised(LeaseLost, refused)
                assert (error.key, error.owner, error.token, error.current) == ("job", "a", old.token, new.token)
            assert await leases.get("job") == new


async def a_late_holder_that_was_not_overtaken_may_go_on(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        lease = await leases.acquire("job", owner="a", ttl_s=10)
        with ahead(60):
            assert lease.remaining_s == 0
            written = await leases.write(lease, 5)
            renewed = await leases.renew(lease, ttl_s=10)
            assert (written.token, renewed.token, renewed.value) == (lease.token, lease.token, 5)
            await raised(LeaseHeld, leases.acquire("job", owner="b", ttl_s=10))


async def renewing_keeps_token_and_value_and_an_earlier_lease_serves(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        lease = await leases.acquire("job", owner="a", ttl_s=10)
        await leases.write(lease, [1, "two"])
        with ahead(9):
            renewed = await leases.renew(lease, ttl_s=10)
        assert (renewed.token, renewed.value) == (lease.token, [1, "two"])
        with ahead(15):
            await raised(LeaseHeld, leases.acquire("job", owner="b", ttl_s=10))
            await leases.write(lease, 3, ttl_s=10)
        with ahead(24):
            await raised(LeaseHeld, leases.acquire("job", owner="b", ttl_s=10))


async def a_released_lease_is_free_at_once_and_keeps_its_value(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        lease = await leases.write(await leases.acquire("job", owner="a", ttl_s=10), {"position": 7})
        await leases.release(lease)
        free = await leases.get("job")
        assert free is not None and (free.owner, free.remaining_s, free.token) == ("", 0, lease.token)
        for refused in (leases.renew(lease, ttl_s=10), leases.write(lease, 8), leases.release(lease)):
            assert "given back" in str(await raised(LeaseLost, refused))
        assert (await leases.acquire("job", owner="b", ttl_s=10)).value == {"position": 7}


async def a_new_life_of_the_same_owner_overtakes_the_old_one(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        old = await leases.acquire("job", owner="a", ttl_s=10)
        new = await leases.acquire("job", owner="a", ttl_s=10)
        assert new.token > old.token
        await raised(LeaseLost, leases.write(old, 1))
        assert (await leases.write(new, 2)).value == 2


async def a_clock_that_is_ahead_costs_time_and_writes_nothing_twice(open_store: OpenStore) -> None:
    """Whoever believes that a lease is over may take it; then it is the other one who may not write."""
    async with opened(open_store) as store:
        leases = Leases(store)
        lease = await leases.write(await leases.acquire("job", owner="a", ttl_s=10), 1)
        with ahead(3600):
            early = await leases.write(await leases.acquire("job", owner="b", ttl_s=10), 2)
        assert lease.remaining_s > 0
        await raised(LeaseLost, leases.write(lease, 1))
        await raised(LeaseHeld, leases.acquire("job", owner="a", ttl_s=10))
        found = await leases.get("job")
        assert found is not None and (found.owner, found.value) == ("b", 2) == (early.owner, early.value)


async def leases_are_listed_by_prefix_held_or_not(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        for key in ("group/b", "group/a", "job"):
            await leases.acquire(key, owner=key, ttl_s=10)
        await leases.release(await leases.acquire("group/a", owner="group/a", ttl_s=10))
        assert [(lease.key, lease.owner) for lease in await leases.all("group/")] == [
            ("group/a", ""),
            ("group/b", "group/b"),
        ]
        assert len(await leases.all()) == 3
        assert await leases.get("nothing") is None


async def a_senseless_lease_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        leases = Leases(store)
        for ttl_s in (0, -1, float("inf"), float("nan")):
            await raised(InvalidValue, leases.acquire("job", owner="a", ttl_s=ttl_s))
        await raised(InvalidValue, leases.acquire("job", owner="", ttl_s=1))
        await raised(InvalidValue, leases.acquire("", owner="a", ttl_s=1))
        lease = await leases.acquire("job", owner="a", ttl_s=1)
        await raised(InvalidValue, leases.write(lease, object()))
        senseless: list[Any] = [None, "10", [], 1e300]
        for ttl_s in senseless:
            await raised(InvalidValue, leases.acquire("job", owner="a", ttl_s=ttl_s))
            await raised(InvalidValue, leases.renew(lease, ttl_s=ttl_s))
        strange: list[Any] = [None, 7, b"a", ["a"]]
        for owner in strange:
            await raised(InvalidValue, leases.acquire("other job", owner=owner, ttl_s=1))
            await raised(InvalidValue, leases.get(owner))
        for no_lease in (None, "job"):
            await raised(InvalidValue, leases.release(cast(Lease, no_lease)))
        assert (await leases.get("other job"), await leases.get("job")) == (None, lease)


LEASING: tuple[Law, ...] = (
    a_lease_has_one_holder_at_a_time,
    of_many_that_reach_for_a_lease_one_gets_it,
    a_lease_is_free_when_its_time_is_over,
    tokens_grow_over_release_and_expiry,
    an_overtaken_holder_can_neither_write_nor_renew_nor_release,
    a_late_holder_that_was_not_overtaken_may_go_on,
    renewing_keeps_token_and_value_and_an_earlier_lease_serves,
    a_released_lease_is_free_at_once_and_keeps_its_value,
    a_new_life_of_the_same_owner_overtakes_the_old_one,
    a_clock_that_is_ahead_costs_time_and_writes_nothing_twice,
    leases_are_listed_by_prefix_held_or_not,
    a_senseless_lease_is_refused,
)
