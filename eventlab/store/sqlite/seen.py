"""The versions that streams are known to have reached, so that they need not be looked up again."""

from __future__ import annotations

from ..archive import ARCHIVED

SEEN_MAX = 4096


class Seen:
    """The last versions that were written, or that somebody read.

    Events are never changed and never deleted, so a version that was there once, and archived nothing, need
    not be looked for again: that the next one is still missing is all there is to check, and the table's own
    ``UNIQUE (stream, version)`` checks it.
    """

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self.version = self._versions.get
        """The version that a stream has reached; None where nobody looked."""

    def remember(self, stream: str, version: int, type_: str) -> None:
        """An event of *type_* is there, at *version*. It need not be the last one; any thread may say so."""
        if type_ == ARCHIVED:
            self.forget(stream)
            return
        if len(self._versions) >= SEEN_MAX:
            self._versions.clear()
        self._versions[stream] = version

    def forget(self, stream: str) -> None:
        self._versions.pop(stream, None)

    def __len__(self) -> int:
        return len(self._versions)
