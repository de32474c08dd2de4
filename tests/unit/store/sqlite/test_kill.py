"""What was acknowledged survives the end of the process, and nothing is there in part."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from eventlab.testing import run

from .notes import store_at

STORM = """
import asyncio, sys
from dataclasses import dataclass
from eventlab.codec import event
from eventlab.store import open_store

@event("tests.sqlite.Jotted")
@dataclass(frozen=True, slots=True)
class Jotted:
    text: str

async def main(url):
    store = open_store(url)
    async def write(caller):
        while True:
            receipt = await store.append([(f"a-{caller}", Jotted("1")), (f"b-{caller}", Jotted("2"))])
            print(receipt.positions[-1], flush=True)
    async with asyncio.TaskGroup() as group:
        for caller in range(8):
            group.create_task(write(caller))

asyncio.run(main(sys.argv[1]))
"""


def acknowledged_until_killed(path: Path, enough: int) -> list[int]:
    url = f"sqlite:///{path}?synchronous=FULL"
    with subprocess.Popen([sys.executable, "-c", STORM, url], stdout=subprocess.PIPE, text=True) as storm:
        assert storm.stdout is not None
        positions = [int(next(storm.stdout)) for _ in range(enough)]
        storm.send_signal(signal.SIGKILL)
        # The last line may have been cut off.
        positions += [int(line) for line in storm.stdout if line.endswith("\n")]
    return positions


async def check(path: Path, acknowledged: list[int]) -> None:
    async with store_at(path) as store:
        log = await store.read_all(limit=100_000)
    assert [stored.position for stored in log] == list(range(1, len(log) + 1))
    assert log[-1].position >= max(acknowledged)
    assert [stored.stream[0] for stored in log] == ["a", "b"] * (len(log) // 2)


def test_acknowledged_appends_survive_a_kill_and_none_is_there_in_part(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for enough in (40, 150):
        run(check(path, acknowledged_until_killed(path, enough)))
