"""Imports point down, or stay in the room; no room loads what it does not need; no module hides two ideas."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.sources import PACKAGE, ROOT, Module, at_import_time, imported, modules

FLOORS = {
    "errors": 0,
    "runtime": 1,
    "hooks": 2,
    "codec": 2,
    "metadata": 2,
    "resilience": 3,
    "history": 3,
    "store": 4,
    "telemetry": 4,
    "commands": 5,
    "projections": 5,
    "checks": 5,
    "messaging": 6,
    "services": 7,
    "sagas": 8,
    "simulation": 8,
    "shop": 9,
    "naive": 10,
    "scenarios": 11,
    "figures": 12,
    "reports": 13,
    "widgets": 13,
    "teaching": 14,
    "cli": 15,
    "__main__": 16,  # `python -m eventlab`: the way in, above everything
}
CORE = 9
LINES_MAX = 400
HEAVY = ("numpy", "pandas", "matplotlib", "sqlalchemy.orm", "httpx", "starlette", "uvicorn")


def may_import(room: str, other: str) -> bool:
    """Whether code of *room* may import from *other*."""
    if room == other:
        return True
    if not room:
        return False  # the package itself is imported by everyone, so it can import no room
    if other == "testing":
        return room == "teaching"
    if room == "testing":
        return FLOORS[other] <= CORE
    return FLOORS[other] < FLOORS[room]


def wrong_imports(module: Module) -> list[str]:
    """A line for each import of *module* that points up or across."""
    wrong = []
    for line, name in imported(module):
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package != "eventlab" or not other or other.startswith("__"):
            continue
        if other not in FLOORS and other != "testing":
            wrong.append(f"{module.name}:{line} imports eventlab.{other}, which is in no floor of the table")
        elif not may_import(module.room, other):
            wrong.append(f"{module.name}:{line} ({module.room or 'the package'}) imports {name} ({other})")
    return wrong


def heavy_imports(module: Module) -> list[str]:
    """Where a core module imports numpy or pandas already when it is imported itself."""
    if module.room not in (room for room, floor in FLOORS.items() if floor <= CORE):
        return []
    return [
        f"{module.name}:{node.lineno} imports {name}"
        for statement in at_import_time(module.tree)
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for node in [statement]
        for name in _modules_of(node)
        if name.partition(".")[0] in ("numpy", "pandas", "matplotlib")
    ]


def _modules_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def test_every_room_stands_on_a_floor() -> None:
    rooms = {module.room for module in modules()} - {"", "testing"}
    assert sorted(rooms - set(FLOORS)) == []


def drawn() -> dict[str, int]:
    """The table as docs/architecture.md draws it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ ?(\d+)  ([a-z ]+)$", text, re.MULTILINE)
    return {room: int(floor) for floor, rooms in lines for room in rooms.split()}


def test_the_drawing_of_the_house_shows_the_rooms_that_are_built() -> None:
    built = {module.room for module in modules()} - {"", "testing", "__main__"}
    assert drawn() == {room: floor for room, floor in FLOORS.items() if room in built}


def test_imports_point_down_or_stay_in_the_room() -> None:
    assert [line for module in modules() for line in wrong_imports(module)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("eventlab.store.memory", "from eventlab.commands import execute"),
        ("eventlab.store.memory", "from eventlab import commands"),
        ("eventlab.store.memory", "import eventlab.commands.execute as run"),
        ("eventlab.store.memory", "from ..commands import execute"),
        ("eventlab.store.memory", "def late():\n    from eventlab import shop"),
        ("eventlab.store.memory", "import importlib\nimportlib.import_module('eventlab.shop')"),
        ("eventlab.sagas.engine", "from eventlab.simulation import World"),
        ("eventlab.shop.orders", "from eventlab.testing import run"),
        ("eventlab.testing.stores", "from eventlab.naive import saga"),
        ("eventlab.errors", "from eventlab import runtime"),
        ("eventlab", "from eventlab import errors"),
        ("eventlab.shop.orders", "from eventlab.garage import car"),
    ],
)
def test_a_planted_import_up_or_across_is_named(name: str, source: str) -> None:
    (line,) = wrong_imports(Module.planted(name, source))
    assert line.startswith(f"{name}:")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("eventlab.store.sqlite", "from eventlab.store.model import StreamId\nfrom . import model"),
        ("eventlab.commands.execute", "from eventlab import errors, hooks\nfrom ..store import EventStore"),
        ("eventlab.teaching.exercise", "from eventlab.testing import run"),
        ("eventlab.testing.stores", "from eventlab.shop import build"),
        ("eventlab.cli.main", "from eventlab import __version__"),
    ],
)
def test_imports_down_and_inside_the_room_are_welcome(name: str, source: str) -> None:
    assert wrong_imports(Module.planted(name, source)) == []


def test_the_core_imports_neither_numpy_nor_pandas_when_it_is_imported() -> None:
    assert [line for module in modules() for line in heavy_imports(module)] == []


@pytest.mark.parametrize(
    "source",
    ["import pandas as pd", "from numpy import array", "try:\n    import pandas\nexcept ImportError:\n    pass"],
)
def test_a_planted_heavy_import_is_found(source: str) -> None:
    assert len(heavy_imports(Module.planted("eventlab.history", source))) == 1


@pytest.mark.parametrize(
    "source",
    ["def frame():\n    import pandas", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas"],
)
def test_a_heavy_import_inside_a_method_or_for_types_alone_costs_nothing(source: str) -> None:
    assert heavy_imports(Module.planted("eventlab.history", source)) == []


def loaded_by(*names: str) -> list[str]:
    """Which heavy libraries a fresh interpreter has loaded after importing *names*."""
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*[heavy for heavy in {HEAVY!r} if heavy in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_core_loads_no_table_no_plot_no_orm_and_no_http() -> None:
    core = sorted({m.room for m in modules() if FLOORS.get(m.room, CORE + 1) <= CORE})
    assert loaded_by("eventlab", *(f"eventlab.{room}" for room in core)) == []


def test_a_loaded_orm_would_be_noticed() -> None:
    assert loaded_by("eventlab", "sqlalchemy.orm") == ["sqlalchemy.orm"]


def too_long(name: str, text: str) -> list[str]:
    """*name* with its number of lines, if it has too many."""
    lines = text.count("\n")
    return [f"{name} has {lines} lines"] if lines > LINES_MAX else []


def test_no_module_hides_a_second_idea_behind_its_length() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert [line for path in paths for line in too_long(path.name, path.read_text(encoding="utf-8"))] == []
    assert too_long("long.py", "\n" * (LINES_MAX + 1)) == ["long.py has 401 lines"]
