"""A whole store in and out: JSON Lines, and a look at everything that is in one."""

from __future__ import annotations

from .exporting import export
from .importing import check, import_
from .lines import event_line
from .survey import StreamInfo, survey
from .verifying import Finding, Findings, verify

__all__ = ["export", "import_", "check", "event_line", "verify", "Finding", "Findings", "survey", "StreamInfo"]
