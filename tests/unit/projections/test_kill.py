"""Killed by the system at any statement, the file has each event once; and the next run goes on from there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.store import MemoryStore
from eventlab.testing import run
from eventlab.testing.projections import in_batches, rows_of
from tests.sources import ROOT
from tests.unit.projections.accounts import STORY as WHOLE_STORY
from tests.unit.projections.accounts import a_view, by_hand

STORY = WHOLE_STORY[:3]

KILLED_AT_EVERY_STATEMENT = """
import asyncio, os, signal, sys

import sqlalchemy as sa

from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.store import MemoryStore
from tests.unit.projections.accounts import STORY, a_view

async def main(folder, statement, rebuild):
    store = MemoryStore()
    for each in STORY[:3]:
        await store.append([each])
    database = ReadModel(f"sqlite:///{folder}/{statement}.db")
    runner = ProjectionRunner(store, a_view(), database, batch=2)
    if rebuild:
        await runner.catch_up()
    seen = 0
    def kill(*_):
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)
    sa.event.listen(database.engine, "before_execute", kill)
    sa.event.listen(database.engine, "commit", kill)
    await (runner.rebuild() if rebuild else runner.catch_up())

statement, ended = 0, False
while not ended:  # a process for each, without starting Python for each
    statement += 1
    child = os.fork()
    if not child:
        asyncio.run(main(sys.argv[1], statement, sys.argv[2] == "rebuild"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    ended = not os.WIFSIGNALED(status)
    assert ended or os.WTERMSIG(status) == signal.SIGKILL
    assert not ended or status == 0
print(statement)
"""


async def told() -> MemoryStore:
    store = MemoryStore()
    for each in STORY:
        await store.append([each])
    return store


def killed(folder: Path, doing: str) -> int:
    """How many processes there were: each was killed one statement later than the one before, the last not at all."""
    command = [sys.executable, "-c", KILLED_AT_EVERY_STATEMENT, str(folder), doing]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_a_kill_at_any_statement_of_a_run_changes_nothing_about_the_rows(tmp_path: Path) -> None:
    processes = killed(tmp_path, "run")
    assert processes > 20

    async def main() -> None:
        view = a_view()
        for number in range(1, processes + 1):
            async with ReadModel(f"sqlite:///{tmp_path}/{number}.db") as database:
                await in_batches(2)(await told(), view, database)
                assert await rows_of(view, database) == by_hand(STORY), number

    run(main())


def test_a_kill_at_any_statement_of_a_rebuild_leaves_the_live_rows(tmp_path: Path) -> None:
    processes = killed(tmp_path, "rebuild")
    assert processes > 20

    async def main() -> None:
        view = a_view()
        for number in range(1, processes + 1):
            async with ReadModel(f"sqlite:///{tmp_path}/{number}.db") as database:
                assert await rows_of(view, database) == by_hand(STORY), number
                await ProjectionRunner(await told(), view, database).rebuild()
                assert await rows_of(view, database) == by_hand(STORY), number
        assert sorted(path.suffix for path in tmp_path.iterdir()) == [".db"] * processes, "doubles were left behind"

    run(main())
