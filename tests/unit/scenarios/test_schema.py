"""The schema for editors says what the loader says, as far as a schema can."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from eventlab.scenarios.loading import load
from eventlab.scenarios.schema import schema_json

from .documents import MODELLED, SHOP

FOLDER = Path(__file__).parents[3] / "scenarios"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
SCHEMA = json.loads(schema_json())


def plain(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_committed_schema_is_up_to_date() -> None:
    make = "python -c 'from eventlab.scenarios.schema import *; print(schema_json().decode(), end=\"\")'"
    assert (FOLDER / "scenario.schema.json").read_bytes() == schema_json(), f"make it again: {make}"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_loads_fits_the_schema_and_opens_with_its_question(path: Path) -> None:
    text = path.read_text()
    jsonschema.validate(plain(text), SCHEMA)
    assert load(path).scenario.question.endswith("?")
    comment = [line for line in text.split("\n\n")[0].splitlines() if not line.startswith("# yaml-language-server")]
    assert all(line.startswith("#") for line in comment)
    assert any(line.endswith("?") for line in comment)


@pytest.mark.parametrize("text", [SHOP, MODELLED])
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    jsonschema.validate(plain(text), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sed",), 1),
        (("seed",), -1),
        (("question",), ""),
        (("load", "orders", "rate"), 20),
        (("load", "orders", "first"), 0),
        (("load", "open"), {"rate": "1/s", "for": "1s", "target": "users"}),
        (("services", "users", "shop"), "user"),
        (("network",), {"latency": 5}),
        (("network",), {"loss": 1.2}),
        (("faults",), [{"crash": "users", "at": "-5s", "for": "1s"}]),
        (("policies",), {"breaker": {"enabled": "yes"}}),
    ],
)
def test_what_the_loader_refuses_value_by_value_the_schema_refuses(path: tuple[str, ...], value: Any) -> None:
    document = copy.deepcopy(plain(SHOP))
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
