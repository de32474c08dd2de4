"""``eventlab saga …``: what one sees of sagas, and does about them. Only the shapes; `saga` does the work."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from .exits import guarded
from .store_commands import INTEGER_MAX, As, Layout, Modules, Url

saga_app = typer.Typer(
    name="saga",
    help="See how sagas stand, and help those that are stuck. URL is sqlite:///orders.db or postgresql://…",
    no_args_is_help=True,
    add_completion=False,
)

SagaId = Annotated[str, typer.Argument(metavar="SAGA", help="The saga's id.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
AtVersion = Annotated[
    int | None,
    typer.Option(
        "--at-version", help="As it was at this version of its log.", min=1, max=INTEGER_MAX, show_default=False
    ),
]


@saga_app.command("list")
def list_(
    url: Url,
    stuck: Annotated[bool, typer.Option("--stuck", help="Those that wait for a person.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Those under way, forward or back.")] = False,
    ended: Annotated[bool, typer.Option("--ended", help="Those that are over, however they ended.")] = False,
    definition: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only sagas of this definition.", show_default=False)
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Only those begun so long ago, as 15min.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=INTEGER_MAX // 4)] = 100,
    modules: Modules = None,
    format_: As = Layout.text,
    json: Json = False,
) -> None:
    """The sagas of a store, oldest first: how each stands, for how long, and why. All of them, without a filter."""
    with guarded():
        from ..sagas import Status
        from .saga import list_ as run

        wanted = [
            status
            for status in Status
            if (stuck and status is Status.STUCK)
            or (ended and status.ended)
            or (running and status in (Status.RUNNING, Status.COMPENSATING))
        ]
        run(url, wanted, definition, older_than, limit, modules or (), as_json=json or format_ is Layout.json)


@saga_app.command()
def show(
    url: Url,
    saga: SagaId,
    at_version: AtVersion = None,
    at: Annotated[datetime | None, typer.Option(help="As it was at this moment, in UTC.", show_default=False)] = None,
    modules: Modules = None,
    format_: As = Layout.text,
    json: Json = False,
) -> None:
    """One saga, step by step: attempts, results, doubts, what was undone. Exit code 1 if there is no such saga."""
    with guarded():
        from .saga import show as run

        code = run(url, saga, at_version, at, modules or (), as_json=json or format_ is Layout.json)
    raise typer.Exit(code)


@saga_app.command()
def diagram(
    url: Url,
    saga: SagaId,
    svg: Annotated[Path, typer.Option("--svg", metavar="FILE", help="A new file.", show_default=False)],
    at_version: AtVersion = None,
    modules: Modules = None,
) -> None:
    """Draw one saga as a picture, and say in words what is on it. Exit code 1 if there is no such saga."""
    with guarded():
        from .saga import diagram as run

        code = run(url, saga, svg, at_version, modules or ())
    raise typer.Exit(code)
