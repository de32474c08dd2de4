"""What is wrong with a scenario comes at once, each problem with its place; nothing is run, nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .commands import SHOP, eventlab, names, spawned

ORDERS = "date,customer_id,quantity,amount_cents\n1997-01-01,1,1,100\n1997-01-01,2,2,0\n"

SCENARIO = """\
question: Does it hold?
services:
  users: {shop: users}
  orders: {shop: orders}
  payments: {shop: payments}
  inventory: {shop: inventory}
  shipping: {shop: shipping}
load:
  orders: {file: orders.csv, first: 2}
faults:
  - partition: [[orders], [payments]]
    at: 10s
    for: 5s
"""

BAD = {
    "an unknown key": ("faults:", "fault:", "x.yaml:10:1: fault: unknown key; did you mean 'faults'?"),
    "a wrong unit": ("for: 5s", "for: 5kg", "x.yaml:13:10: faults[0].for: unknown unit 'kg' in '5kg'"),
    "no unit": ("for: 5s", "for: 5", "x.yaml:13:10: faults[0].for: 5 has no unit"),
    "a missing service": (
        "[payments]]",
        "[payment]]",
        "x.yaml:11:28: faults[0].partition[1][0]: no service 'payment'; did you mean 'payments'?",
    ),
    "a negative time": ("at: 10s", "at: -10s", "x.yaml:12:9: faults[0].at: "),
    "not YAML": ("question: Does", "question: [Does", "x.yaml:2:"),
    "a bad row": ("1997-01-01,2,2,0", "1997-01-01,2,none,0", "orders.csv:3:14: quantity: "),
}


def put(folder: Path, old: str = "", new: str = "") -> None:
    (folder / "x.yaml").write_text(SCENARIO.replace(old, new, 1))
    (folder / "orders.csv").write_text(ORDERS.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new", "says"), BAD.values(), ids=BAD)
def test_a_problem_is_told_with_its_place_and_nothing_is_written(here: Path, old: str, new: str, says: str) -> None:
    assert old in SCENARIO + ORDERS
    put(here, old, new)
    told = eventlab("run", "x.yaml")
    assert told.code == 2
    assert told.out == ""
    assert any(line.startswith(says) for line in told.err.splitlines()), told.err
    assert "Traceback" not in told.err
    assert names(here) == ["orders.csv", "x.yaml"]


def test_all_problems_come_at_once_through_the_real_command(here: Path) -> None:
    put(here)
    text = SCENARIO
    for old, new, _ in [BAD["an unknown key"], BAD["a missing service"], BAD["a negative time"]]:
        text = text.replace(old, new, 1) if old != "faults:" else text
    (here / "x.yaml").write_text(text + "polices: {}\n")
    (here / "orders.csv").write_text(ORDERS.replace("2,2,0", "2,none,-1"))
    told = spawned("run", "x.yaml", "--set", "policies.braker.enabled=false", cwd=here)
    assert told.code == 2 and told.out == ""
    places = [line.split(": ")[0] for line in told.err.splitlines()]
    assert places == [
        "x.yaml:11:28",
        "x.yaml:12:9",
        "x.yaml:14:1",
        "--set policies.braker.enabled=false",
        "orders.csv:3:14",
        "orders.csv:3:19",
    ]
    assert names(here) == ["orders.csv", "x.yaml"]


def test_a_file_that_is_not_there_is_told_with_the_nearest_name(here: Path) -> None:
    put(here)
    told = eventlab("run", "y.yaml")
    assert told == (2, "", "y.yaml: there is no such file; did you mean 'x.yaml'?\n")
    assert eventlab("run", ".").code == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["run"], "Missing argument 'FILE'"),
        (["rum"], "No such command 'rum'"),
        (["run", SHOP, "--clok", "real"], "--clok"),
        (["run", SHOP, "--clock", "reel"], "'reel' is not one of 'virtual', 'real'"),
        (["run", SHOP, "--seed", "many"], "--seed"),
        (["run", SHOP, "--format", "xml"], "'xml' is not one of 'text', 'json'"),
        (["run", SHOP, "--set", "seed"], "--set seed: expected path=value, as in policies.breaker.enabled=false"),
        (
            ["run", SHOP, "--seed", "3", "--set", "seed=4"],
            "--seed 3 and --set seed=4 both give the seed: leave one of them out",
        ),
        (["run", SHOP, "--seed", "-4"], "--set seed=-4: seed: expected a whole number of at least 0, found -4"),
    ],
)
def test_a_command_that_cannot_be_meant_is_told_as_such(here: Path, args: list[str], says: str) -> None:
    told = eventlab(*args)
    assert told.code == 2 and told.out == ""
    assert says in re.sub(r"[│\s]+", " ", told.err)
    assert names(here) == []


def test_help_and_version_are_results() -> None:
    help_, version = eventlab("run", "--help"), eventlab("--version")
    assert help_.code == version.code == 0 and help_.err == version.err == ""
    assert "--resume" in help_.out and "130 interrupted" in " ".join(help_.out.split())
    assert re.fullmatch(r"eventlab \d\S+\n", version.out)


def test_the_schema_that_is_printed_is_the_one_that_is_shipped() -> None:
    assert eventlab("schema").out.encode() == (Path(SHOP).parent / "scenario.schema.json").read_bytes()
