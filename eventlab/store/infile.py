"""What only a store in a file of its own can do: be copied while it is in use, and be looked through for damage."""

from __future__ import annotations

import os
from typing import Protocol, runtime_checkable

from ..errors import InvalidValue
from .passing import PassingStore
from .protocol import EventStore


@runtime_checkable
class FileStore(Protocol):
    """A store in a file of its own, as that of SQLite."""

    async def backup(self, path: str) -> None:
        """Copy everything, as it is at one moment, to a new file at *path*; reading and appending go on.

        Raises InvalidValue if there is a file already. Of a backup that fails, nothing stays behind.
        """

    async def damage(self) -> list[str]:
        """What is wrong with the file, in the words of its database; empty if it is sound. It reads the whole file."""


def file_store(store: EventStore) -> FileStore | None:
    """The store in a file that *store* is, or that it stands before; None for one that is in memory or on a server."""
    if isinstance(store, FileStore):
        return store
    beneath = store.beneath if isinstance(store, PassingStore) else store
    return beneath if isinstance(beneath, FileStore) else None


async def backup(store: EventStore, path: str | os.PathLike[str]) -> None:
    """Copy all that the file of *store* holds, as it is at one moment, to a new file at *path*; *store* stays in use.

    Of a sealed store it is the sealed bytes, without the keys. Raises
    InvalidValue for a store that is not in a file, and if there is a file at
    *path* already. Of a backup that fails, nothing stays behind.
    """
    file = file_store(store)
    if file is None:
        raise InvalidValue(
            "store to back up",
            store.name,
            "one in a SQLite file; for PostgreSQL use pg_dump, or `eventlab store export`, which works for all",
        )
    await file.backup(os.fspath(path))


async def damage_of(store: EventStore) -> list[str]:
    """What the database finds wrong with the file of *store*, in its words; empty if it is sound.

    It reads the whole file. What is missing in a sound one, `verify` finds. Raises InvalidValue for a store that is
    not in a file.
    """
    file = file_store(store)
    if file is None:
        raise InvalidValue(
            "store to look through for damage",
            store.name,
            "one in a SQLite file; `eventlab store verify` reads what any store holds",
        )
    return await file.damage()
