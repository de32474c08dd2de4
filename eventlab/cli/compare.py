"""``eventlab compare``: variants of a scenario on the same seeds, and whether they really differ."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InvalidValue, RunRefused
from .exits import INCONCLUSIVE, MET, guarded
from .formats import Format


@dataclass(frozen=True)
class CompareOptions:
    """What was said on the command line."""

    file: Path
    sets: tuple[str, ...] = ()
    replications: int = 30
    seed: int | None = None
    metrics: tuple[str, ...] = ()
    confidence: str = "95%"
    warm_up: str = "0s"
    workers: int | None = None
    app: str | None = None
    as_json: bool = False
    quiet: bool = False


def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario, a YAML file.", show_default=False)],
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=A,B",
            help="Compare values, as in policies.breaker.enabled=true,false; one value changes every variant.",
        ),
    ] = None,
    replications: Annotated[int, typer.Option(help="How many seeds each variant runs with.")] = 30,
    seed: Annotated[
        int | None, typer.Option(help="Let the seeds follow from this one, not from the file's.", show_default=False)
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="PATH", help="What to compare, as in latency.p95; `all` for whatever there is."
        ),
    ] = None,
    confidence: Annotated[str, typer.Option(metavar="SHARE", help="How sure the intervals are.")] = "95%",
    warm_up: Annotated[
        str, typer.Option(metavar="DURATION", help="Leave out of the metrics what began before; `auto` finds it.")
    ] = "0s",
    workers: Annotated[
        int | None,
        typer.Option(help="How many processes share the runs; it changes no byte.", show_default="one for each core"),
    ] = None,
    app_: Annotated[
        str | None,
        typer.Option("--app", metavar="MODULE:FUNCTION", help="Your own services, for `app:` entries in the file."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="The findings for people, or as JSON.")] = Format.text,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Run variants of a scenario on the same seeds, and say whether the difference is real.

    Exit code: 0 compared, whatever was found, 2 usage or invalid file, 3 nothing in it could be compared,
    4 internal error, 130 interrupted.
    """
    with guarded():
        code = compare_variants(
            CompareOptions(
                file=file,
                sets=tuple(sets or ()),
                replications=replications,
                seed=seed,
                metrics=tuple(metrics or ()),
                confidence=confidence,
                warm_up=warm_up,
                workers=workers,
                app=app_,
                as_json=format_ is Format.json,
                quiet=quiet,
            )
        )
    raise typer.Exit(code)


def compare_variants(options: CompareOptions) -> int:
    """Compare, tell, and give back the exit code."""
    from ..scenarios.comparing import carry_out, plan
    from ..simulation.statistics.replicating import check_replications
    from ..simulation.statistics.workers import check_workers
    from .apps import load_apps
    from .progress import bar
    from .telling import telling

    workers = _cores() if options.workers is None else options.workers
    check_replications(options.replications)
    check_workers(workers)
    ready = plan(
        options.file,
        _sets(options),
        replications=options.replications,
        metrics=options.metrics,
        confidence=_confidence(options.confidence),
        warm_up_s=_warm_up_s(options.warm_up),
        apps=partial(load_apps, options.app) if options.app else None,
    )
    with bar("runs", ready.runs_in_all, quiet=options.quiet) as progress:
        findings = carry_out(ready, workers=workers, progress=progress)
    with telling("the comparison is lost"):
        if options.as_json:
            typer.echo(findings.to_json().decode(), nl=False)
        else:
            from ..reports.comparison import comparison_text

            typer.echo(comparison_text(findings), nl=False)
    return MET if any(metric.differences for metric in findings.metrics) else INCONCLUSIVE


def _cores() -> int:
    return os.cpu_count() or 1


def _sets(options: CompareOptions) -> list[str]:
    if options.seed is None:
        return list(options.sets)
    for text in options.sets:
        path, equals, _ = text.partition("=")
        if equals and path.strip() == "seed":
            raise RunRefused(f"--seed {options.seed} and --set {text} both give the seed: leave one of them out")
    return [*options.sets, f"seed={options.seed}"]


def _confidence(text: str) -> float:
    from ..scenarios.units import Misread, probability
    from ..simulation.statistics.student import check_confidence

    try:
        share = probability(float(text) if "%" not in text else text)
    except Misread as problem:
        raise RunRefused(f"--confidence {text}: {problem}") from None
    except ValueError:
        raise InvalidValue("--confidence", text, "a share between 0 % and 100 %, such as 95% or 0.95") from None
    check_confidence(share)
    return round(share, 12)  # 99.9 × 0.01 is 0.9990000000000001


def _warm_up_s(text: str) -> float | None:
    from ..scenarios.units import Misread, duration_s

    if text == "auto":
        return None
    try:
        return duration_s(text)
    except Misread as problem:
        raise RunRefused(f"--warm-up {text}: {problem}") from None
