"""Following a log in PostgreSQL as it is usually first written. The sound one is `eventlab.store.postgres`.

It asks for what lies beyond the last position that it saw, and passes every
test with one writer. What is wrong: positions are taken when an event is
written, and become visible when its transaction commits, in another order.
A reader who comes in between sees the later one, goes on after it, and never
sees the earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg


@dataclass
class NaiveTail:
    """Reads the log at *url* page by page, going on after the last position that it saw."""

    url: str
    seen: int = 0

    async def next_page(self, limit: int = 1000) -> list[tuple[str, int]]:
        """Stream and version of each event that was not seen yet, as it believes."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            found = await connection.execute(
                "SELECT position, stream, version FROM events WHERE position > %s ORDER BY position LIMIT %s",
                (self.seen, limit),
            )
            rows = await found.fetchall()
        if rows:
            self.seen = rows[-1][0]
        return [(stream, version) for _, stream, version in rows]
