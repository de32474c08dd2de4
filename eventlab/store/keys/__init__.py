"""Keys of the people whom events tell about: one for each, in a place of their own, erased when they ask for it."""

from __future__ import annotations

from ...errors import InvalidValue
from .memory import MemoryKeys
from .protocol import Keys

_PREFIX = "sqlite:///"


def open_keys(url: str) -> Keys:
    """The keys at *url*: ``memory:``, or ``sqlite:///keys.db``, a file that holds nothing else."""
    if url in ("memory:", "memory://"):
        return MemoryKeys()
    path = url.removeprefix(_PREFIX)
    if path == url or not path or "?" in path or path == ":memory:":
        raise InvalidValue("keys URL", url, f"memory: or {_PREFIX}PATH")
    from .sqlite import SqliteKeys  # the room of SQLite loads SQLAlchemy

    return SqliteKeys(path)


__all__ = ["Keys", "MemoryKeys", "open_keys"]
