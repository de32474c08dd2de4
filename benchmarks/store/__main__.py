"""The event stores beside bare SQL, and beside `eventsourcing`, in rounds that take turns.

A row gives operations per second, and how many times its limit that is; rows
of CPU give milliseconds. Both sides do the same work under the same conditions:

- The payload is 200 bytes of JSON. What the bare side needs is made before the clock starts, and so is what the
  store is given.
- Bare SQL runs on a file with the very tables, indexes, triggers and pragmas of a store (WAL, the same
  ``synchronous``), on one connection that is held, each INSERT committing by itself. It checks no version, makes no
  id and no time.
- `eventsourcing` keeps its own tables (WAL as well, set to the same ``synchronous``) and its own defaults otherwise;
  its aggregate has as many events as our stream, the repository reads them and the application saves what is decided.
- Every sample has a fresh file, and runs warm before the clock starts.
"""

from __future__ import annotations

from benchmarks.harness import main
from benchmarks.store import commands, growth, postgres, reading, snapshots, writing

PARTS = {
    "writing": writing.rows,
    "reading": reading.rows,
    "commands": commands.rows,
    "snapshots": snapshots.rows,
    "growth": growth.rows,
    "postgres": postgres.rows,
}

if __name__ == "__main__":
    main(PARTS, soak={"growth": growth.soak_rows})
