"""A chapter has the shape that readers know, and its outputs are those of one clean run on any machine."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path

import nbformat.v4
import pytest
from nbformat import NotebookNode

from tests.docs.test_links import LINK, dead
from tests.notebooks.chapters import FOLDER, PATHS, code_cells, long_cells, prose, read, traces, unrun, wordless

HEADINGS = ("Predict", "Exercise", "Against theory", "What we now know", "Design note", "Three questions", "read on")

chapters = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_there_is_a_chapter() -> None:
    assert PATHS


@chapters
def test_a_chapter_is_a_valid_notebook_with_stable_names_for_its_cells(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", cell.id) for cell in notebook.cells)


@chapters
def test_its_title_asks_one_question(path: Path) -> None:
    title, *others = re.findall(r"^# (.+)$", prose(read(path)), re.MULTILINE)
    assert title.endswith("?") and others == []


@chapters
def test_its_parts_are_there(path: Path) -> None:
    headings = re.findall(r"^##+ (.+)$", prose(read(path)), re.MULTILINE)
    assert [part for part in HEADINGS if not any(part in heading for heading in headings)] == []


@chapters
def test_it_names_objectives_seed_time_and_its_neighbours(path: Path) -> None:
    header = read(path).cells[0].source
    assert 3 <= len(re.findall(r"^- \*\*\w+\*\*", header, re.MULTILINE)) <= 5
    assert all(word in header for word in ("Seed", "seconds", "Previous", "(README.md)", "Next"))


@chapters
def test_readers_predict_at_least_twice(path: Path) -> None:
    source = "\n".join(cell.source for cell in code_cells(read(path)))
    assert source.count("predict(") >= 2
    assert source.count(".reveal(") == source.count("predict(")


@chapters
def test_its_last_cell_asserts_what_it_claimed(path: Path) -> None:
    assert read(path).cells[-1].source.startswith("assert ")


@chapters
def test_whatever_it_points_to_is_there(path: Path) -> None:
    text = prose(read(path))
    assert dead(path, text) == []
    assert path.name in LINK.findall((FOLDER / "README.md").read_text(encoding="utf-8"))


@chapters
@pytest.mark.parametrize("found_in", [long_cells, unrun, traces, wordless])
def test_its_cells_are_short_and_its_outputs_clean(path: Path, found_in: Callable[[NotebookNode], list[str]]) -> None:
    assert found_in(read(path)) == []


@chapters
def test_every_cell_with_an_output_says_whether_it_is_compared(path: Path) -> None:
    tags = {cell.id: cell.metadata.get("tags", []) for cell in code_cells(read(path)) if cell.outputs}
    assert [
        name for name, given in tags.items() if not set(given) & {"nbval-check-output", "nbval-ignore-output"}
    ] == []


@pytest.fixture
def chapter() -> NotebookNode:
    return copy.deepcopy(read(PATHS[0]))


def plant_a_long_cell(chapter: NotebookNode) -> None:
    code_cells(chapter)[0].source = "x = 1\n" * 16


def plant_an_error(chapter: NotebookNode) -> None:
    code_cells(chapter)[0].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]


def plant_a_cell_run_twice(chapter: NotebookNode) -> None:
    code_cells(chapter)[3].execution_count += 20


def plant_a_path(chapter: NotebookNode) -> None:
    place = "/".join(["", "home", "somebody", "shop.db"])
    code_cells(chapter)[0].outputs = [nbformat.v4.new_output("stream", text=f"written to {place}")]


def plant_a_time(chapter: NotebookNode) -> None:
    code_cells(chapter)[0].metadata["execution"] = {}


def plant_a_figure_without_words(chapter: NotebookNode) -> None:
    code_cells(chapter)[0].outputs = [nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0K"})]


@pytest.mark.parametrize(
    ("plant", "found_in"),
    [
        (plant_a_long_cell, long_cells),
        (plant_an_error, unrun),
        (plant_a_cell_run_twice, unrun),
        (plant_a_path, traces),
        (plant_a_time, traces),
        (plant_a_figure_without_words, wordless),
    ],
)
def test_a_planted_fault_is_named(
    chapter: NotebookNode, plant: Callable[[NotebookNode], None], found_in: Callable[[NotebookNode], list[str]]
) -> None:
    plant(chapter)
    assert found_in(chapter) != []
