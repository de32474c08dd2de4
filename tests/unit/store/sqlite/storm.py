"""A storm of appends in a process of its own, to be killed: ``python -m tests.unit.store.sqlite.storm URL RUN``.

Each acknowledgement is one line on standard output, written at once and in one piece: what stands in the pipe
was acknowledged before the kill. (A power cut is another matter: what a process has given to the operating system
survives the process, also where nothing was flushed.)
"""

from __future__ import annotations

import asyncio
import os
import sys

from eventlab.store import EventStore, open_store

from .notes import Jotted

CALLERS = 8


async def main(url: str, run: str) -> None:
    store = open_store(url)
    async with asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(write(store, run, caller))
        group.create_task(count(store))


async def write(store: EventStore, run: str, caller: int) -> None:
    """Appends over one, two or three streams, some long enough to fill pages, half of them under a command id."""
    number = 0
    while True:
        number += 1
        streams = [f"{letter}-{caller}" for letter in "abc"[: 1 + number % 3]]
        name = f"{run}.{caller}.{number}.{len(streams)}"
        events = [(stream, Jotted(name + "x" * (number % 5 * 1000))) for stream in streams]
        receipt = await store.append(events, command_id=name if number % 2 else None)
        acknowledge("append", name, *receipt.positions)


async def count(store: EventStore) -> None:
    found = await store.records.get("storm", "count")
    version = 0 if found is None else found.version
    while True:
        version = (await store.records.put("storm", "count", b"x" * version, version=version)).version
        acknowledge("record", version)
        await asyncio.sleep(0)


def acknowledge(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
