"""What happened after the warm-up: a run begins empty and idle, and its first minutes tell of that alone."""

from __future__ import annotations

from collections.abc import Iterable

from .. import hooks
from ..history import Entry


def after_warm_up(entries: Iterable[Entry], warm_up_s: float) -> list[Entry]:
    """The entries from *warm_up_s* on, without the ends of what had begun before: operations, calls and sagas.

    Final reads tell of the whole run, and are left out as well.
    """
    begun: set[tuple[str, int | str]] = set()
    kept = []
    for entry in entries:
        if entry.at < warm_up_s:
            if what := _named(entry):
                begun.add(what)
        elif _named(entry) not in begun and not isinstance(entry.what, hooks.Observed):
            kept.append(entry)
    return kept


def _named(entry: Entry) -> tuple[str, int | str] | None:
    """Of which operation, call or saga an entry is."""
    match entry.what:
        case hooks.OperationInvoked(id=number) | hooks.OperationLate(id=number) | hooks.OperationEnded(id=number):
            return "operation", number
        case hooks.CallStarted(id=number) | hooks.CallEnded(id=number):
            return "call", number
        case hooks.SagaMoved(saga=saga):
            return "saga", saga
        case _:
            return None
