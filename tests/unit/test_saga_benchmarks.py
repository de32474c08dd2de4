"""What the benchmarks of sagas count is there: at a small size, each of their parts does the work that it says."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from benchmarks.sagas import checkout, floor, ours, recovery, rival

STATUS = "SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS'"
OUTPUTS = "SELECT count(*) FROM operation_outputs"


@contextmanager
def pragmas_seen(path: Path) -> Iterator[set[tuple[str, int]]]:
    """Journal and flush of SQLAlchemy's connections to this file, each asked itself when it is given back.

    To this file: what another test left behind may give back its own connections meanwhile, when it is collected.
    """
    seen: set[tuple[str, int]] = set()

    def look(connection: sqlite3.Connection, record: object) -> None:
        if isinstance(connection, sqlite3.Connection) and same_file(connection, path):
            asked = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
            seen.add((asked[0], asked[1]))

    event.listen(Pool, "checkin", look)
    try:
        yield seen
    finally:
        event.remove(Pool, "checkin", look)


def same_file(connection: sqlite3.Connection, path: Path) -> bool:
    return any(file and Path(file) == path for _, _, file in connection.execute("PRAGMA database_list"))


@pytest.mark.skipif(
    sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42),
    reason="from Python 3.12 on, DBOS asks SQLite for unixepoch('subsec'), which there is since SQLite 3.42",
)
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_peer_flushes_each_commit_and_keeps_the_journal_that_it_is_given(
    tmp_path: Path, journal: rival.Journal
) -> None:
    path = tmp_path / "peer.db"
    with pragmas_seen(path) as seen, rival.launched(path, journal):
        for way in rival.WAYS:
            way(2, 2)
    with sqlite3.connect(path) as connection:
        counts = [connection.execute(sql).fetchone()[0] for sql in (STATUS, OUTPUTS)]
    assert (seen, counts) == ({(journal, 2)}, [4, 16])  # 2 is FULL; four workflows of four steps


def test_the_floor_of_a_saga_is_its_five_appends_with_the_rows_that_it_wrote() -> None:
    appends = [[row[4] for row in rows] for rows in floor.appends_of_a_saga()]
    assert appends == [
        ["SagaStarted", "StepRequested"],
        *[["StepSucceeded", "StepRequested"]] * 3,
        ["StepSucceeded", "SagaCompleted"],
    ]
    assert [len(bound) for _, bound in floor.commits(2)] == [16] * 10
    assert floor.per_second("NORMAL", 2) > 0


@pytest.mark.parametrize("callers", [1, 2])
def test_sagas_run_to_their_end_one_after_the_other_and_at_once(callers: int) -> None:
    assert ours.per_second("NORMAL", 4, callers) > 0


def test_the_first_of_those_left_unfinished_is_driven(tmp_path: Path) -> None:
    path = tmp_path / "left.db"
    asyncio.run(recovery.leave_unfinished(path, 20))
    assert recovery.on_a_copy(path) > 0


@pytest.mark.parametrize("over_http", [False, True])
def test_every_checkout_comes_to_its_end_over_either_transport(over_http: bool) -> None:
    assert checkout.checkout(5, over_http=over_http) > 0
