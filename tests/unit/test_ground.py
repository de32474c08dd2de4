"""The files around the package agree with one another, and speak of the project alone."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.sources import ROOT

ON_PYPI = {"matplotlib-base": "matplotlib"}
"""Where conda-forge's name is another one."""

FOR_READERS = ("report", "lab", "http", "test")
"""The extras that environment.yml brings; a browser and linters are for those who change the package."""


def declared(project: dict, extras: tuple[str, ...]) -> dict[str, SpecifierSet]:
    """What pyproject.toml asks for, by name; references from one extra to another are followed."""
    found: dict[str, SpecifierSet] = {}
    pending = [
        *project["dependencies"],
        *(text for extra in extras for text in project["optional-dependencies"][extra]),
    ]
    while pending:
        requirement = Requirement(pending.pop())
        if requirement.name == project["name"]:
            pending += [text for extra in requirement.extras for text in project["optional-dependencies"][extra]]
        else:
            found[canonicalize_name(requirement.name)] = requirement.specifier
    return found


def conda(environment: dict) -> dict[str, SpecifierSet]:
    """What environment.yml asks for, by PyPI's names; conda's ``=3.12`` means any 3.12."""
    found = {}
    for entry in environment["dependencies"]:
        if isinstance(entry, dict):
            continue
        name, wanted = re.fullmatch(r"([\w.-]+)\s*(.*)", entry).groups()
        if re.match(r"=[^=]", wanted):
            wanted = f"={wanted}.*"
        found[canonicalize_name(ON_PYPI.get(name, name))] = SpecifierSet(wanted)
    return found


def disagreements(project: dict, environment: dict) -> list[str]:
    """A line for each point in which the two files differ."""
    ours, theirs = declared(project, FOR_READERS), conda(environment)
    python = theirs.pop("python", SpecifierSet())
    theirs.pop("pip", None)
    wrong = [f"{name}: pyproject.toml wants it, environment.yml has it not" for name in sorted(set(ours) - set(theirs))]
    wrong += [f"{name}: only environment.yml has it" for name in sorted(set(theirs) - set(ours))]
    wrong += [
        f"{name}: {ours[name]} in pyproject.toml, {theirs[name]} in environment.yml"
        for name in sorted(set(ours) & set(theirs))
        if ours[name] != theirs[name]
    ]
    minor = str(python).removeprefix("==").removesuffix(".*")
    if not minor or minor not in SpecifierSet(project["requires-python"]):
        wrong.append(f"python {minor or 'of any version'} is not within {project['requires-python']}")
    if {"pip": ["-e ."]} not in environment["dependencies"]:
        wrong.append("environment.yml does not install the package itself")
    return wrong


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def environment() -> dict:
    return YAML(typ="safe").load((ROOT / "environment.yml").read_text())


def test_the_conda_environment_agrees_with_the_project_file() -> None:
    assert disagreements(project(), environment()) == []


@pytest.mark.parametrize(
    ("entry", "planted", "says"),
    [
        ("simpy>=4.1", "simpy>=4.0", "simpy: >=4.1 in pyproject.toml, >=4.0 in environment.yml"),
        ("rich>=13", None, "rich: pyproject.toml wants it, environment.yml has it not"),
        ("rich>=13", "rich>=13\n  - seaborn", "seaborn: only environment.yml has it"),
        ("python=3.12", "python=3.10", "python 3.10 is not within >=3.11"),
        ("python=3.12", None, "python of any version is not within >=3.11"),
    ],
)
def test_a_planted_disagreement_is_named(entry: str, planted: str | None, says: str) -> None:
    text = (ROOT / "environment.yml").read_text()
    line = f"  - {entry}\n"
    assert line in text
    changed = text.replace(line, f"  - {planted}\n" if planted else "")
    assert disagreements(project(), YAML(typ="safe").load(changed)) == [says]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_everything_the_project_asks_for_is_pinned_and_within_its_bounds() -> None:
    pinned = {canonicalize_name(name): wanted for name, wanted in pins().items()}
    wanted = declared(project(), ("dev",))
    assert [name for name in wanted if name not in pinned] == []
    assert [name for name, bounds in wanted.items() if pinned[name] not in bounds] == []


MACHINE = re.compile("|".join(["/wor" + "k/", "/roo" + "t/", "/far" + "m/", r"/ho" + r"me/\w+/", r"/Use" + r"rs/\w+/"]))
REGISTRY = re.compile(
    r"https?://[^\s\"')]*(pyp" + r"i\.|pythonhos" + r"ted|regis" + r"try\.|/sim" + r"ple\b)|--index-" + "url"
)
TEXT_MAX_BYTES = 2_000_000


def strangers(name: str, text: str) -> list[str]:
    """A line for each place of one machine, or address of a registry, in *text*."""
    return [
        f"{name}:{number}: {found.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern in (MACHINE, REGISTRY)
        if (found := pattern.search(line))
    ]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_a_place_on_one_machine_or_the_address_of_a_registry() -> None:
    wrong = []
    for path in tracked():
        if path.is_file() and path.stat().st_size < TEXT_MAX_BYTES:
            wrong += strangers(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="ignore"))
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        'File "/ho' + 'me/ann/eventlab/x.py"',
        "see /wor" + "k/notes",
        "pip install --index-" + "url x",
        "https://pyp" + "i.org/sim" + "ple/rich",
    ],
)
def test_a_planted_stranger_is_found(text: str) -> None:
    assert len(strangers("x", f"\n{text}\n")) >= 1
