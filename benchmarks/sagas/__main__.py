"""Durable sagas beside DBOS, beside bare commits, and a checkout in virtual time beside a bare SimPy timeout.

A row of sagas gives how many per second, and how many times its limit that is; rows of CPU give milliseconds. A saga
has four trivial steps, each of which adds one to a number; so has a workflow of DBOS (`rival`).

- **What is counted** is a saga from the call that starts it until it has come back with its end written. Files are
  made, DBOS is launched, and some sagas are run, before the clock starts.
- **What is durable** is the same on both sides: SQLite flushes (``synchronous`` FULL) whenever it commits. DBOS commits
  when a workflow begins, after each step, and when it ends; we do when a saga and its first step begin, after each step
  along with the intent of the next, and with the end. So we know after a crash which step may have happened, DBOS which
  certainly has.
- **DBOS as shipped** leaves SQLite's journal at its default, ``delete``; in **WAL** it has what our store has. Its
  functions may be plain ones, on threads, or coroutines: each sample runs both and counts the better one. Its queues
  write more for each workflow and ask for work once a second; they were slower, and are not in the rounds.
- **Bare commits** are of the very rows that a saga wrote, in as many statements, each committing by itself, on one
  connection that is held. They check no version and make no id and no time.
- **CPU** is that of the whole process, threads and kernel included, DBOS's in WAL, where it takes less.
- **The first of many unfinished** sagas is driven when a step of it is called, by an engine that recovers on a store
  that is opened when the clock starts. A bare commit is one row, flushed.
"""

from __future__ import annotations

from benchmarks.harness import main
from benchmarks.sagas import checkout, durable, recovery

PARTS = {"durable": durable.rows, "recovery": recovery.rows, "checkout": checkout.rows}

if __name__ == "__main__":
    main(PARTS)
