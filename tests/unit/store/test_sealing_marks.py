"""Personal data goes into no store in the clear, and no keys but its own open or seal what a store holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from eventlab.codec import EVENTS, Personal
from eventlab.errors import KeyMissing, PersonalUnsealed, WrongKeys
from eventlab.store import MemoryKeys, MemoryStore, SealedStore, open_keys, open_store, parked, parking, subscribe
from eventlab.store.portable import verify
from eventlab.testing import run

from .personal import Registered, TableBooked, ann


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/log.db", "sqlite:///{}/log.db?synchronous=NORMAL"])
def test_a_store_without_keys_takes_nothing_personal(url: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url.format(tmp_path))
        for personal in (ann(), TableBooked("ann", (), {})):
            for _ in range(2):
                with pytest.raises(PersonalUnsealed, match="in the clear for good"):
                    await store.append([("customer-1", personal)])
        assert await store.head() == 0
        await store.close()

    run(main())


def test_a_type_that_becomes_personal_is_refused_from_then_on() -> None:
    @dataclass(frozen=True)
    class Said:
        words: str

    @dataclass(frozen=True)
    class SaidBy:
        who: str
        words: Annotated[str, Personal("who", erased="")]

    EVENTS.register(Said, "tests.marks.Said", 1)

    async def main() -> None:
        store = open_store("memory:")
        await store.append([("a-1", Said("hello"))])
        EVENTS.register(SaidBy, "tests.marks.Said", 2)
        for refused in (Said("hello"), SaidBy("ann", "hello")):
            with pytest.raises(PersonalUnsealed, match="Said"):
                await store.append([("a-1", refused)])

    run(main())


def test_a_mistyped_key_file_is_refused_and_not_made(tmp_path: Path) -> None:
    async def main() -> None:
        log, right, wrong = (f"sqlite:///{tmp_path / name}" for name in ("log.db", "keys.db", "mistyped.db"))
        store = open_store(log, keys=right)
        await store.append([("customer-ann", ann())])
        await store.close()
        store = open_store(log, keys=wrong)
        for _ in range(2):
            with pytest.raises(WrongKeys, match=r"is sealed with the keys called \w{32}, and .*mistyped.db holds none"):
                await store.read("customer-ann")
            with pytest.raises(WrongKeys):
                await store.append([("customer-ann", ann())])
        await store.close()
        assert not (tmp_path / "mistyped.db").exists()
        store = open_store(log, keys=right)
        await store.append([("customer-ann", ann())])
        assert [stored.event for stored in await store.read("customer-ann")] == [ann(), ann()]
        await store.close()

    run(main())


def test_keys_of_another_store_are_refused() -> None:
    async def main() -> None:
        inner, strange = MemoryStore("shop"), MemoryKeys()
        await SealedStore(inner, MemoryKeys()).append([("customer-ann", ann())])
        await SealedStore(MemoryStore(), strange).append([("customer-ann", ann())])
        with pytest.raises(WrongKeys, match=r"shop is sealed with .* keys in memory holds those called \w{32}"):
            await SealedStore(inner, strange).append([("customer-bob", ann("bob"))])
        assert await strange.find(["bob"]) == {}
        with pytest.raises(WrongKeys):
            await SealedStore(inner, strange).read_all()

    run(main())


def test_of_two_that_seal_a_store_first_the_keys_of_one_count() -> None:
    async def main() -> None:
        inner, mine, yours = MemoryStore(), MemoryKeys(), MemoryKeys()
        get = inner.records.get

        async def overtaken(kind: str, key: str) -> object:
            inner.records.get = get  # type: ignore[method-assign]
            found = await get(kind, key)
            await SealedStore(inner, yours).append([("customer-bob", ann("bob"))])
            return found

        inner.records.get = overtaken  # type: ignore[method-assign, assignment]
        with pytest.raises(WrongKeys):
            await SealedStore(inner, mine).append([("customer-ann", ann())])
        assert [stored.stream for stored in await inner.read_all()] == ["customer-bob"]

    run(main())


def test_a_key_that_is_missing_is_not_an_erased_one() -> None:
    async def main() -> None:
        inner, copy, keys, others = MemoryStore(), MemoryStore(), MemoryKeys(), MemoryKeys()
        store = SealedStore(inner, keys)
        await store.append([("customer-ann", ann()), ("customer-bob", ann("bob"))])
        await keys.erase("ann")
        await copy.restore(await inner.read_all())
        await others.erase("ann")
        opened = SealedStore(copy, others)
        first, second = await opened.read_all()
        assert isinstance(first.event, Registered) and first.event.email == "(erased)"
        for _ in range(2):
            with pytest.raises(
                KeyMissing, match=r"position 2, stream 'customer-bob' version 1.*no key of subject 'bob'"
            ):
                assert second.event
        async with subscribe(opened, follow=False, undecodable=parking(opened, "mailer")) as events:
            assert [stored.position async for stored in events] == [1]
        assert ["'bob'" in one.reason for one in await parked(opened, "mailer")] == [True]
        (finding,) = (await verify(opened)).shown
        assert (finding.position, "no key of subject 'bob'" in finding.what) == (2, True)
        assert [stored.event for stored in await SealedStore(copy, keys).read_all()][1] == ann("bob")

    run(main())


def test_key_files_know_who_was_erased_and_looking_makes_none(tmp_path: Path) -> None:
    async def main() -> None:
        keys = open_keys(f"sqlite:///{tmp_path / 'keys.db'}")
        assert (await keys.find(["ann"]), await keys.erased(["ann"]), await keys.identity()) == ({}, set(), None)
        assert list(tmp_path.iterdir()) == []
        await keys.make(["ann", "bob"])
        assert await keys.identity() is None
        called = await keys.identity(make=True)
        await keys.erase("ann")
        await keys.close()
        again = open_keys(f"sqlite:///{tmp_path / 'keys.db'}")
        assert await again.identity(make=True) == await again.identity() == called
        assert await again.erased(["ann", "bob", "cem"]) == {"ann"}
        await again.close()

    run(main())
