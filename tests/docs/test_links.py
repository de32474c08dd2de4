"""Whatever a page points to is there: links, headings, files, tests, notebook cells and make targets."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import ROOT

SKIP = (".venv", ".git", "node_modules", "runs", "build", "dist", ".pytest_cache", ".ipynb_checkpoints")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(r"(?:\.ci|benchmarks|data|docs|eventlab|notebooks|scenarios|tests)/[^\s{}*…<>]*(?:::.+)?")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ROWS = {"M": 89, "D": 92}
SHOWS = re.compile(r"`tests/\S+/test_\w+\.py(::(test_|[A-Z])\w+)?`|`eventlab/testing/\S+::\w+`")
"""What shows a row: a test, a file of tests, a state machine, or a law that every implementation keeps."""
CELL = re.compile(r"`notebooks/\d\d_\w+\.ipynb::[^`]+`")


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    found = (
        path for path in ROOT.rglob("*.md") if not any(part.startswith(SKIP) for part in path.parts[len(ROOT.parts) :])
    )
    return sorted(found)


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> list[str]:
    return [slug(heading) for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)]


def dead(page: Path, text: str) -> list[str]:
    """A line for each thing that *text*, standing at *page*, points to and that is not there."""
    text_alone = FENCE.sub("", text)
    wrong = [problem for target in LINK.findall(text_alone) if (problem := dead_link(page, text, target))]
    for code in CODE.findall(text_alone):
        if PLACE.fullmatch(code) and (problem := dead_place(code)):
            wrong.append(problem)
        if code.startswith("make "):
            goals = [word for word in code.split()[1:] if "=" not in word]
            wrong += [f"there is no target for `{code}`" for goal in goals if goal not in targets()]
    return [f"{page.name}: {problem}" for problem in wrong]


def dead_link(page: Path, text: str, target: str) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None  # elsewhere: tests need no network
    path, _, anchor = target.partition("#")
    there = page.parent / path if path else page
    if not there.exists():
        return f"({target}) is not there"
    if anchor and anchor not in anchors(there.read_text(encoding="utf-8") if path else text):
        return f"({target}): no such heading"
    return None


def dead_place(code: str) -> str | None:
    """``path``, ``path.py::name`` or ``path.ipynb::heading``, from the top of the project."""
    path, _, name = code.partition("::")
    there = ROOT / path
    if not there.exists():
        return f"`{path}` is not there"
    if name and name not in names_in(there):
        return f"`{path}` has no {name!r}"
    return None


def names_in(path: Path) -> Iterator[str]:
    """Functions and classes of a module, or headings of a notebook."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        return (heading.strip() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )


def targets() -> list[str]:
    return re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_whatever_a_page_points_to_is_there(page: Path) -> None:
    assert dead(page, page.read_text(encoding="utf-8")) == []


HERE = "tests/docs/test_links.py"


@pytest.mark.parametrize(
    "text",
    [
        "[gone](gone.md)",
        "[gone](#no-such-heading)",
        "# Heading\n[gone](README.md#nor-this-one)",
        "`tests/unit/test_gone.py`",
        f"`{HERE}::test_gone`",
        "`make coffee`",
    ],
)
def test_a_planted_dead_end_is_named(text: str) -> None:
    assert len(dead(ROOT / "README.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[there](LICENSE)",
        "# Some heading, with: signs\n[there](#some-heading-with-signs)",
        f"`{HERE}::test_a_planted_dead_end_is_named`",
        "[elsewhere](https://example.org/x)",
        "```\n[in code](gone.md)\n```",
        "`make PYTHON=python3.13 demo`",
    ],
)
def test_what_is_there_is_not_complained_of(text: str) -> None:
    assert dead(ROOT / "README.md", text) == []


def missing_rows(text: str) -> list[str]:
    """Ids that are absent from *text*, doubled, or say neither where they are shown nor that they are open."""
    rows = re.findall(r"^\| ([MD]-\d\d) \| .+? \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    ids = [row[0] for row in rows]
    wanted = [f"{letter}-{number:02}" for letter, count in ROWS.items() for number in range(1, count + 1)]
    wrong = [f"{name}: {ids.count(name)} rows" for name in wanted if ids.count(name) != 1]
    wrong += [f"{name}: no such row" for name in ids if name not in wanted]
    for name, tests, cells in rows:
        wrong += [f"{name}: {part}" for part in tests.split("<br>") if part != "*open*" and not SHOWS.fullmatch(part)]
        wrong += [f"{name}: {part}" for part in cells.split("<br>") if part != "*open*" and not CELL.fullmatch(part)]
    return wrong


def test_every_fault_and_concept_has_its_row() -> None:
    assert missing_rows((ROOT / "docs" / "chapter.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("| D-07 |", "| D-7 |", ["D-07: 0 rows"]),
        ("| M-03 |", "| M-02 |", ["M-02: 2 rows", "M-03: 0 rows"]),
        ("| M-89 |", "| M-90 |", ["M-89: 0 rows", "M-90: no such row"]),
    ],
)
def test_a_row_that_is_lost_is_named(old: str, new: str, says: list[str]) -> None:
    text = (ROOT / "docs" / "chapter.md").read_text(encoding="utf-8")
    assert missing_rows(text.replace(old, new)) == says


@pytest.mark.parametrize(
    ("tests", "cell", "says"),
    [
        ("somewhere", "*open*", "somewhere"),
        ("*open*", "somewhere", "somewhere"),
        ("`eventlab/store/memory.py`", "*open*", "`eventlab/store/memory.py`"),
        (f"`{HERE}::missing_rows`", "*open*", f"`{HERE}::missing_rows`"),
        (f"`{HERE}`<br>and more", "*open*", "and more"),
        ("*open*", f"`{HERE}`", f"`{HERE}`"),
    ],
)
def test_a_row_that_points_to_no_test_or_no_cell_is_named(tests: str, cell: str, says: str) -> None:
    text = (ROOT / "docs" / "chapter.md").read_text(encoding="utf-8")
    planted = re.sub(r"(\| D-92 \| .+? \|) .+? \| .+? \|", rf"\1 {tests} | {cell} |", text)
    assert missing_rows(planted) == [f"D-92: {says}"]
