"""A literal history of a small run, for the laws of summary and metrics."""

from __future__ import annotations

from eventlab import hooks
from eventlab.history import AnyHappening, Entry


def saga(name: str, phase: str, step: str = "") -> hooks.SagaMoved:
    return hooks.SagaMoved(name, "checkout", phase, step)


def call(number: int, target: str, outcome: str) -> hooks.CallEnded:
    return hooks.CallEnded(number, "orders", target, "Reserve", outcome, 0.1)


HAPPENINGS: list[tuple[float, AnyHappening]] = [
    (0.1, hooks.OperationInvoked(1, "customer-1", "checkout", "a")),
    (0.2, saga("a", "started")),
    (0.3, hooks.CallStarted(1, "orders", "payments", "Reserve", "a/reserve/forward")),
    (0.4, call(1, "payments", "unknown")),
    (0.5, hooks.CommandAttempted("Reserve", 1, "conflict")),
    (0.6, hooks.CommandAttempted("Reserve", 2, "written")),
    (1.0, hooks.FaultBegan("partition", "orders ↔ payments")),
    (1.1, hooks.CallStarted(2, "orders", "payments", "Reserve", "a/reserve/forward")),
    (1.2, hooks.BreakerChanged("orders→payments", "closed", "open", "1 of 1 calls failed")),
    (1.3, call(2, "payments", "ok")),
    (1.7, saga("a", "completed")),
    (1.8, hooks.OperationEnded(1, "ok")),
    (2.0, saga("b", "started")),
    (2.5, saga("b", "compensating")),
    (3.0, hooks.FaultEnded("partition", "orders ↔ payments")),
    (3.1, hooks.BreakerChanged("orders→payments", "open", "half-open", "5 s are over")),
    (3.2, hooks.BreakerChanged("orders→payments", "half-open", "closed", "1 of 1 probes succeeded")),
    (3.5, saga("b", "compensation_completed")),
    (3.6, saga("c", "started")),
    (3.7, saga("c", "stuck")),
    (3.8, saga("d", "started")),
    (4.0, saga("d", "requested", "reserve_payment")),
]
ENTRIES = [Entry(at, "orders", what) for at, what in HAPPENINGS]
