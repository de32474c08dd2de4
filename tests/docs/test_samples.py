"""What a page shows is what one gets: its programs run, and print what stands below them; its commands exist."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from eventlab.cli import app
from eventlab.scenarios import load
from eventlab.scenarios.variants import Variant, variants_of
from tests.docs.test_links import pages
from tests.sources import ROOT

SAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n[^`\n][^\n]*)*\n*(?:^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def samples(text: str) -> list[tuple[str, str]]:
    """Each Python program of a page, and the output that is shown for it."""
    return SAMPLE.findall(text)


def printed(program: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "sample", "exec", dont_inherit=True), {"__name__": "sample"})
    return out.getvalue()


PROGRAMS = [
    pytest.param(program, shown, id=f"{page.name}-{number}")
    for page in pages()
    for number, (program, shown) in enumerate(samples(page.read_text(encoding="utf-8")), start=1)
    if "\ndef test_" not in program  # tests are for pytest to run: test_library
]


@pytest.mark.parametrize(("program", "shown"), PROGRAMS)
def test_a_program_prints_what_is_shown(program: str, shown: str) -> None:
    assert printed(program) == shown


def test_the_first_page_has_a_program_with_its_output() -> None:
    ((program, shown),) = samples((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "World(" in program and ".partition(" in program
    assert len(shown.splitlines()) == 3


def test_a_planted_difference_is_seen() -> None:
    page = "Text.\n\n```python\nprint(1)\n```\n\nIt prints:\n\n```text\n2\n```\n"
    ((program, shown),) = samples(page)
    assert (printed(program), shown) == ("1\n", "2\n")


def commands(page: Path) -> list[list[str]]:
    """The words of each `eventlab` command of a page."""
    blocks = "".join(SHELL.findall(page.read_text(encoding="utf-8")))
    return [words[1:] for line in blocks.splitlines() if (words := shlex.split(line)) and words[0].endswith("eventlab")]


def wrong_with(words: list[str]) -> list[str]:
    """What is not as a command says: its name, its options, its file, its changes to that file."""
    name, *rest = words
    known = COMMANDS
    while isinstance(group := known.get(name), typer.core.TyperGroup) and rest:  # as in `store info`
        known, (name, *rest) = group.commands, rest
    if name not in known:
        return [f"there is no command {name!r}"]
    options: dict[str, Any] = {text: each for each in known[name].params for text in each.opts}
    wrong = [f"{name} has no option {word}" for word in rest if word.startswith("-") and word not in options]
    files = [word for word in rest if word.endswith(".yaml")]
    sets = [value for option, value in pairwise(rest) if option == "--set"]
    for file in files:
        try:
            for each in variants_of(sets) if name == "compare" else [Variant("", tuple(sets), ())]:
                load(ROOT / file, each.sets)
        except Exception as error:
            wrong.append(str(error))
    return wrong


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_on_a_page_can_be_typed(page: Path) -> None:
    assert [problem for words in commands(page) for problem in wrong_with(words)] == []


def test_the_first_page_has_commands() -> None:
    assert len(commands(ROOT / "README.md")) >= 4


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fly scenarios/payment-outage.yaml", "no command 'fly'"),
        ("store burn sqlite:///shop.db", "no command 'burn'"),
        ("store tail sqlite:///shop.db --folow", "tail has no option --folow"),
        ("run scenarios/payment-outage.yaml --sped 10", "no option --sped"),
        ("run scenarios/payment-outrage.yaml", "no such file"),
        ("compare scenarios/payment-outage.yaml --set faults.0.for=30s", "nothing to compare"),
        ("run scenarios/payment-outage.yaml --set policies.braker.enabled=false", "did you mean 'breaker'?"),
    ],
)
def test_a_planted_mistake_in_a_command_is_told(line: str, says: str) -> None:
    (problem,) = wrong_with(line.split())
    assert says in problem
