"""Time, identity and chance come in by one door: `eventlab.runtime`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.sources import Module, modules

DOOR = "eventlab.runtime"
WATCHERS = ("eventlab.simulation.fences", "eventlab.simulation.sources")
"""They name what they close or watch in a world, and put back what stood there; they ask none of it."""

INSTEAD = {
    "time": "runtime.now, runtime.monotonic or asyncio.sleep",
    "datetime.datetime.now": "runtime.now",
    "datetime.datetime.utcnow": "runtime.now",
    "datetime.datetime.today": "runtime.now",
    "datetime.date.today": "runtime.now",
    "uuid.uuid1": "runtime.new_id",
    "uuid.uuid4": "runtime.new_id",
    "uuid.uuid6": "runtime.new_id",
    "uuid.uuid7": "runtime.new_id",
    "uuid.uuid8": "runtime.new_id",
    "random": "runtime.random_stream",
    "secrets": "runtime.random_stream or runtime.new_id",
    "os.urandom": "runtime.random_stream",
    "os.getrandom": "runtime.random_stream",
    "numpy.random": "runtime.random_stream",
    "asyncio.wait_for": "asyncio.timeout, which runs the body in the caller's own task",
}
ALLOWED = ("random.Random",)
"""As a type, or with a seed; without one it draws on the system."""


def forbidden(dotted: str) -> str | None:
    """What to use in the place of *dotted*, or None where it may be used."""
    if dotted in ALLOWED or dotted == "random":
        return None  # the bare module is named on the way to what is in it
    parts = dotted.split(".")
    for length in range(1, len(parts) + 1):
        if instead := INSTEAD.get(".".join(parts[:length])):
            return instead
    return None


def bindings(module: Module) -> dict[str, str]:
    """What each imported name of *module* stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                names[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def dotted_name(node: ast.expr, names: dict[str, str]) -> str | None:
    """The full name that an expression like ``dt.now`` stands for."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (base := dotted_name(node.value, names)):
        return f"{base}.{node.attr}"
    return None


def leaks(module: Module) -> list[str]:
    """A line for each use of a clock, an identity or a chance that no world could answer for."""
    if module.name in (DOOR, *WATCHERS):
        return []
    return sorted(set(_leaks(module, bindings(module))))


def _leaks(module: Module, names: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            used = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Name | ast.Attribute):
            used = [dotted_name(node, names) or ""]
        else:
            used = []
        for dotted in used:
            if instead := forbidden(dotted):
                yield f"{module.name}:{node.lineno} uses {dotted}; use {instead}"
        if isinstance(node, ast.Call) and not node.args and dotted_name(node.func, names) == "random.Random":
            yield f"{module.name}:{node.lineno} uses random.Random() without a seed; use runtime.random_stream"


def test_nobody_asks_the_system_for_time_identity_or_chance() -> None:
    assert [line for module in modules() for line in leaks(module)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nclock = t.perf_counter",
        "from time import monotonic",
        "from time import sleep as pause\npause(1)",
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime as D\nD.utcnow()",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid1",
        "import random\nrandom.random()",
        "import random as r\nr.shuffle([])",
        "from random import choice",
        "from random import *",
        "import random\nrandom.Random()",
        "from random import Random\nRandom()",
        "import os\nos.urandom(8)",
        "from secrets import token_hex",
        "import secrets\ndef f():\n    return secrets.token_hex()",
        "import numpy as np\nnp.random.rand()",
        "import asyncio\nasyncio.wait_for(f(), 1)",
    ],
)
def test_a_planted_leak_is_found(source: str) -> None:
    assert leaks(Module.planted("eventlab.shop.orders", source))


@pytest.mark.parametrize(
    "source",
    [
        "import random\ndef f(chance: random.Random) -> float:\n    return chance.random()",
        "from random import Random\nRandom(7).random()",
        "from eventlab.runtime import now, monotonic\nnow()",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)",
        "import asyncio\nasyncio.sleep(1)\nevent.time()",
        "from uuid import UUID, uuid5",
    ],
)
def test_what_a_world_can_answer_for_is_welcome(source: str) -> None:
    assert leaks(Module.planted("eventlab.shop.orders", source)) == []


def test_the_door_itself_may_ask() -> None:
    assert leaks(Module.planted(DOOR, "import time\ntime.time()")) == []
