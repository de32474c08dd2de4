"""A scenario from its file: read, changed by `--set`, checked as a whole, with the orders that it names.

All that is wrong comes at once, as :class:`ScenarioInvalid`, one finished line
for each problem. Nothing here runs, imports or writes anything.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from ..errors import InvalidValue, ScenarioInvalid
from ..simulation.workload import Replay
from . import crossing
from .asking import OpenLoad
from .measured import Measured
from .model import Scenario, Stock
from .orders import Order, opening_stock, order_groups, plan_orders
from .rows import Row, read_rows
from .sets import apply_sets
from .tree import Item, Place, Problem, from_plain, from_yaml
from .tree import Path as PathInTree
from .walking import INVALID, Walker
from .whereabouts import find_file, names_beside, not_there

BYTES_MAX = 200_000
"""A scenario has some thousand bytes. Whatever is this large is something else, and would take minutes to parse."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that is ready to run. *document* is what the file says after every `--set`, as plain values.

    *changed* are these, but for the seed, which has a place of its own wherever a run is told of.
    """

    name: str
    path: Path
    scenario: Scenario
    document: dict[str, Any]
    changed: tuple[str, ...] = ()
    orders: tuple[Order, ...] = ()
    opening_stock: dict[str, int] = {}
    recorded: Replay | None = None


def load(path: str | Path, sets: Sequence[str] = ()) -> Loaded:
    """The scenario in the file at *path*. Raises ScenarioInvalid with every problem of it and of its orders file."""
    path = Path(path)
    root, problems = from_yaml(_read_text(path), str(path))
    if root is None:
        _refuse(
            problems or [Problem(Place(str(path), 1, 1), (), "is empty; a scenario has question, services and load")]
        )
    problems += apply_sets(root, sets)
    scenario, walker = _read(root, problems, Measured(path))
    rows = _read_orders(walker, path, problems)
    recorded = _read_recorded(walker, path, problems)
    if problems or scenario is None:
        _refuse(problems)
    load_rule, stock, seed = scenario.load.orders, scenario.stock, scenario.seed
    orders = plan_orders(rows, load_rule, stock, seed) if load_rule else ()
    return Loaded(
        name=path.stem,
        path=path,
        scenario=scenario,
        document=root.plain(),
        changed=tuple(text for text in sets if text.partition("=")[0].strip() != "seed"),
        orders=orders,
        opening_stock=opening_stock(orders, stock, seed) if load_rule else {},
        recorded=recorded,
    )


def from_document(document: Mapping[str, Any], source: str = "scenario") -> Scenario:
    """The scenario that plain values describe, as a run's manifest keeps them. Raises ScenarioInvalid."""
    problems: list[Problem] = []
    scenario, _ = _read(from_plain(document, source), problems)
    if problems or scenario is None:
        _refuse(problems)
    return scenario


def _read(root: Item, problems: list[Problem], measured: Measured | None = None) -> tuple[Scenario | None, Walker]:
    walker = Walker(crossing.known_services(root), measured)
    scenario = walker.read(Scenario, root)
    problems += walker.problems
    problems += crossing.check(walker, root)
    return (None if scenario is INVALID else scenario), walker


def _refuse(problems: Sequence[Problem]) -> NoReturn:
    """Problems of the scenario's own lines in their order, then those of other places."""
    main = next((problem.place.source for problem in problems if problem.place.line), "")
    ordered = sorted(
        problems, key=lambda problem: (problem.place.source != main, problem.place.line, problem.place.column)
    )
    raise ScenarioInvalid(list(dict.fromkeys(str(problem) for problem in ordered)))


def _read_text(path: Path) -> str:
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
            size = max(len(data), os.fstat(file.fileno()).st_size)
    except FileNotFoundError:
        near = get_close_matches(path.name, names_beside(path), 1)
        hint = f"; did you mean {str(path.with_name(near[0]))!r}?" if near else ""
        _refuse([Problem(place, (), f"there is no such file{hint}")])
    except IsADirectoryError:
        _refuse([Problem(place, (), "is a folder; name a scenario file in it")])
    except (OSError, ValueError) as error:
        _refuse([Problem(place, (), f"cannot be read: {getattr(error, 'strerror', None) or error}")])
    if size > BYTES_MAX:
        _refuse([Problem(place, (), f"holds {size:,} bytes; a scenario has at most 200 kB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        _refuse([Problem(Place(str(path), line, column), (), f"not UTF-8: byte 0x{data[error.start]:02x}")])


def _read_orders(walker: Walker, scenario_path: Path, problems: list[Problem]) -> list[Row]:
    """The rows of the orders file, if the load names one and its own lines could be read."""
    path = ("load", "orders", "file")
    name = walker.built.get(path)
    if not isinstance(name, str):
        return []
    found = _find_named(walker, path, scenario_path, problems)
    if found is None:
        return []
    rows, wrong = read_rows(found, name)
    problems += wrong
    if not wrong:
        problems += _enough(walker, rows, name)
    return rows


def _read_recorded(walker: Walker, scenario_path: Path, problems: list[Problem]) -> Replay | None:
    """The requests of the file that an open load replays, if it does, and its own lines could be read."""
    rule = walker.built.get(("load", "open"))
    if not isinstance(rule, OpenLoad) or rule.replay is None:
        return None
    at = ("load", "open", "replay", "file")
    found = _find_named(walker, at, scenario_path, problems)
    if found is None:
        return None
    try:
        return rule.cut(rule.replay.read(found))
    except InvalidValue as error:
        why = str(error)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = f"{found.name} cannot be read: {getattr(error, 'strerror', None) or error}"
    problems.append(Problem(walker.items[at].place, at, why))
    return None


def _find_named(walker: Walker, path: PathInTree, scenario_path: Path, problems: list[Problem]) -> Path | None:
    """The file that the scenario names at *path*; or none, and a problem that says so."""
    name = walker.built[path]
    found, tried = find_file(name, scenario_path)
    if found is None:
        problems.append(Problem(walker.items[path].place, path, not_there(name, tried)))
    return found


def _enough(walker: Walker, rows: list[Row], name: str) -> list[Problem]:
    """Whether the file has as many orders, and the catalogue as many titles, as the scenario needs."""
    groups = order_groups(rows)
    load_rule = walker.built.get(("load", "orders"))
    stock = walker.built.get(("stock",)) if ("stock",) in walker.items else Stock()
    problems = []
    if load_rule is not None and load_rule.first > len(groups):
        path = ("load", "orders", "first")
        item = walker.items.get(path, walker.items["load", "orders"])
        problems.append(Problem(item.place, path, f"{name} has only {len(groups)} orders"))
    lines_max = max(len(group) for group in groups)
    if stock is not None and stock.titles < lines_max:
        item = walker.items.get(("stock", "titles"), walker.items["load", "orders", "file"])
        problems.append(
            Problem(item.place, ("stock", "titles"), f"an order in {name} has {lines_max} different titles")
        )
    return problems
