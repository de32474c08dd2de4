"""Laws of records: small values beside the log, which nobody overwrites unseen."""

from __future__ import annotations

import asyncio
from typing import Any

from eventlab.errors import InvalidValue, VersionConflict
from eventlab.store import Record

from .vocabulary import Law, OpenStore, opened, raised

KEYS = ["A", "Z", "a", "a%", "a%b", "a*", "a/b", "a[b]", "a\\", "a_", "ab", "b", "é", "雪", "\uffee", "\U0001f680"]
"""In the order of their characters' numbers, which is no language's."""


async def a_record_comes_back_as_it_was_put(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        assert await store.records.get("kind", "key") is None
        for key, value in (("empty", b""), ("any", bytes(range(256))), ("large", b"x" * 300_000)):
            put = await store.records.put("kind", key, value, version=0)
            assert put == await store.records.get("kind", key) == Record("kind", key, 1, value)


async def each_change_counts_the_version_up(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for version in range(4):
            put = await store.records.put("kind", "key", b"%d" % version, version=version)
            assert put == await store.records.get("kind", "key") == Record("kind", "key", version + 1, b"%d" % version)


async def a_put_over_another_version_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        error = await raised(VersionConflict, store.records.put("kind", "key", b"x", version=1))
        assert error.conflicts == (("kind/key", 1, 0),)
        await store.records.put("kind", "key", b"1", version=0)
        await store.records.put("kind", "key", b"2", version=1)
        for version in (0, 1, 3):
            error = await raised(VersionConflict, store.records.put("kind", "key", b"x", version=version))
            assert error.conflicts == (("kind/key", version, 2),)
        assert await store.records.get("kind", "key") == Record("kind", "key", 2, b"2")


async def of_many_who_put_over_one_version_one_wins(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for version in range(3):
            puts = (store.records.put("kind", "key", b"%d" % n, version=version) for n in range(8))
            outcomes = await asyncio.gather(*puts, return_exceptions=True)
            (won,) = [outcome for outcome in outcomes if isinstance(outcome, Record)]
            assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 7
            assert await store.records.get("kind", "key") == won


async def a_deleted_record_is_gone_and_its_key_begins_again(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.records.put("kind", "key", b"1", version=0)
        await store.records.put("kind", "other", b"2", version=0)
        await store.records.delete("kind", "key", version=1)
        assert await store.records.get("kind", "key") is None
        assert [record.key for record in await store.records.list("kind")] == ["other"]
        assert (await store.records.put("kind", "key", b"3", version=0)).version == 1


async def a_delete_over_another_version_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.records.put("kind", "key", b"1", version=0)
        for version in (0, 2):
            error = await raised(VersionConflict, store.records.delete("kind", "key", version=version))
            assert error.conflicts == (("kind/key", version, 1),)
        error = await raised(VersionConflict, store.records.delete("kind", "missing", version=1))
        assert error.conflicts == (("kind/missing", 1, 0),)
        await store.records.delete("kind", "missing", version=0)
        assert await store.records.get("kind", "key") == Record("kind", "key", 1, b"1")


async def records_are_listed_in_the_order_of_their_keys(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for key in reversed(KEYS):
            await store.records.put("kind", key, key.encode(), version=0)
        listed = await store.records.list("kind")
        assert [record.key for record in listed] == KEYS
        assert [record.value.decode() for record in listed] == KEYS


async def a_prefix_is_text_and_no_pattern(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for key in KEYS:
            await store.records.put("kind", key, b"", version=0)
        for prefix in (*KEYS, "a%b%", "%", "_", "", "zz"):
            listed = [record.key for record in await store.records.list("kind", prefix=prefix)]
            assert listed == [key for key in KEYS if key.startswith(prefix)]


async def kinds_do_not_mix(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number, kind in enumerate(("kind", "Kind", "kind2", "ki_d", "kind3")):
            await store.records.put(kind, "key", b"%d" % number, version=0)
        await store.records.delete("kind2", "key", version=1)
        assert await store.records.list("kind") == [Record("kind", "key", 1, b"0")]
        assert await store.records.list("ki_d") == [Record("ki_d", "key", 1, b"3")]
        assert await store.records.list("kind2") == await store.records.list("missing") == []


async def any_text_may_be_a_key(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        keys = ["a\nb", "a\tb", " a ", "''", '"', "--", "{}", "$1", "x" * 600, "\U0001f680" * 600, "ß"]
        for key in keys:
            await store.records.put("kind", key, key.encode(), version=0)
        for key in keys:
            assert await store.records.get("kind", key) == Record("kind", key, 1, key.encode())
        assert len(await store.records.list("kind")) == len(keys)


async def a_senseless_record_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for kind, key, version in (("", "key", 0), ("a/b", "key", 0), ("kind", "", 0), ("kind", "x" * 601, 0)):
            await raised(InvalidValue, store.records.put(kind, key, b"", version=version))
        await raised(InvalidValue, store.records.put("kind", "key", b"", version=-1))
        senseless: list[Any] = [
            (7, "key", b"", 0), ("a\0", "key", b"", 0), ("kind", None, b"", 0), ("kind", "\ud800", b"", 0),
            ("kind", "key", "text", 0), ("kind", "key", None, 0), ("kind", "key", b"", None),
            ("kind", "key", b"", True),
        ]  # fmt: skip
        for kind, key, value, version in senseless:
            await raised(InvalidValue, store.records.put(kind, key, value, version=version))
        await raised(InvalidValue, store.records.delete("kind", "key", version=-1))
        no_names: list[Any] = [None, 7, [], "a\0", "\ud800"]
        for name in no_names:
            await raised(InvalidValue, store.records.get(name, "key"))
            await raised(InvalidValue, store.records.get("kind", name))
            await raised(InvalidValue, store.records.list(name))
            await raised(InvalidValue, store.records.list("kind", prefix=name))
        assert await store.records.list("kind") == []


RECORDS: tuple[Law, ...] = (
    a_record_comes_back_as_it_was_put,
    each_change_counts_the_version_up,
    a_put_over_another_version_is_refused,
    of_many_who_put_over_one_version_one_wins,
    a_deleted_record_is_gone_and_its_key_begins_again,
    a_delete_over_another_version_is_refused,
    records_are_listed_in_the_order_of_their_keys,
    a_prefix_is_text_and_no_pattern,
    kinds_do_not_mix,
    any_text_may_be_a_key,
    a_senseless_record_is_refused,
)
