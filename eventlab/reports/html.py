"""One page that holds everything: no script, no request, the same bytes for the same run."""

from __future__ import annotations

from importlib import resources

from . import sections, wording
from .facts import ReportedRun
from .illustrations import illustrations, who_called_whom
from .markup import section, text


def write_report(run: ReportedRun) -> bytes:
    """The report of a run, as the bytes of ``report.html``.

    Question and verdict first, then what was expected and what held, then
    pictures, then the numbers in full.
    """
    summary = run.summary
    parts = (
        sections.heading(summary),
        "<main>",
        sections.expectations(summary),
        sections.invariants(summary),
        section("Pictures", illustrations(run)),
        sections.sagas(summary),
        sections.faults(summary),
        sections.breakers(summary),
        section("Who called whom", who_called_whom(run)),
        sections.calls(summary),
        "</main>",
        f"<footer>{text(wording.again_line(summary))} "
        "The history that it was drawn from is beside it, in <code>history.jsonl</code>.</footer>",
    )
    body = "\n".join(part for part in parts if part)
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return _PAGE.format(title=text(summary.question), style=style, body=body).encode("utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
