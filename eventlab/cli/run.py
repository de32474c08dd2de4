"""``eventlab run``: load, run on either clock, judge, write the folder, tell the story."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import typer

from ..errors import RunRefused
from ..scenarios import Loaded, Manifest, Progress, Run, load, run_virtual
from ..scenarios.assembly import AppFactory, check_apps
from ..scenarios.folder import REPORT, RunFolder, default_path, writing
from ..scenarios.real import prepare_real
from ..store.opening import without_secrets
from ..telemetry import TraceLog, needs_opentelemetry, otlp_json, tracing
from .apps import load_apps
from .exits import VERDICTS
from .progress import bar
from .telling import telling

TRACES = "traces.json"


@dataclass(frozen=True)
class RunOptions:
    """What was said on the command line."""

    file: Path
    real: bool = False
    speed: float = 1.0
    store: str | None = None
    resume: bool = False
    seed: int | None = None
    sets: tuple[str, ...] = ()
    out: Path | None = None
    app: str | None = None
    as_json: bool = False
    trace: bool = False
    quiet: bool = False


def run_scenario(options: RunOptions) -> int:
    """Run, and give back the exit code of the verdict."""
    _check(options)
    sets = list(options.sets) if options.seed is None else [*options.sets, f"seed={options.seed}"]
    loaded = load(options.file, sets)
    apps = load_apps(options.app) if options.app else {}
    path = options.out or default_path(loaded.name, loaded.scenario.seed)
    with _prepared(options, loaded, apps) as run_it, writing(path, _manifest(options, loaded)) as folder:
        with bar(*_what(loaded), quiet=options.quiet) as progress, _traced(options) as log:
            run = run_it(progress)
        run.write(folder)
        if log is not None:
            folder.write(TRACES, otlp_json(log))
        report = _write_report(run, folder)
    with telling(f"the run lies in {path}"):
        _print(options, run, path, report)
    return VERDICTS[run.summary.verdict]


def _check(options: RunOptions) -> None:
    if options.trace:
        needs_opentelemetry()
    for text in options.sets if options.seed is not None else ():
        path, equals, _ = text.partition("=")
        if equals and path.strip() == "seed":
            raise RunRefused(f"--seed {options.seed} and --set {text} both give the seed: leave one of them out")
    if not options.real:
        given = [
            name
            for name, is_given in (
                ("--speed", options.speed != 1.0),
                ("--store", options.store is not None),
                ("--resume", options.resume),
            )
            if is_given
        ]
        if given:
            verb, them = ("belongs", "it") if len(given) == 1 else ("belong", "them")
            raise RunRefused(f"{' and '.join(given)} {verb} to the real clock: add --clock real, or leave {them} out")
    elif options.resume and not options.store:
        raise RunRefused("--resume needs the --store URL of the run that was interrupted")


def _traced(options: RunOptions) -> AbstractContextManager[TraceLog | None]:
    return tracing() if options.trace else nullcontext()


def _manifest(options: RunOptions, loaded: Loaded) -> Manifest:
    return Manifest(
        scenario=loaded.name,
        scenario_path=str(options.file),
        document=loaded.document,
        seed=loaded.scenario.seed,
        clock="real" if options.real else "virtual",
        speed=options.speed if options.real else 0.0,
        store=without_secrets(options.store or ""),
        argv=[without_secrets(word) if "://" in word else word for word in sys.argv[1:]],
    )


def _prepared(
    options: RunOptions, loaded: Loaded, apps: Mapping[str, AppFactory]
) -> AbstractContextManager[Callable[[Progress | None], Run]]:
    """What runs the scenario. Whatever can be refused is refused here, while nothing is written yet."""
    if options.real:
        return prepare_real(
            loaded, speed=options.speed, store_url=options.store or "memory:", resume=options.resume, apps=apps
        )
    check_apps(loaded, apps)
    return nullcontext(lambda progress: run_virtual(loaded, apps=apps, progress=progress))


def _what(loaded: Loaded) -> tuple[str, int | None]:
    """What progress counts, and how many there are, where that is known."""
    return ("orders", len(loaded.orders)) if loaded.orders else ("requests", None)


def _write_report(run: Run, folder: RunFolder) -> Path | None:
    """The report, where what draws it is installed; without it the run is complete all the same."""
    try:
        from ..reports import write_report
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "pandas", "numpy"):
            raise
        typer.echo("no report.html: figures need matplotlib; install eventlab[report]", err=True)
        return None
    return folder.write(REPORT, write_report(run))


def _print(options: RunOptions, run: Run, folder: Path, report: Path | None) -> None:
    if options.as_json:
        typer.echo(run.summary.to_json().decode(), nl=False)
        return
    if options.quiet:
        typer.echo(f"{run.summary.verdict}: {folder}")
        return
    from rich.console import Console

    from ..reports.terminal import plain_summary, terminal_summary

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(terminal_summary(run.summary, folder=folder, report=report))
    else:
        typer.echo(plain_summary(run.summary, folder=folder, report=report), nl=False)
