"""What becomes of an open file when a process is forked: it stays with the parent.

SQLite's connections must not be used in a child, nor even closed there, and
the threads of a store are not there at all: an append would wait for ever.
"""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol

FORKED: Final = "it was opened before this process was forked from another one; open it here"


class Leaving(Protocol):
    """What was opened, and has to be left to the parent."""

    def leave(self) -> None: ...


_opened: weakref.WeakSet[Leaving] = weakref.WeakSet()
_left: list[Leaving] = []
"""In a child: kept, so that nothing is closed when it is collected."""


def left_at_a_fork(store: Leaving) -> None:
    """Let *store* be left in every child that is forked from now on."""
    _opened.add(store)


def _leave_all() -> None:
    for store in list(_opened):
        store.leave()
        _left.append(store)
    _opened.clear()


if hasattr(os, "register_at_fork"):  # not on every system
    os.register_at_fork(after_in_child=_leave_all)
