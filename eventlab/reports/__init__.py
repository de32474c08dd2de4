"""What a run tells a person: one self-contained page, and a summary for the terminal.

`write_report` gives the bytes of ``report.html``: the same bytes for the same
run. `terminal_summary` and `plain_summary` say the same in fewer words.
"""

from __future__ import annotations

from .facts import ReportedRun
from .html import write_report
from .terminal import plain_summary, terminal_summary

__all__ = ["write_report", "terminal_summary", "plain_summary", "ReportedRun"]
