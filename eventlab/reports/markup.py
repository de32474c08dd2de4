"""The few pieces of HTML that the report is made of. Whatever comes from a run is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from .wording import Mark


class Html(str):
    """Text that is markup already, so that it is not escaped again."""


Cell = str | int


class Column(NamedTuple):
    """A table's column; numbers stand at the right, under one another."""

    name: str
    number: bool = False


def text(content: Cell) -> Html:
    """The content as markup: escaped, unless it is markup."""
    return content if isinstance(content, Html) else Html(escape(str(content)))


def mark(sign: Mark) -> Html:
    """A sign and its word; the sign is for the eye alone."""
    return Html(
        f'<span class="mark {sign.tone}"><span aria-hidden="true">{text(sign.sign)}</span> {text(sign.word)}</span>'
    )


def section(title: str, *parts: str) -> Html:
    """A heading with what belongs to it; nothing at all when there is nothing."""
    body = "\n".join(part for part in parts if part)
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return Html(
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{text(title)}</h2>\n{body}\n</section>' if body else ""
    )


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Html:
    """A table whose first column names its rows. Empty without rows."""
    if not rows:
        return Html("")
    head = "".join(f'<th scope="col"{_number(column)}>{text(column.name)}</th>' for column in columns)
    body = "\n".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    return Html(
        f'<div class="wide"><table>\n<caption>{text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    first = f'<th scope="row"{_number(columns[0])}>{text(row[0])}</th>'
    pairs = zip(columns[1:], row[1:], strict=True)
    return first + "".join(f"<td{_number(column)}>{text(cell)}</td>" for column, cell in pairs)


def _number(column: Column) -> str:
    return ' class="number"' if column.number else ""


def items(entries: Sequence[str]) -> Html:
    """A list, or nothing."""
    listed = "".join(f"<li><code>{text(entry)}</code></li>" for entry in entries)
    return Html(f"<ul>{listed}</ul>" if listed else "")
