"""Run notebooks from a clean kernel and keep what they show: ``python notebooks/refresh.py 01_….ipynb``.

What is kept is the same on every machine, but for cells tagged
`nbval-ignore-output`: no times of execution, no version of Python, and no
controls, which would be dead without their kernel; their words stay.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"


def refreshed(path: Path) -> NotebookNode:
    """The notebook with the outputs of a fresh run."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": path.parent}}).execute()
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:]:
        nbformat.write(refreshed(Path(name)), name)
