"""A process that is forked leaves open files to its parent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, os, sys
from eventlab.codec import Encoded
from eventlab.errors import StoreFailed
from eventlab.store import open_store

NOTED = [("a-1", Encoded("Noted", 1, b"{}"))]
url = sys.argv[1]
store = open_store(url)
asyncio.run(store.append(NOTED))

async def in_the_child():
    for use in (lambda: store.append(NOTED), store.head):
        try:
            async with asyncio.timeout(30):
                await use()
        except StoreFailed as error:
            print(error.reason)
    await store.close()

child = os.fork()
if child:
    os.waitpid(child, 0)
    asyncio.run(store.append(NOTED, expect={"a-1": 1}))
    asyncio.run(store.close())
else:
    asyncio.run(in_the_child())
"""
FORKED = "it was opened before this process was forked from another one; fork first, and open it then"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_a_store_that_was_opened_before_a_fork_is_refused_in_the_child_and_goes_on_in_the_parent(
    tmp_path: Path, synchronous: str
) -> None:
    url = f"sqlite:///{tmp_path}/a.db?synchronous={synchronous}"
    told = subprocess.run([sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [FORKED] * 2
    assert os.listdir(tmp_path) == ["a.db"]


OPENING = """
import asyncio, os, sys
from eventlab.codec import Encoded
from eventlab.errors import StoreFailed
from eventlab.projections import ReadModel
from eventlab.store import open_store

NOTED = [("a-1", Encoded("Noted", 1, b"{}"))]
folder = sys.argv[1]
store = open_store(f"sqlite:///{folder}/a.db")
asyncio.run(store.append(NOTED))
database = ReadModel(f"sqlite:///{folder}/rows.db")
asyncio.run(database.read(lambda rows: None))
memory = ReadModel("memory:")
asyncio.run(memory.read(lambda rows: None))
heard, says = os.pipe()
waits, goes_on = os.pipe()

async def in_the_child():
    for path in ("a.db", "rows.db"):
        for use in (open_store, ReadModel):
            try:
                async with use(f"sqlite:///{folder}/../{os.path.basename(folder)}/{path}") as own:
                    if use is open_store and path == "a.db":
                        await own.append(NOTED)
                        os.write(says, b"1")  # the parent closes its own
                        os.read(waits, 1)
                        await own.append(NOTED)
            except StoreFailed as error:
                print(error.reason)
    try:
        await database.read(lambda rows: None)
    except StoreFailed as error:
        print(error.reason)
    await database.close()
    await memory.read(lambda rows: None)
    async with open_store(f"sqlite:///{folder}/b.db") as other:
        await other.append(NOTED)
    os.write(says, b"1")

child = os.fork()
if child:
    os.read(heard, 1)
    asyncio.run(store.close())
    asyncio.run(database.close())
    os.write(goes_on, b"1")
    os.waitpid(child, 0)
    if not os.fork():  # nothing is open any more
        async def in_another():
            async with open_store(f"sqlite:///{folder}/a.db") as own:
                await own.append(NOTED)
                print(await own.head())
        asyncio.run(in_another())
    else:
        os.wait()
else:
    asyncio.run(in_the_child())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_file_that_was_open_at_a_fork_is_not_opened_in_the_child_which_would_lose_what_it_wrote(
    tmp_path: Path,
) -> None:
    told = subprocess.run([sys.executable, "-c", OPENING, str(tmp_path)], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [FORKED] * 5 + ["2"]
    assert sorted(os.listdir(tmp_path)) == ["a.db", "b.db", "rows.db"]


ENDING = """
import asyncio, os, signal, sys
from eventlab.codec import Encoded
from eventlab.projections import ReadModel
from eventlab.store import open_store

NOTED = [("a-1", Encoded("Noted", 1, b"{}"))]
url = sys.argv[1]

async def write():
    store = open_store(url)
    await store.append(NOTED)
    return store

async def read():
    rows = ReadModel(url)
    await rows.read(lambda rows: None)
    return rows

asyncio.run(asyncio.run(write()).close())
held = asyncio.run({"store": write, "rows": read}[sys.argv[2]]())
heard, says = os.pipe()
child = os.fork()
if not child:
    os.read(heard, 1)
    sys.exit()  # everything is collected
asyncio.run(held.close())
if not os.fork():
    store = asyncio.run(write())
    print(asyncio.run(store.head()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)  # what it wrote is in the log beside the file
os.wait()
os.write(says, b"1")
os.waitpid(child, 0)
print(asyncio.run(open_store(url).head()))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("what", ["store", "rows"])
def test_a_child_that_ends_closes_nothing_of_its_parent_which_would_delete_the_log_of_others(
    tmp_path: Path, what: str
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", ENDING, f"sqlite:///{tmp_path}/a.db", what], capture_output=True, text=True, check=True
    )
    wrote, found = told.stdout.split()
    assert wrote == found


KEYS = """
import asyncio, os, sys
from eventlab.store.keys import open_keys

keys = open_keys(sys.argv[1])
asyncio.run(keys.make(["17"]))
before = keys._connection
if os.fork():
    os.wait()
else:
    print(asyncio.run(keys.erase("17")), keys._connection is before)
    before = keys._connection
    if os.fork():
        os.wait()
    else:
        print(asyncio.run(keys.erase("17")), keys._connection is before)
    asyncio.run(keys.close())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_keys_are_opened_anew_in_the_child_and_in_its_own(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", KEYS, f"sqlite:///{tmp_path}/keys.db"], capture_output=True, text=True, check=True
    )
    assert sorted(told.stdout.splitlines()) == ["False False", "True False"]
