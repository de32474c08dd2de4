"""Up to where the log was once seen to be complete: it stays so, whichever connection it was that saw it."""

from __future__ import annotations

from threading import Lock


class Complete:
    """The furthest head that a store has seen. What it reads goes up to there, whatever the next look says.

    A look may find less than the one before: an append that had read where the
    log stood, and announces that only after others went on. Who has asked for
    the head and then reads a page would take the rest for looked through.
    """

    def __init__(self) -> None:
        self.position = 0
        self._lock = Lock()  # a store may be used from several loops, each on a thread of its own

    def reach(self, head: int) -> int:
        """The furthest of all heads, of which *head* is the latest."""
        with self._lock:
            self.position = max(self.position, head)
            return self.position

    def forget(self, head: int) -> int:
        """The log ends before what was seen: it was restored beneath us. Begin again with *head*."""
        with self._lock:
            self.position = head
            return head
