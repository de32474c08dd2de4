"""What only a store in a file can do is asked of any store in the same words, and refused by the others in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.errors import InvalidValue
from eventlab.store import (
    MemoryKeys,
    MemoryStore,
    PassingStore,
    PortableStore,
    SealedStore,
    backup,
    damage_of,
    open_store,
)
from eventlab.store.portable import verify
from eventlab.testing import run

from .sqlite.notes import Jotted, texts


@pytest.mark.parametrize("keys", [None, "memory:"])
def test_what_is_opened_by_its_url_is_backed_up_and_looked_through(tmp_path: Path, keys: str | None) -> None:
    async def main() -> None:
        async with open_store(f"sqlite:///{tmp_path}/shop.db", keys=keys) as store:
            await store.append([("a-1", Jotted("kept"))])
            await backup(store, tmp_path / "copy.db")
            assert await damage_of(store) == []
        async with open_store(f"sqlite:///{tmp_path}/copy.db") as copy:
            assert await texts(copy) == ["kept"]

    run(main())


def test_a_store_before_another_one_is_asked_for_the_file_of_the_one_beneath(tmp_path: Path) -> None:
    async def main() -> None:
        async with PassingStore(PassingStore(open_store(f"sqlite:///{tmp_path}/shop.db"))) as store:
            await store.append([("a-1", Jotted("kept"))])
            await backup(store, str(tmp_path / "copy.db"))
            assert await damage_of(store) == []

    run(main())
    assert (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("url", ["memory:", "postgresql://nobody@localhost:1/nowhere"])
def test_a_store_that_is_not_in_a_file_says_what_would_do(url: str, tmp_path: Path) -> None:
    async def main(store: PortableStore) -> None:
        for each in (store, SealedStore(store, MemoryKeys())):
            with pytest.raises(InvalidValue, match=f"store to back up is '{store.name}'; .*pg_dump.*store export"):
                await backup(each, tmp_path / "copy.db")
            with pytest.raises(InvalidValue, match=f"for damage is '{store.name}'; .*store verify"):
                await damage_of(each)

    run(main(open_store(url, name="shop")))
    assert list(tmp_path.iterdir()) == []


def test_a_sealed_store_in_memory_is_verified_without_its_file() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        await store.append([("a-1", Jotted("kept"))])
        assert (await verify(store)).count == 0

    run(main())
