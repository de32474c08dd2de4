"""A run as a value: its scenario, its history and its summary, from memory or from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from .. import history
from ..errors import RunRefused
from ..history import Entry
from ..simulation import Recorded
from .folder import HISTORY, METRICS, SUMMARY, RunFolder, read_manifest
from .loading import from_document
from .metrics import metrics_csv
from .model import Scenario
from .summary import Summary


@dataclass(frozen=True)
class Run(Recorded):
    """What happened, and what it came to; ``run.operations``, ``run.messages`` and the others are tables of it."""

    scenario: Scenario
    entries: list[Entry]
    summary: Summary
    folder: Path | None = None

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """The run that left *folder* behind. Raises RunRefused when it is incomplete or no run folder."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        if manifest.status != "complete":
            raise RunRefused(f"{folder} holds an incomplete run: {manifest.status_reason}")
        try:
            summary = Summary.from_json((folder / SUMMARY).read_bytes())
            entries = history.read(folder / HISTORY)
        except OSError as error:
            raise RunRefused(f"{error.filename}: {error.strerror}") from None
        except msgspec.DecodeError as error:
            raise RunRefused(f"{folder / SUMMARY}: {error}") from None
        return cls(from_document(manifest.document, str(folder / "manifest.json")), entries, summary, folder)

    def write(self, folder: RunFolder) -> None:
        """Write everything that a run knows of itself; the report is for whoever draws."""
        folder.write(HISTORY, history.to_lines(self.entries))
        folder.write(METRICS, metrics_csv(self.entries, self.scenario.services))
        folder.write(SUMMARY, self.summary.to_json())
