"""A run's summary for the terminal: what a person wants to know first, in at most a hundred columns.

rich is imported when something is rendered. Marks carry their word, so that
nothing is lost without colour, in a pipe or under ``NO_COLOR``.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from eventlab.scenarios.summary import OUTCOMES, Summary

from . import wording

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

WIDTH_MAX = 100
_TRANSITIONS_MAX = 14
_STYLES = {"good": "bold green", "bad": "bold red", "unknown": "bold yellow"}


def terminal_summary(summary: Summary, *, folder: Path | None = None, report: Path | None = None) -> RenderableType:
    """The summary as something rich can print. *folder* and *report* say where to look further."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [
        Text(summary.question, style="bold"),
        Text.assemble(_marked(wording.verdict_mark(summary.verdict)), f": {wording.verdict_line(summary)}"),
        Text(),
        _overview(summary),
        *_section("Calls", _calls(summary), bool(summary.calls)),
        *_section("Circuit breakers", _breakers(summary), any(log.transitions for log in summary.breakers)),
        *_section("Invariants", _invariants(summary), bool(summary.invariants)),
        *_section("Expectations", _expectations(summary), bool(summary.expectations)),
    ]
    places = [(name, path) for name, path in (("Run folder", folder), ("Report", report)) if path is not None]
    if places:
        parts += [Text(), _places(places)]
    return Group(*parts)


def plain_summary(
    summary: Summary, *, folder: Path | None = None, report: Path | None = None, width: int = WIDTH_MAX
) -> str:
    """The same summary as plain text, for files and pipes."""
    from rich.console import Console

    sink = io.StringIO()
    console = Console(file=sink, width=min(width, WIDTH_MAX), no_color=True, highlight=False, force_terminal=False)
    console.print(terminal_summary(summary, folder=folder, report=report))
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _grid(*ratios: int | None) -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    for ratio in ratios:
        grid.add_column(ratio=ratio, no_wrap=ratio is None, overflow="fold")
    return grid


def _section(title: str, body: Table, wanted: bool) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    return [Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2))] if wanted else []


def _marked(mark: wording.Mark) -> Text:
    from rich.text import Text

    return Text(str(mark), style=_STYLES[mark.tone])


def _overview(summary: Summary) -> Table:
    from rich.text import Text

    grid = _grid(None, 1)
    rows = [
        *([("Asked", wording.answers_line(summary))] if summary.answers.total else []),
        *([("Sagas", wording.sagas_line(summary.sagas))] if wording.has_sagas(summary) else []),
        *([("Commands", wording.commands_line(summary.commands))] if wording.decides_alone(summary) else []),
        ("Retries", wording.retries_line(summary)),
        ("Checkout" if wording.has_sagas(summary) else "Requests", wording.latency_line(summary)),
        ("Faults", wording.joined([wording.fault_line(span) for span in summary.faults], "none")),
        ("Time", wording.clock_line(summary)),
        *([("Changed", wording.joined(changed, ""))] if (changed := wording.changed_items(summary)) else []),
    ]
    for name, line in rows:
        grid.add_row(Text(name, style="bold"), Text(line))
    return grid


def _calls(summary: Summary) -> Table:
    """A column for each outcome that occurred at all."""
    from rich.table import Table
    from rich.text import Text

    rows = {target: wording.call_row(counts) for target, counts in summary.calls.items()}
    shown = [at for at in range(len(OUTCOMES)) if at == 0 or any(row[at] for row in rows.values())]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("to", no_wrap=True)
    for at in shown:
        table.add_column(OUTCOMES[at], justify="right", no_wrap=True)
    for target, row in rows.items():
        table.add_row(Text(target), *(str(row[at]) for at in shown))
    return table


def _breakers(summary: Summary) -> Table:
    from rich.text import Text

    grid = _grid(None, None, None, 1)
    for log in summary.breakers:
        shown = log.transitions[:_TRANSITIONS_MAX]
        for at, turn in enumerate(shown):
            change = f"{wording.state(turn.before)} → {wording.state(turn.after)}"
            name = log.name if at == 0 else ""
            grid.add_row(Text(name), Text(f"{turn.at:.2f} s", justify="right"), Text(change), Text(turn.reason))
        if more := len(log.transitions) - len(shown):
            grid.add_row(Text(""), Text(""), Text(f"… and {more} more"), Text("all of them are in the report"))
    return grid


def _invariants(summary: Summary) -> Table:
    from rich.text import Text

    grid = _grid(None, None, 1)
    for line in summary.invariants:
        grid.add_row(_marked(wording.holds(line.valid)), Text(line.name), Text(line.because))
        for witness in line.witnesses:
            grid.add_row(Text(""), Text(""), Text(f"e.g. {witness}"))
    return grid


def _expectations(summary: Summary) -> Table:
    from rich.text import Text

    grid = _grid(None, 3, 2)
    for line in summary.expectations:
        grid.add_row(_marked(wording.met(line.met)), Text(line.text), Text(f"measured {line.measured}"))
    return grid


def _places(places: list[tuple[str, Path]]) -> Table:
    from rich.text import Text

    grid = _grid(None, 1)
    for name, path in places:
        grid.add_row(Text(name, style="bold"), Text(str(path)))
    return grid
