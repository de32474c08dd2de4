"""What the tests of all chapters ask of a notebook file."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.sources import ROOT

FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("[0-9]*.ipynb"))

LINES_MAX = 15
PICTURE_BYTES_MAX = 60_000
WIDGET = "application/vnd.jupyter.widget-view+json"
MACHINE = re.compile(r"/(?:home|root|tmp|work|Users)/|site-packages|0x[0-9a-f]{6}")
"""What tells of the machine on which a notebook was run."""


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def long_cells(notebook: NotebookNode) -> list[str]:
    """The code cells with more lines than a reader takes in at once; blank ones do not count."""
    lines = {cell.id: sum(1 for line in cell.source.splitlines() if line.strip()) for cell in code_cells(notebook)}
    return [f"{name} has {number} lines" for name, number in lines.items() if number > LINES_MAX]


def unrun(notebook: NotebookNode) -> list[str]:
    """Code cells that were not run in order from a clean kernel, or that ended in an error or a warning."""
    wrong = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != number:
            wrong.append(f"{cell.id} was run as number {cell.execution_count}, not {number}")
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                wrong.append(f"{cell.id} complains")
    return wrong


def traces(notebook: NotebookNode) -> list[str]:
    """What is left of the machine that ran it: its folders, its times, its version, its dead controls."""
    wrong = [f"{cell.id} keeps its times" for cell in code_cells(notebook) if "execution" in cell.metadata]
    if "version" in notebook.metadata.get("language_info", {}):
        wrong.append("the version of Python is kept")
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            texts = [output.get("text", ""), *(text for kind, text in data.items() if kind.startswith("text/"))]
            if WIDGET in data:
                wrong.append(f"{cell.id} keeps a control")
            wrong += [f"{cell.id} names {found[0]}" for text in texts if (found := MACHINE.search(text))]
    return wrong


def wordless(notebook: NotebookNode) -> list[str]:
    """Figures that are not followed by their words, or that have none in their place, or are too heavy."""
    wrong = []
    for cell in code_cells(notebook):
        for at, output in enumerate(cell.outputs):
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            words = " ".join(data.get("text/plain", "").split())
            after = cell.outputs[at + 1].get("text", "") if at + 1 < len(cell.outputs) else ""
            if len(words) < 40 or output.metadata.get("image/png", {}).get("alt", "") != words:
                wrong.append(f"{cell.id}: nothing stands for the figure")
            if " ".join(after.split()) != words:
                wrong.append(f"{cell.id}: no words below the figure")
            if len(data["image/png"]) * 3 / 4 > PICTURE_BYTES_MAX:
                wrong.append(f"{cell.id}: a figure of {len(data['image/png']) * 3 // 4} bytes")
    return wrong
