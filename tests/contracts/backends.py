"""The stores that the contract is run on, each opened fresh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from eventlab.store import PortableStore, open_store
from eventlab.testing.postgres import available, fresh_url

INLINE = ("memory", "FULL", "NORMAL")
"""What works in virtual time as well; the last two are SQLite's ways of flushing."""

POSTGRES = pytest.param("postgres", marks=pytest.mark.skipif(bool(available()), reason=available()))
BACKENDS = (*INLINE, POSTGRES)


def url_of(backend: str, folder: Path) -> str:
    """The URL of a fresh and empty store."""
    if backend == "memory":
        return "memory:"
    return fresh_url() if backend == "postgres" else f"sqlite:///{folder / 'store.db'}?synchronous={backend}"


class Opening:
    """Opens the store of one test, as often as it is asked to."""

    def __init__(self, backend: str, folder: Path) -> None:
        self.url = url_of(backend, folder)

    async def __call__(self, *, owns: Sequence[str] = ()) -> PortableStore:
        return open_store(self.url, name="under test", owns=owns)
