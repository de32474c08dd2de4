"""A history on its way into a file: a page is kept in memory, and written when it is full."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import BinaryIO

from .. import history
from ..history import Entry

PAGE_ENTRIES = 1000


class Journal:
    """Takes entries out of *entries* and adds them to the JSON Lines file at *path*, open while its block lasts.

    The first block begins the file anew, a later one goes on with it.
    """

    def __init__(self, path: Path, entries: deque[Entry], *, page: int = PAGE_ENTRIES) -> None:
        self.path, self.page, self.written = path, page, 0
        self._entries = entries
        self._file: BinaryIO | None = None
        self._is_begun = False

    def __enter__(self) -> Journal:
        self._file = self.path.open("ab" if self._is_begun else "wb")
        self._is_begun = True
        return self

    def __exit__(self, *exc: object) -> None:
        self.write_page()
        if self._file is not None:
            self._file.close()
            self._file = None

    def write_page(self) -> None:
        """Write what there is, so that the file holds all that was heard."""
        if self._file is None or not self._entries:
            return
        self._file.write(history.to_lines(self._entries))
        self._file.flush()
        self.written += len(self._entries)
        self._entries.clear()
