"""A moment on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer


def moment(text: str) -> datetime:
    """The moment that *text* is, by ISO 8601; in UTC, where it names no offset. Raises BadParameter for any other."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no moment; expected one such as 2026-01-31T12:00:00, which is in UTC, "
            "2026-01-31T12:00:00+01:00, or 2026-01-31, where it begins"
        ) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


At = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="MOMENT", help="As it was at this moment, in UTC.", show_default=False),
]
