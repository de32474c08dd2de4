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
    async with open_store(url) as own:
        await own.append(NOTED, expect={"a-1": 1})

child = os.fork()
if child:
    os.waitpid(child, 0)
    asyncio.run(store.append(NOTED, expect={"a-1": 2}))
    asyncio.run(store.close())
else:
    asyncio.run(in_the_child())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_a_store_that_was_opened_before_a_fork_is_refused_in_the_child_and_goes_on_in_the_parent(
    tmp_path: Path, synchronous: str
) -> None:
    url = f"sqlite:///{tmp_path}/a.db?synchronous={synchronous}"
    told = subprocess.run([sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, check=True)
    assert (
        told.stdout.splitlines() == ["it was opened before this process was forked from another one; open it here"] * 2
    )
    assert os.listdir(tmp_path) == ["a.db"]


KEYS = """
import asyncio, os, sys
from eventlab.store.keys import open_keys

keys = open_keys(sys.argv[1])
asyncio.run(keys.make(["17"]))
before = keys._connection
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    print(asyncio.run(keys.erase("17")), keys._connection is before)
    asyncio.run(keys.close())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_keys_are_opened_anew_in_the_child(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", KEYS, f"sqlite:///{tmp_path}/keys.db"], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "False"]
