"""`metrics.csv`: what happened in each second of the run's own clock, one row a second, from the history alone."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .. import hooks
from ..history import Entry, of_kind
from .breaker_lives import breaker_changes
from .summarising import ENDINGS
from .summary import OUTCOMES

SAGA_COLUMNS = {
    "started": "sagas_started",
    "completed": "sagas_completed",
    "compensation_completed": "sagas_compensated",
    "stuck": "sagas_stuck",
}
COLUMNS = ("second", "orders_started", *SAGA_COLUMNS.values(), "sagas_running", "conflicts")
"""The columns of every run. Then come `calls_SERVICE_OUTCOME`, and `breaker_NAME`: its state when the second ends."""


def metrics_csv(entries: Sequence[Entry], services: Iterable[str] = ()) -> bytes:
    """The whole file. *services* have their columns even when nobody called them."""
    targets = list(dict.fromkeys([*services, *sorted({call.target for _, call in of_kind(entries, hooks.CallEnded)})]))
    changes = breaker_changes(entries)
    breakers = sorted(changes)
    calls = [f"calls_{target}_{outcome}" for target in targets for outcome in OUTCOMES]
    counts = _by_second(entries)
    states: dict[int, dict[str, str]] = defaultdict(dict)
    """The last state of each breaker that changed in that second."""
    for name, of_breaker in changes.items():
        for at, what in of_breaker:
            states[int(at)][name] = what.after
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *calls, *(f"breaker_{name}" for name in breakers)])
    state = dict.fromkeys(breakers, "closed")
    running = 0
    last = int(entries[-1].at) if entries else -1
    for second in range(last + 1):
        count = counts[second]
        running += count["sagas_running"]
        state.update(states[second])
        numbers = [count[name] for name in COLUMNS[1:] if name != "sagas_running"]
        numbers.insert(-1, running)
        writer.writerow([second, *numbers, *(count[name] for name in calls), *(state[name] for name in breakers)])
    return text.getvalue().encode()


def _by_second(entries: Iterable[Entry]) -> dict[int, Counter[str]]:
    """What is counted in each second."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    running: dict[str, bool] = {}
    for entry in entries:
        count = counts[int(entry.at)]
        match entry.what:
            case hooks.OperationInvoked():
                count["orders_started"] += 1
            case hooks.SagaMoved(saga=saga, phase=phase):
                if phase in SAGA_COLUMNS:
                    count[SAGA_COLUMNS[phase]] += 1
                runs = phase not in ENDINGS
                count["sagas_running"] += runs - running.get(saga, False)
                running[saga] = runs
            case hooks.CommandAttempted(outcome="conflict"):
                count["conflicts"] += 1
            case hooks.CallEnded(target=target, outcome=outcome):
                count[f"calls_{target}_{outcome}"] += 1
    return counts
