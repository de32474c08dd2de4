"""Opening a store by its URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eventlab.errors import InvalidValue, StoreFailed
from eventlab.store import MemoryStore, open_store
from eventlab.store.sqlite import SqliteStore
from eventlab.testing import run


def test_memory_is_a_memory_store() -> None:
    store = open_store("memory:", name="orders")
    assert (type(store), store.name) == (MemoryStore, "orders")


def test_a_sqlite_store_is_called_as_its_file_unless_told_otherwise(tmp_path: Path) -> None:
    async def main() -> None:
        for name, called in ((None, "shop"), ("orders", "orders")):
            store = open_store(f"sqlite:///{tmp_path}/shop.db", name=name)
            assert (type(store), store.name) == (SqliteStore, called)
            await store.close()

    run(main())


@pytest.mark.parametrize("keys", [None, "keys.db"])
def test_a_block_closes_a_store_however_it_is_left(tmp_path: Path, keys: str | None) -> None:
    async def main() -> None:
        opened = open_store(f"sqlite:///{tmp_path}/shop.db", keys=keys and f"sqlite:///{tmp_path}/{keys}")
        with pytest.raises(LookupError):
            async with opened as store:
                assert store is opened
                assert await store.head() == 0
                raise LookupError
        with pytest.raises(StoreFailed, match="was closed"):
            await store.head()

    run(main())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://x", "memory: or sqlite:///PATH"),
        ("shop.db", "memory: or sqlite:///PATH"),
        ("", "memory: or sqlite:///PATH"),
        ("sqlite:shop.db", "sqlite:///PATH, with four slashes"),
        ("sqlite:///", "sqlite:///PATH, with four slashes"),
        ("sqlite:///:memory:", "'memory:'"),
        ("sqlite:///shop.db?synchronous=OFF", "FULL or NORMAL"),
        ("sqlite:///shop.db?synchronus=FULL", "did you mean 'synchronous'"),
        ("sqlite:///shop.db?mode=ro", "synchronous=FULL or synchronous=NORMAL"),
    ],
)
def test_a_url_that_opens_nothing_says_what_would(url: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        open_store(url)
    assert expected in str(caught.value)


def test_sqlalchemy_is_loaded_for_a_sql_store_only_and_never_its_orm(tmp_path: Path) -> None:
    program = f"""
import sys
from eventlab.store import open_store
open_store("memory:")
print("sqlalchemy" in sys.modules)
open_store("sqlite:///{tmp_path}/a.db")
print("sqlalchemy" in sys.modules, "sqlalchemy.orm" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True", "False"]
