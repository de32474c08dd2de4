"""What was acknowledged survives the end of the process, and nothing is there in part."""

from __future__ import annotations

import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from eventlab.store import EventStore, MemoryStore
from eventlab.testing import run
from tests.sources import ROOT

from .notes import Jotted, store_at

BOTH = pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])


class Acknowledged:
    """What the storms have been told before they were killed."""

    def __init__(self) -> None:
        self.appends: dict[str, tuple[int, ...]] = {}
        self.record = 0

    def take(self, line: str) -> None:
        kind, *words = line.split()
        if kind == "append":
            self.appends[words[0]] = tuple(map(int, words[1:]))
        else:
            self.record = max(self.record, int(words[0]))


def storm_until_killed(path: Path, synchronous: str, number: int, enough: int, acknowledged: Acknowledged) -> None:
    """Let a storm rage until so many acknowledgements have come, then kill it."""
    url = f"sqlite:///{path}?synchronous={synchronous}"
    program = [sys.executable, "-m", "tests.unit.store.sqlite.storm", url, str(number)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as storm:
        assert storm.stdout is not None
        for _ in range(enough):
            acknowledged.take(next(storm.stdout))
        storm.send_signal(signal.SIGKILL)
        for line in storm.stdout:
            acknowledged.take(line)
    assert storm.returncode == -signal.SIGKILL


async def check(store: EventStore, acknowledged: Acknowledged) -> None:
    """Every acknowledged append is there, at the positions that were told; every append is there as a whole."""
    log, after = [], 0
    while page := await store.read_all(after, limit=1000):
        log += page
        after = page[-1].position
    assert [stored.position for stored in log] == list(range(1, len(log) + 1))
    versions: dict[str, int] = defaultdict(int)
    found: dict[str, list[int]] = defaultdict(list)
    for stored in log:
        versions[stored.stream] += 1
        assert stored.version == versions[stored.stream]
        found[stored.event.text.rstrip("x")].append(stored.position)
    for name, positions in found.items():
        assert len(positions) == int(name.rpartition(".")[2]), f"{name} is there in part"
        receipt = await store.receipt(name)
        asked = int(name.split(".")[2]) % 2 == 1
        assert (receipt is not None) == asked
        assert receipt is None or list(receipt.positions) == positions
    lost = [name for name, told in acknowledged.appends.items() if tuple(found[name]) != told]
    assert lost == []
    record = await store.records.get("storm", "count")
    assert (0 if record is None else record.version) >= acknowledged.record


async def check_file(path: Path, acknowledged: Acknowledged) -> None:
    async with store_at(path) as store:
        await check(store, acknowledged)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def storms(path: Path, synchronous: str, kills: int, chance: random.Random) -> Acknowledged:
    """Storms on one file, one after the other, each killed; after each, everything is there that should be."""
    acknowledged = Acknowledged()
    for number in range(kills):
        storm_until_killed(path, synchronous, number, chance.randrange(1, 250), acknowledged)
        run(check_file(path, acknowledged))
    return acknowledged


@BOTH
def test_acknowledged_appends_survive_a_kill_and_none_is_there_in_part(tmp_path: Path, synchronous: str) -> None:
    acknowledged = storms(tmp_path / "a.db", synchronous, 10, random.Random(1))
    assert len(acknowledged.appends) > 300 and acknowledged.record > 10


@pytest.mark.soak
@BOTH
def test_two_hundred_kills(tmp_path: Path, synchronous: str) -> None:
    for number in range(20):
        storms(tmp_path / f"{number}.db", synchronous, 10, random.Random(number))


@BOTH
def test_a_disk_that_takes_no_more_ends_the_storm_and_loses_nothing(tmp_path: Path, synchronous: str) -> None:
    """The operating system refuses to let any file grow further: in the middle of the log written ahead."""
    acknowledged = Acknowledged()
    program = [
        sys.executable,
        "-m",
        "tests.unit.store.sqlite.storm",
        f"sqlite:///{tmp_path / 'a.db'}?synchronous={synchronous}",
    ]
    storm = subprocess.run(
        [*program, "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    for line in storm.stdout.splitlines():
        acknowledged.take(line)
    assert storm.returncode == 1
    assert "StoreFailed" in storm.stderr and "beyond 1,000,000 bytes; nothing was written" in storm.stderr
    assert len(acknowledged.appends) > 10
    run(check_file(tmp_path / "a.db", acknowledged))


@pytest.mark.parametrize("planted", ["", "an append in part", "a lost append", "another position", "a lost record"])
def test_what_a_kill_could_have_done_would_be_found(planted: str) -> None:
    async def main() -> None:
        acknowledged = Acknowledged()
        for line in ("append 0.1.2.3 1 2 3", "append 0.1.3.1 4", "record 1"):
            acknowledged.take(line)
        store = MemoryStore()
        whole = [(f"{letter}-1", Jotted("0.1.2.3xxx")) for letter in "abc"]
        await store.append(whole[:2] if planted == "an append in part" else whole)
        if planted == "another position":
            await store.append([("b-1", Jotted("0.1.5.1"))], command_id="0.1.5.1")
        if planted != "a lost append":
            await store.append([("a-1", Jotted("0.1.3.1x"))], command_id="0.1.3.1")
        if planted != "a lost record":
            await store.records.put("storm", "count", b"", version=0)
        if planted:
            with pytest.raises(AssertionError):
                await check(store, acknowledged)
        else:
            await check(store, acknowledged)

    run(main())
