"""A change that is no append, in a transaction of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from .append import Busy
from .transaction import rollback
from .trouble import explained, is_busy

T = TypeVar("T")


def changing(connection: sqlite3.Connection, url: str, change: Callable[[sqlite3.Connection], T]) -> T:
    """What *change* gives, committed; or nothing of it. Raises Busy, or the error in the words of this package."""
    committing = False
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = change(connection)
        committing = True
        connection.execute("COMMIT")
        return result
    except sqlite3.Error as error:
        rollback(connection)
        if is_busy(error):
            raise Busy from error
        raise explained(url, error, committing=committing) from error
    except BaseException:
        rollback(connection)
        raise
