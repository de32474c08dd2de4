"""A served service that may write no more on its SQLite file, and then may again: a process of its own, over HTTP."""

from __future__ import annotations

import resource
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import ended, start

FILE_MAX = 400 * 1024
"""Room for some forty users. A file that may not grow is what a full disk looks like to whoever writes."""


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.mark.skipif(sys.platform != "linux", reason="nobody can give another process more room here")
def test_a_service_without_room_refuses_says_so_keeps_what_it_said_yes_to_and_goes_on_once_there_is_room(
    here: Path,
) -> None:
    serve = ["shop", "serve", "users", "--port", "0", "--store", "sqlite:///users.db"]
    process = start(*serve, cwd=here, preexec_fn=limit_files)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[4].rstrip(",")
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as front:

            def create(number: int) -> int:
                user = {"user_id": f"{number}", "email": f"{number}@example.org"}
                return front.post("/CreateUser", json=user).status_code

            statuses = [create(number) for number in range(60)]
            full = front.get("/health/ready")
            unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
            assert front.get("/health/ready").json() == {"service": "users", "ready": True}
            assert create(59) == 200
        process.terminate()
        told = ended(process)
    finally:
        process.kill()
        process.communicate()
    taken = statuses.count(200)
    assert 20 < taken < 60 and statuses == [200] * taken + [503] * (60 - taken)
    assert full.status_code == 503 and full.json()["reason"].startswith("StoreFailed: sqlite:///users.db: ")
    assert (told.code, len(told.err.splitlines())) == (0, 1)
    assert told.err.startswith("users: a request has failed: sqlite:///users.db: ")
    with closing(sqlite3.connect(here / "users.db")) as rows:
        assert [row[0] for row in rows.execute("SELECT stream FROM events ORDER BY position")] == [
            f"user-{number}" for number in [*range(taken), 59]
        ]
