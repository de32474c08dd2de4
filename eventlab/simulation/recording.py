"""What was recorded, as a value: entries, and tables of them for whoever works with pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import history
from ..history import Entry
from . import tables
from .calls import CallEdge, call_graph
from .recorder import Recorder

if TYPE_CHECKING:
    import pandas as pd


class Recorded:
    """What carries the *entries* of a history, with its tables. Without pandas, ask `eventlab.history`."""

    @property
    def _told(self) -> Sequence[Entry]:
        return self.entries  # type: ignore[attr-defined,no-any-return]  # a field here, a property there

    @property
    def operations(self) -> pd.DataFrame:
        """One row an operation: process, operation, subject, value, outcome, result, invoked_s, ended_s, duration_s."""
        return _frame(tables.operation_rows(self._told), tables.OPERATIONS)

    @property
    def calls(self) -> pd.DataFrame:
        """One row an attempt: id, source, target, operation, key, attempt, outcome, reason, started_s, ended_s,
        duration_s.
        """
        return _frame(tables.call_rows(self._told), tables.CALLS)

    @property
    def messages(self) -> pd.DataFrame:
        """One row a message: id, copy_of, source, target, what, outcome, reason, sent_s, ended_s, duration_s."""
        return _frame(tables.message_rows(self._told), tables.MESSAGES)

    @property
    def faults(self) -> pd.DataFrame:
        """One row a fault: fault, detail, began_s, ended_s, duration_s; the last two empty while it holds."""
        return _frame(tables.fault_rows(self._told), tables.FAULTS)

    @property
    def nodes(self) -> pd.DataFrame:
        """One row a change of a node or of its clock: at_s, node, state, incarnation, slowness, offset_s, drift_ppm."""
        return _frame(tables.node_rows(self._told), tables.NODES)

    @property
    def storage(self) -> pd.DataFrame:
        """One row an answer of a store: at_s, node, store, operation, outcome, duration_s."""
        return _frame(tables.storage_rows(self._told), tables.STORAGE)

    @property
    def draws(self) -> pd.DataFrame:
        """One row a draw: at_s, node, stream, value; empty unless the world was made with *record_draws*."""
        return _frame(tables.draw_rows(self._told), tables.DRAWS)

    @property
    def call_graph(self) -> list[CallEdge]:
        """Who called whom, how often, how it ended and how long it took."""
        return call_graph(self._told)


class Recording(Recorded):
    """What a recorder has heard so far, or what a file tells."""

    def __init__(self, recorder: Recorder | Sequence[Entry]) -> None:
        self._recorder = recorder

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """The recording in a JSON Lines file. Raises InvalidValue that names the line that is none."""
        return cls(history.read(Path(path)))

    @property
    def entries(self) -> list[Entry]:
        """The history so far."""
        return self._recorder.entries if isinstance(self._recorder, Recorder) else list(self._recorder)

    def save(self, path: str | Path) -> None:
        """Write the history so far as JSON Lines, as `load` and ``eventlab check`` read them, over what is there."""
        Path(path).write_bytes(history.to_lines(self.entries))

    def __len__(self) -> int:
        return len(self._recorder)


def _frame(rows: tables.Rows, columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame.from_records(rows, columns=list(columns))
    times = [name for name in columns if name.endswith("_s")]
    gaps = [name for name in ("copy_of", "incarnation") if name in columns]
    numbers = [name for name in ("slowness", "drift_ppm") if name in columns]
    kinds = dict.fromkeys([*times, *numbers], "float64") | dict.fromkeys(gaps, "Int64")
    return frame.astype(kinds)
