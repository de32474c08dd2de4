"""Opening a store by its URL."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidValue
from .memory import MemoryStore
from .protocol import PortableStore

KNOWN_URLS = "memory: or sqlite:///PATH?synchronous=FULL|NORMAL"


def open_store(url: str, *, name: str | None = None, owns: Sequence[str] = ()) -> PortableStore:
    """The store at *url*: ``memory:``, or ``sqlite:///shop.db`` (four slashes for an absolute path).

    SQLite takes ``?synchronous=FULL`` (the default: what was acknowledged
    survives a power cut) or ``NORMAL`` (it survives the end of the process,
    and costs no flush). *owns* are the categories that may be written.
    """
    if url in ("memory:", "memory://"):
        return MemoryStore(name or "memory", owns)
    if url.startswith("sqlite:"):
        from .sqlite import open_sqlite  # SQLAlchemy is loaded only when a SQL store is opened

        return open_sqlite(url, name=name, owns=owns)
    raise InvalidValue("store URL", url, KNOWN_URLS)
