"""What a command line costs before it does anything: help against an empty typer app, and what an import loads."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Goal, Row, Sample, fact, main, measure, per_unit

TWO_COMMANDS = '''
import typer

app = typer.Typer()


@app.command()
def run(path: str) -> None:
    """Run."""


@app.command()
def check(path: str) -> None:
    """Check."""


app()
'''

HEAVY = ("pandas", "matplotlib", "sqlalchemy.orm")


def command(*arguments: str) -> Sample:
    """A fresh process with the same interpreter, from start to end, in milliseconds."""

    def run() -> float:
        return per_unit(
            lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True), 1, scale=1e3
        )

    return Sample(run)


def loads(module: str) -> bool:
    """Whether ``import eventlab`` brings *module* along."""
    program = f"import sys, eventlab; sys.exit({module!r} in sys.modules)"
    return bool(subprocess.run([sys.executable, "-c", program], check=False).returncode)


def rows() -> Iterator[Row]:
    """The promises of the command line."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "two_commands.py"
        empty.write_text(TWO_COMMANDS)
        yield measure(
            "cli/help",
            command("-c", "from eventlab.cli import main; main()", "--help"),
            "cli/typer_two_commands",
            command(str(empty), "--help"),
            goal=Goal(1.5),
            unit="ms",
            rounds=11,
        )
    for module in HEAVY:
        yield fact(f"import/loads_{module}", float(loads(module)), "0 or 1", goal=Goal(0))


if __name__ == "__main__":
    main(rows)
