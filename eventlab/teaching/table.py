"""A small table: text that can be compared, HTML where a browser shows it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


class Table:
    """Rows of words under a *head*. The first column is a name; the others stand to the right, as numbers do."""

    def __init__(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.head, self.rows = tuple(head), tuple(tuple(row) for row in rows)

    def __repr__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        ruled = [self.head, tuple("─" * width for width in widths), *self.rows]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in ruled
        )

    def _repr_html_(self) -> str:
        head = "".join(_cell("th", cell, column) for column, cell in enumerate(self.head))
        rows = "".join(
            f"<tr>{''.join(_cell('td', cell, column) for column, cell in enumerate(row))}</tr>" for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(tag: str, text: str, column: int) -> str:
    return f'<{tag} style="text-align: {"right" if column else "left"}">{escape(text)}</{tag}>'
