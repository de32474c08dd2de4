"""A store in one SQLite file: `SqliteStore`, opened by its URL."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import PurePath
from urllib.parse import parse_qsl

from ...errors import InvalidValue
from .store import SqliteStore, Synchronous

__all__ = ["SqliteStore", "open_sqlite"]

_PREFIX = "sqlite:///"
_SYNCHRONOUS: dict[str, Synchronous] = {"FULL": "FULL", "NORMAL": "NORMAL"}


def open_sqlite(url: str, *, name: str | None = None, owns: Sequence[str] = (), make: bool = True) -> SqliteStore:
    """The store at ``sqlite:///PATH?synchronous=FULL|NORMAL``; it is called *name*, or as its file is.

    Unless *make*, raises InvalidValue for a file that holds no store, and leaves it as it is.
    """
    path, _, query = url.removeprefix(_PREFIX).partition("?")
    if not url.startswith(_PREFIX) or not path:
        raise InvalidValue("store URL", url, f"{_PREFIX}PATH, with four slashes for an absolute path")
    if path == ":memory:":
        raise InvalidValue("store URL", url, "a file; a store in memory is opened by 'memory:'")
    options = dict(parse_qsl(query, keep_blank_values=True))
    wanted = options.pop("synchronous", "FULL")
    synchronous = _SYNCHRONOUS.get(wanted.upper())
    if synchronous is None:
        raise InvalidValue("store URL option synchronous", wanted, "FULL or NORMAL")
    for option in options:
        near = "; did you mean 'synchronous'?" if get_close_matches(option, ["synchronous"]) else ""
        raise InvalidValue("store URL option", option, f"synchronous=FULL or synchronous=NORMAL{near}")
    return SqliteStore(path, name=name or PurePath(path).stem, owns=owns, synchronous=synchronous, make=make)
