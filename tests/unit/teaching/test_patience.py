"""However an answer clings to life, the interpreter ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
from eventlab.simulation import World
from eventlab.teaching.patience import Patient, abandon

async def clings(waits_for):
    while True:
        try:
            await waits_for
        except BaseException:
            pass

async def answer():
    await clings(asyncio.get_running_loop().create_future())

async def serve():
    await Patient(answer())

async def main():
    world.spawn(serve(), name="answer")
    await asyncio.sleep(1)
    print("left")

world = World()
world.run(main)
abandon(world)
"""
"""On its way out `clings` awaits what it awaits already: an error at once, time and again, and it swallows each."""


def test_the_interpreter_ends_where_an_answer_was_left_that_swallows_its_end() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "left\n", "")
