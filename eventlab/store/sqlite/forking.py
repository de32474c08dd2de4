"""What becomes of an open file when a process is forked: it stays with the parent, and is not opened in the child.

SQLite's connections must not be used in a child, nor even closed there, and
the threads of a store are not there at all: an append would wait for ever.
Nor does a new connection help: SQLite takes the locks that the parent had for
locks of this process, and asks for none. A parent that closes the file then
sees nobody else, and throws the log away that the child goes on writing to.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from contextlib import suppress
from typing import Final, Protocol

from ...errors import StoreFailed

FORKED: Final = "it was opened before this process was forked from another one; fork first, and open it then"

File = tuple[int, int] | None
"""A file as the system knows it, whatever its path; None for none."""


class Leaving(Protocol):
    """What was opened, and has to be left to the parent."""

    def leave(self) -> None: ...


_opened: weakref.WeakSet[Leaving] = weakref.WeakSet()
_files: set[File] = set()
"""In a child: those that its parent had open."""


def file_at(path: str) -> File:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def left_at_a_fork(store: Leaving) -> None:
    """Let *store* be left in every child that is forked from now on."""
    _opened.add(store)


def leave(what: object, file: File = None) -> None:
    """In a child: never close *what*, and open *file* no more.

    Not even when the child ends, and everything is collected: closing deletes the log that others write by then.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(what))
    if file is not None:
        _files.add(file)


def check_not_left(path: str, url: str) -> None:
    """Raise StoreFailed in a child of a process that had the file at *path* open when it was forked."""
    if _files and file_at(path) in _files:
        raise StoreFailed(url, FORKED)


def _leave_all() -> None:
    for store in list(_opened):
        store.leave()


if hasattr(os, "register_at_fork"):  # not on every system
    os.register_at_fork(after_in_child=_leave_all)
