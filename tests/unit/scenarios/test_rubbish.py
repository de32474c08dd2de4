"""Whatever a file holds, loading it gives a scenario or its problems, and never anything else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from eventlab.errors import ScenarioInvalid
from eventlab.scenarios.loading import from_document, load
from eventlab.scenarios.rows import parse_rows

from .documents import ORDERS_CSV, SHOP, put

SHIPPED = Path(__file__).parents[3] / "scenarios" / "payment-outage.yaml"
DOCUMENT: dict[str, Any] = YAML(typ="safe", pure=True).load(SHIPPED.read_text())

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["5s", "-5s", "5%", "20/s", "orders", "uniform(1ms", "{", "sagas.stuck == 0", "\0", "~/x"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=8), st.sampled_from(["shop", "model", "at", "crash"])), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def outcome(folder: Path, text: str | bytes, sets: tuple[str, ...] = ()) -> None:
    """Loads, and lets every error but ScenarioInvalid through."""
    try:
        load(put(folder, text), sets)
    except ScenarioInvalid as invalid:
        assert invalid.problems
        assert all(line.isprintable() for line in invalid.problems), invalid.problems


@given(st.binary(max_size=60))
def test_random_bytes(folder: Path, data: bytes) -> None:
    outcome(folder, data)


@given(st.text(alphabet="abq:-[]{}&*!|>'\"#%@`,?\n\t 01.~<=\\", max_size=40))
def test_random_text_of_yaml_signs(folder: Path, text: str) -> None:
    outcome(folder, text)


@given(st.integers(0, len(SHOP)), st.integers(0, 12), st.text(alphabet="ab:-[]{}&*!\n 01.s%", max_size=6))
def test_a_file_with_a_piece_replaced(folder: Path, at: int, length: int, piece: str) -> None:
    outcome(folder, SHOP[:at] + piece + SHOP[at + length :])


@given(st.text(max_size=30), values)
def test_random_sets(folder: Path, path: str, value: Any) -> None:
    outcome(folder, SHOP, (f"{path}={value}", f"policies.{path}=1", f"load.orders={value}"))


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, part in inside for path in paths(part, (*at, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at *path*."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(document[path[0]], path[1:], value)
    return copy


@settings(max_examples=200)
@given(st.sampled_from(paths(DOCUMENT)), values)
def test_a_document_with_any_one_value_replaced(path: tuple[Any, ...], value: Any) -> None:
    try:
        from_document(changed(DOCUMENT, path, value))
    except ScenarioInvalid as invalid:
        assert invalid.problems


@given(st.integers(0, len(ORDERS_CSV)), st.integers(0, 9), st.text(alphabet='1-,"\n\r\0x.', max_size=6))
def test_an_orders_file_with_a_piece_replaced(at: int, length: int, piece: str) -> None:
    rows, problems = parse_rows(ORDERS_CSV[:at] + piece + ORDERS_CSV[at + length :], "orders.csv")
    assert rows or problems
