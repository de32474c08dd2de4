"""``eventlab store …``: what one does with a store from outside. Only the shapes; `store` does the work."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .exits import guarded
from .moments import At

store_app = typer.Typer(
    name="store",
    help="Look into an event store, copy it, check it. URL is sqlite:///shop.db or postgresql://…",
    no_args_is_help=True,
    add_completion=False,
)

INTEGER_MAX = 2**63 - 1
"""The greatest number that a database knows."""


class Layout(StrEnum):
    """How events are printed."""

    text = "text"
    json = "json"


Url = Annotated[str, typer.Argument(metavar="URL", help="The store.", show_default=False)]
Category = Annotated[
    list[str] | None, typer.Option("--category", help="Only streams of this category; may be repeated.")
]
Pattern = Annotated[
    str | None, typer.Option("--stream", metavar="PATTERN", help="Only streams like this, as in 'order-2026-*'.")
]
Type = Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; may be repeated.")]
As = Annotated[Layout, typer.Option("--format", help="For people, or as JSON Lines.")]
KeysUrl = Annotated[
    str | None,
    typer.Option(
        "--keys", metavar="URL", help="Open sealed fields with these keys, as sqlite:///keys.db.", show_default=False
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--import", metavar="MODULE", help="Import this module first, so that its events are known; may be repeated."
    ),
]


@store_app.command()
def info(url: Url, format_: As = Layout.text) -> None:
    """What the store holds, in a few lines."""
    with guarded():
        from .store import info as run

        run(url, as_json=format_ is Layout.json)


@store_app.command()
def streams(url: Url, category: Category = None, stream: Pattern = None, format_: As = Layout.text) -> None:
    """The streams, with their versions and when they were last written to."""
    with guarded():
        from .store import streams as run

        run(url, category, stream, as_json=format_ is Layout.json)


@store_app.command()
def read(
    url: Url,
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="The stream.", show_default=False)],
    after: Annotated[int, typer.Option(help="Only after this version.", min=0, max=INTEGER_MAX)] = 0,
    to: Annotated[
        int | None, typer.Option(help="Only up to this version.", min=0, max=INTEGER_MAX, show_default=False)
    ] = None,
    at: At = None,
    backwards: Annotated[bool, typer.Option("--backwards", help="The latest first.")] = False,
    limit: Annotated[
        int | None, typer.Option(help="At most so many.", min=1, max=INTEGER_MAX, show_default=False)
    ] = None,
    keys: KeysUrl = None,
    format_: As = Layout.text,
) -> None:
    """The events of one stream. Exit code 1 if there are none."""
    with guarded():
        from .store import read as run

        code = run(url, stream, after, to, at, backwards, limit, as_json=format_ is Layout.json, keys=keys)
    raise typer.Exit(code)


@store_app.command()
def tail(
    url: Url,
    lines: Annotated[
        int, typer.Option("-n", "--lines", help="Begin with the last so many events.", min=0, max=INTEGER_MAX)
    ] = 10,
    after: Annotated[
        int | None, typer.Option(help="Begin after this position instead.", min=0, max=INTEGER_MAX, show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    category: Category = None,
    stream: Pattern = None,
    type_: Type = None,
    keys: KeysUrl = None,
    format_: As = Layout.text,
) -> None:
    """The end of the log, and with --follow all that comes; Ctrl-C ends it."""
    with guarded():
        from .store import tail as run

        run(url, lines, after, follow, category, stream, type_, as_json=format_ is Layout.json, keys=keys)


@store_app.command()
def export(
    url: Url,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A new file; standard output if left out.", show_default=False)
    ] = None,
) -> None:
    """Write all events and receipts as JSON Lines; an import of them gives the same store again."""
    with guarded():
        from .store_copies import export as run

        run(url, file)


@store_app.command("import")
def import_(
    url: Url,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export; - for standard input.", show_default=False)],
) -> None:
    """Take an export into an empty store, or go on with an import that was interrupted."""
    with guarded():
        from .store_copies import import_ as run

        run(url, file)


@store_app.command()
def verify(url: Url, modules: Modules = None, format_: As = Layout.text) -> None:
    """Read everything once; say what is missing, damaged or cannot be decoded. Exit code 1 if anything is."""
    with guarded():
        from .store_checks import verify as run

        code = run(url, modules or (), as_json=format_ is Layout.json)
    raise typer.Exit(code)


@store_app.command()
def backup(
    url: Url,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new file.", show_default=False)],
) -> None:
    """Copy a SQLite store to another file while it is in use."""
    with guarded():
        from .store_copies import backup as run

        run(url, target)


@store_app.command()
def migrate(url: Url) -> None:
    """Make the tables of a store, or bring them up to date."""
    with guarded():
        from .store_checks import migrate as run

        run(url)
