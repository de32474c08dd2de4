"""``eventlab saga …``: what one sees of sagas, and does about them. Only the shapes; `saga` does the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import guarded
from .moments import At
from .store_commands import INTEGER_MAX, As, Layout, Modules, Url

if TYPE_CHECKING:
    from ..sagas import SagaState
    from ..sagas.intervening import Interventions

saga_app = typer.Typer(
    name="saga",
    help="See how sagas stand, and help those that are stuck. URL is sqlite:///orders.db or postgresql://…",
    no_args_is_help=True,
    add_completion=False,
)

By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who does it; the login name if left out.", show_default=False),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it is kept in the log.", show_default=False)]
StepName = Annotated[
    str | None,
    typer.Option("--step", metavar="STEP", help="Only if it is this step that is stuck.", show_default=False),
]
SagaId = Annotated[str, typer.Argument(metavar="SAGA", help="The saga's id.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
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
    at: At = None,
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


@saga_app.command()
def retry(url: Url, saga: SagaId, why: Why, by: By = None, modules: Modules = None, json: Json = False) -> None:
    """Let a stuck saga try again, with new patience. Exit code 1 if that is refused, as for every verb."""
    _intervene(
        url, saga, "retry", lambda engine, who, reason: engine.retry(saga, by=who, why=reason), by, why, modules, json
    )


@saga_app.command()
def skip(
    url: Url,
    saga: SagaId,
    why: Why,
    step: StepName = None,
    by: By = None,
    modules: Modules = None,
    json: Json = False,
) -> None:
    """Let a stuck saga go on without the step; if it was being undone, leave it as it is."""
    _intervene(
        url,
        saga,
        "skip",
        lambda engine, who, reason: engine.skip(saga, step, by=who, why=reason),
        by,
        why,
        modules,
        json,
    )


class Truth(StrEnum):
    """How a step stands."""

    succeeded = "succeeded"
    failed = "failed"
    compensated = "compensated"


@saga_app.command()
def resolve(
    url: Url,
    saga: SagaId,
    outcome: Annotated[Truth, typer.Argument(metavar="OUTCOME", help="succeeded, failed or compensated.")],
    why: Why,
    step: StepName = None,
    result: Annotated[
        str | None, typer.Option(metavar="JSON", help="What the step gave, for those after it.", show_default=False)
    ] = None,
    by: By = None,
    modules: Modules = None,
    json: Json = False,
) -> None:
    """Say how the step that is stuck stands in truth: somebody has looked, or has brought it about."""
    with guarded():
        from .saga_verbs import result_of

        given = result_of(result)
    _intervene(
        url,
        saga,
        "resolve",
        lambda engine, who, reason: engine.resolve(saga, outcome.value, step, by=who, why=reason, result=given),
        by,
        why,
        modules,
        json,
    )


@saga_app.command()
def compensate(url: Url, saga: SagaId, why: Why, by: By = None, modules: Modules = None, json: Json = False) -> None:
    """Turn a saga back that is under way or stuck, and has not passed its point of no return."""
    _intervene(
        url,
        saga,
        "compensate",
        lambda engine, who, reason: engine.compensate(saga, by=who, why=reason),
        by,
        why,
        modules,
        json,
    )


@saga_app.command()
def cancel(
    url: Url,
    saga: SagaId,
    why: Why,
    before_start: Annotated[
        bool, typer.Option("--before-start", help="Also if it was never started: then it never will be.")
    ] = False,
    by: By = None,
    modules: Modules = None,
    json: Json = False,
) -> None:
    """See to it that a saga has no effect in the end; refused past its point of no return."""
    _intervene(
        url,
        saga,
        "cancel",
        lambda engine, who, reason: engine.cancel(saga, by=who, why=reason),
        by,
        why,
        modules,
        json,
        may_be_new=before_start,
    )


@saga_app.command()
def purge(
    url: Url,
    saga: SagaId,
    why: Why,
    force: Annotated[bool, typer.Option("--force", help="Give up one that is stuck, as it is.")] = False,
    children: Annotated[
        bool, typer.Option("--children", help="And the sagas within it, if none of them is under way.")
    ] = False,
    by: By = None,
    modules: Modules = None,
    json: Json = False,
) -> None:
    """Set an ended saga aside for good: its log can be read, and is not listed any more.

    Without --children, steps of it that are sagas themselves stay listed, until each is purged as well; it says how.
    """
    with guarded():
        from .saga_purge import purge as run

        code = run(url, saga, by, why, force, modules or (), as_json=json, children=children)
    raise typer.Exit(code)


def _intervene(
    url: str,
    saga: str,
    verb: str,
    deed: Callable[[Interventions, str, str], Awaitable[SagaState]],
    by: str | None,
    why: str,
    modules: Sequence[str] | None,
    as_json: bool,
    *,
    may_be_new: bool = False,
) -> None:
    with guarded():
        from .saga_verbs import intervene

        code = intervene(url, saga, verb, deed, by, why, modules or (), as_json=as_json, may_be_new=may_be_new)
    raise typer.Exit(code)
