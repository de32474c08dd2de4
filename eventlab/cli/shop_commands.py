"""``eventlab shop …``: the shop as real processes. Only the shapes; `shop_serve` and `shop_checkout` do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exits import guarded
from .formats import Format

shop_app = typer.Typer(
    name="shop",
    help="Run the shop's services as processes that talk over HTTP, and sell in it.",
    no_args_is_help=True,
    add_completion=False,
)

Peers = Annotated[
    list[str] | None,
    typer.Option("--peer", metavar="NAME=URL", help="Where another service is; may be repeated."),
]


@shop_app.command()
def serve(
    service: Annotated[
        str,
        typer.Argument(metavar="SERVICE", help="users, orders, payments, inventory or shipping.", show_default=False),
    ],
    port: Annotated[int, typer.Option(help="Where it listens; 0 for any port that is free.", min=0, max=65535)],
    store: Annotated[
        str, typer.Option(metavar="URL", help="Where it keeps its events, as sqlite:///orders.db.", show_default=False)
    ],
    peer: Peers = None,
    host: Annotated[str, typer.Option(help="The address on which it listens.")] = "127.0.0.1",
    grace: Annotated[
        float, typer.Option(help="How many seconds work that is under way may take once it is to stop.", min=0)
    ] = 10.0,
) -> None:
    """Serve one of the shop's services until Ctrl-C or SIGTERM. Orders take up the checkouts that were left unfinished.

    Exit code: 0 when it was asked to stop, 2 for a mistake in the command line, 4 for a store that fails,
    130 for a second Ctrl-C, which waits for nothing.
    """
    with guarded():
        from .shop_serve import ServeOptions
        from .shop_serve import serve as run

        code = run(ServeOptions(service, port, store, tuple(peer or ()), host, grace))
    raise typer.Exit(code)


@shop_app.command()
def checkout(
    orders: Annotated[
        Path, typer.Option(metavar="FILE", help="The orders, a CSV such as data/cdnow_orders.csv.", show_default=False)
    ],
    url: Annotated[str, typer.Option(metavar="URL", help="Where the orders service is.", show_default=False)],
    peer: Peers = None,
    limit: Annotated[int, typer.Option(help="So many orders, the first of the file.", min=1)] = 50,
    stock: Annotated[int, typer.Option(help="Pieces of each title that are delivered at first.", min=0)] = 1000,
    seed: Annotated[int, typer.Option(help="From which the titles of the orders are drawn.")] = 1997,
    at_once: Annotated[int, typer.Option(help="So many customers at the same time.", min=1, max=1000)] = 8,
    patience: Annotated[
        float, typer.Option(help="How many seconds a customer goes on asking when nobody answers.", min=0.1)
    ] = 60.0,
    format_: Annotated[Format, typer.Option("--format", help="The summary for people, or as JSON.")] = Format.text,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Place orders of a file in a shop that is running. An order has its id from the file: asked again, it is the same.

    Give --peer users=URL and --peer inventory=URL to register the customers and to fill the shelves first.

    Exit code: 0 when each order was completed or undone, 1 when one was refused or is stuck, 2 usage,
    3 when of one nobody knows, 4 when the shop could not be reached to begin with, 130 interrupted.
    """
    with guarded():
        from .shop_checkout import CheckoutOptions
        from .shop_checkout import checkout as run

        code = run(
            CheckoutOptions(
                file=orders,
                url=url,
                peers=tuple(peer or ()),
                limit=limit,
                stock=stock,
                seed=seed,
                at_once=at_once,
                patience_s=patience,
                as_json=format_ is Format.json,
                quiet=quiet,
            )
        )
    raise typer.Exit(code)
