"""A history as rows: one table for each thing that one asks of a run. Times in seconds since it began."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import history, hooks
from ..history import Entry, of_kind

Rows = list[tuple[Any, ...]]

OPERATIONS = ("process", "operation", "subject", "value", "outcome", "result", "invoked_s", "ended_s", "duration_s")
CALLS = (
    "id", "source", "target", "operation", "key", "attempt", "outcome", "reason", "started_s", "ended_s", "duration_s",
)  # fmt: skip
MESSAGES = ("id", "copy_of", "source", "target", "what", "outcome", "reason", "sent_s", "ended_s", "duration_s")
FAULTS = ("fault", "detail", "began_s", "ended_s", "duration_s")
NODES = ("at_s", "node", "state", "incarnation", "slowness", "offset_s", "drift_ppm")
DRAWS = ("at_s", "node", "stream", "value")
STORAGE = ("at_s", "node", "store", "operation", "outcome", "duration_s")


def operation_rows(entries: Iterable[Entry]) -> Rows:
    """Operations in the order of their invocation; those without an end are *unknown*."""
    return [
        (
            *(each.process, each.operation, each.subject, each.value, each.outcome, each.result),
            *(each.invoked, each.ended, None if each.ended is None else each.ended - each.invoked),
        )
        for each in history.operations(entries)
    ]


def call_rows(entries: Iterable[Entry]) -> Rows:
    """Attempts of calls in the order in which they began; one without an end is *unanswered*."""
    rows: dict[int, tuple[Any, ...]] = {}
    for entry in entries:
        what = entry.what
        if isinstance(what, hooks.CallStarted):
            begun = (what.id, what.source, what.target, what.operation, what.key, what.attempt)
            rows[what.id] = (*begun, "unanswered", "", entry.at, None, None)
        elif isinstance(what, hooks.CallEnded) and what.id in rows:
            row = rows[what.id]
            rows[what.id] = (*row[:6], what.outcome, what.reason, row[8], entry.at, what.duration_s)
    return list(rows.values())


def message_rows(entries: Iterable[Entry]) -> Rows:
    """Messages, and copies that the network made, in the order of sending: *arrived*, *lost*, or *in flight* still."""
    rows: dict[int, tuple[Any, ...]] = {}
    for entry in entries:
        what = entry.what
        if isinstance(what, hooks.MessageSent):
            sent = (what.id, None, what.source, what.target, what.what)
            rows[what.id] = (*sent, "in flight", "", entry.at, None, None)
        elif isinstance(what, hooks.MessageDuplicated) and what.id in rows:
            rows[what.copy] = (what.copy, what.id, *rows[what.id][2:5], "in flight", "", entry.at, None, None)
        elif isinstance(what, hooks.MessageArrived | hooks.MessageLost):
            row = rows.get(what.id)
            if row is not None and row[5] == "in flight":
                ended = ("lost", what.reason) if isinstance(what, hooks.MessageLost) else ("arrived", "")
                rows[what.id] = (*row[:5], *ended, row[7], entry.at, entry.at - row[7])
    return list(rows.values())


def fault_rows(entries: Iterable[Entry]) -> Rows:
    """Faults of the schedule and of storage in the order in which they began; without an end while they hold."""
    rows: Rows = []
    holding: dict[tuple[str, str, str], list[int]] = {}
    for entry in entries:
        what = entry.what
        if isinstance(what, hooks.FaultBegan | hooks.FaultEnded):
            key, begins = (what.fault, "", what.detail), isinstance(what, hooks.FaultBegan)
            detail = what.detail
        elif isinstance(what, hooks.StorageChanged):
            if what.on and _is_played(rows, what.fault, entry.at):
                continue  # the row of the schedule's fault, which has just begun, stands for it
            key, begins = (what.fault, what.storage, what.detail), what.on
            detail = f"{what.storage}: {what.detail}" if what.detail else what.storage
        else:
            continue
        if begins:
            holding.setdefault(key, []).append(len(rows))
            rows.append((what.fault, detail, entry.at, None, None))
        elif holding.get(key):
            at = holding[key].pop(0)
            rows[at] = (*rows[at][:3], entry.at, entry.at - rows[at][2])
    return rows


def _is_played(rows: Rows, fault: str, at_s: float) -> bool:
    """Whether a fault of a schedule, of the same kind, began at this moment."""
    return any(row[0] == fault and row[2] == at_s for row in rows)


def node_rows(entries: Iterable[Entry]) -> Rows:
    """What became of nodes and of their clocks, and when. A row of the one leaves the columns of the other empty."""
    rows: Rows = []
    for entry in entries:
        match entry.what:
            case hooks.NodeChanged(name, state, incarnation, slowness):
                rows.append((entry.at, name, state, incarnation, slowness, None, None))
            case hooks.ClockChanged(name, offset_s, drift_ppm):
                rows.append((entry.at, name, "clock changed", None, None, offset_s, drift_ppm))
    return rows


def storage_rows(entries: Iterable[Entry]) -> Rows:
    """What was asked of stores, at the moment of the answer. Only a recorder that listens closely has heard it."""
    return [
        (entry.at, entry.node, what.store, what.operation, what.outcome, what.duration_s)
        for entry, what in of_kind(entries, hooks.StorageOperated)
    ]


def draw_rows(entries: Iterable[Entry]) -> Rows:
    """Draws in their order. Only a world that records its draws tells of them, to a recorder that listens closely."""
    return [(entry.at, entry.node, drawn.stream, drawn.value) for entry, drawn in of_kind(entries, hooks.Drawn)]
