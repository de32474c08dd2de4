"""The command line: ``eventlab run scenarios/payment-outage.yaml``.

Nothing heavy is imported before a command needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from .check import check
from .compare import compare
from .exits import guarded
from .formats import Format
from .saga_commands import saga_app
from .shop_commands import shop_app
from .store_commands import store_app

app = typer.Typer(
    name="eventlab",
    help="A flight simulator for distributed, event-sourced systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(store_app)
app.add_typer(saga_app)
app.add_typer(shop_app)


class Clock(StrEnum):
    """Which clock a run lives on."""

    virtual = "virtual"
    real = "real"


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"eventlab {__version__}")
        raise typer.Exit


@app.callback()
def _eventlab(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario, a YAML file.", show_default=False)],
    clock: Annotated[Clock, typer.Option(help="Virtual time (SimPy), or the real clock (asyncio's own loop).")] = (
        Clock.virtual
    ),
    speed: Annotated[float, typer.Option(help="How many times faster the real clock runs.", min=0.01)] = 1.0,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where each service keeps its events on the real clock, with {service} in it."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run: finish its sagas, then start the rest.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Use this seed instead of the file's.", show_default=False)] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a value, as in policies.breaker.enabled=false."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the run folder goes.", show_default=False)
    ] = None,
    app_: Annotated[
        str | None,
        typer.Option("--app", metavar="MODULE:FUNCTION", help="Your own services, for `app:` entries in the file."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="The summary for people, or as JSON.")] = Format.text,
    trace: Annotated[
        bool, typer.Option("--trace", help="Also write its spans, as OpenTelemetry's tools read.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only the verdict.")] = False,
) -> None:
    """Run a scenario, judge it, and write its folder and report.

    Exit code: 0 all expectations met, 1 one failed, 2 usage or invalid file, 3 inconclusive,
    4 internal error, 130 interrupted.
    """
    with guarded():
        from .run import RunOptions, run_scenario

        code = run_scenario(
            RunOptions(
                file=file,
                real=clock is Clock.real,
                speed=speed,
                store=store,
                resume=resume,
                seed=seed,
                sets=tuple(sets or ()),
                out=out,
                app=app_,
                as_json=format_ is Format.json,
                trace=trace,
                quiet=quiet,
            )
        )
    raise typer.Exit(code)


app.command()(compare)
app.command()(check)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    with guarded():
        from ..scenarios.schema import schema_json

        typer.echo(schema_json().decode(), nl=False)


def main() -> None:
    """The entry point of the ``eventlab`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows a ?, and the run is told all the same
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
