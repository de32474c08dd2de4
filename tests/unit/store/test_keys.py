"""Where keys are kept: for their owner alone, for several processes, and gone without a trace when they are erased."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from eventlab.errors import InvalidValue, SchemaTooNew, StoreBusy, SubjectErased
from eventlab.store import MemoryKeys, open_keys, open_store
from eventlab.store.keys.sqlite import SqliteKeys
from eventlab.store.sqlite import patience
from eventlab.testing import run

from .personal import found_in


def test_no_erased_key_is_left_in_a_file_of_many(tmp_path: Path) -> None:
    """Rows that leave make pages merge, and merging leaves copies behind. These stay, and are overwritten."""

    async def main() -> None:
        keys = SqliteKeys(str(tmp_path / "keys.db"))
        made: dict[str, bytes] = {}
        for begin in range(0, 1500, 100):
            made |= await keys.make([f"subject-{n * 7919 % 1500}" for n in range(begin, begin + 100)])
        assert len(found_in(tmp_path, *made.values())) == 1500
        gone = [subject for n, subject in enumerate(made) if n % 10]
        for subject in gone:
            await keys.erase(subject)
        left = (tmp_path / "keys.db").read_bytes()
        assert [subject for subject in gone if made[subject][:16] in left or made[subject][-16:] in left] == []
        kept = [subject for n, subject in enumerate(made) if not n % 10]
        assert await keys.find(made) == {subject: made[subject] for subject in kept}
        await keys.close()

    run(main())


def test_two_processes_share_one_file_of_keys(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from eventlab.store import open_keys\n"
        "async def main():\n"
        "    keys = open_keys(sys.argv[1])\n"
        "    print((await keys.make(['ann']))['ann'].hex()); await keys.erase('bob')\n"
        "asyncio.run(main())"
    )

    async def main() -> None:
        url = f"sqlite:///{tmp_path / 'keys.db'}"
        here = open_keys(url)
        mine = await here.make(["ann", "bob"])
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", program, url], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == mine["ann"].hex()
        assert await here.find(["ann", "bob"]) == {"ann": mine["ann"]}
        with pytest.raises(SubjectErased):
            await here.make(["bob"])
        await here.close()
        assert await here.find(["ann"]) == {"ann": mine["ann"]}
        await here.close()

    run(main())


def test_a_file_of_keys_is_for_its_owner_alone_and_holds_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        keys = SqliteKeys(str(tmp_path / "keys.db"))
        await keys.make(["ann"])
        assert (tmp_path / "keys.db").stat().st_mode & 0o777 == 0o600
        await keys.close()
        await open_store(f"sqlite:///{tmp_path / 'log.db'}").close()
        with pytest.raises(InvalidValue, match="a file of its own"):
            await SqliteKeys(str(tmp_path / "log.db")).make(["ann"])
        with pytest.raises(InvalidValue, match="key file"):
            await SqliteKeys(str(tmp_path / "missing" / "keys.db")).make(["ann"])

    run(main())


def test_keys_of_a_newer_program_are_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "keys.db")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(SchemaTooNew):
        run(SqliteKeys(str(tmp_path / "keys.db")).find(["ann"]))


def test_keys_that_somebody_else_locks_end_in_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BUSY_LIMIT_S", 0.02)

    async def main() -> None:
        keys = SqliteKeys(str(tmp_path / "keys.db"))
        made = await keys.make(["ann"])
        other = sqlite3.connect(tmp_path / "keys.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy):
            await keys.erase("ann")
        other.close()
        assert await keys.find(["ann"]) == made
        await keys.erase("ann")
        await keys.close()

    run(main())


@pytest.mark.parametrize(
    "url", ["keys.db", "sqlite:///", "sqlite:///a.db?x=1", "postgresql:///x", "sqlite:///:memory:"]
)
def test_a_url_of_no_keys_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="keys URL"):
        open_keys(url)


@pytest.mark.parametrize("subject", ["", "x" * 256, "a\0b", "\ud800"])
def test_a_senseless_subject_is_refused(subject: str, tmp_path: Path) -> None:
    for keys in (MemoryKeys(), SqliteKeys(str(tmp_path / "keys.db"))):
        for asked in (keys.make([subject]), keys.erase(subject)):
            with pytest.raises(InvalidValue, match="subject"):
                run(asked)
