"""The families of metrics: name, type, labels, buckets. docs/telemetry.md shows the same table, held by a test."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a command in memory to a call that was given up; an append and a call between services lie in the middle."""

AGE_BUCKETS_S: Final = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""From a consumer that follows at once to one that was away for an hour."""

ERROR_KINDS: Final = ("cancelled", "conflict", "failed", "refused", "unknown")
"""How a command may end without success: the outcomes of `CommandAttempted` that are none of `SUCCESSES`."""

SUCCESSES: Final = ("written", "unchanged", "repeated")

BREAKER_STATES: Final = ("closed", "open", "half-open", "disabled", "forced open", "metrics only")
SAGA_STATES: Final = ("running", "compensating", "stuck")


class Family(msgspec.Struct, frozen=True):
    """Metrics of one name. Each sample has all *labels*; ``service`` is the first."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ("service",)
    buckets_s: tuple[float, ...] = ()


def _counter(name: str, help: str, *labels: str) -> Family:
    return Family(f"eventcore_{name}_total", "counter", help, ("service", *labels))


def _gauge(name: str, help: str, *labels: str) -> Family:
    return Family(f"eventcore_{name}", "gauge", help, ("service", *labels))


def _seconds(name: str, help: str, buckets_s: tuple[float, ...], *labels: str) -> Family:
    return Family(f"eventcore_{name}_seconds", "histogram", help, ("service", *labels), buckets_s)


_EVERY = (
    _counter("commands", "Commands that ended, however; each once, with all its attempts.", "command_type"),
    _seconds(
        "command_duration",
        "From a command's first reading to its end, pauses between attempts included.",
        LATENCY_BUCKETS_S,
        "command_type",
    ),
    _counter("command_errors", "Commands that ended without success.", "command_type", "kind"),
    _counter("command_attempts", "Attempts of commands.", "command_type"),
    _counter("command_conflicts", "Attempts that met another writer.", "command_type"),
    _counter("command_retries", "Attempts after which the command was tried again.", "command_type"),
    _counter("events_published", "Events written to a log, from where others read them.", "event_type"),
    _counter("events_consumed", "Events that a consumer is through with.", "consumer", "event_type"),
    _seconds("event_age", "Age of an event when it was consumed.", AGE_BUCKETS_S, "consumer", "event_type"),
    _gauge("event_lag_seconds", "Time since the oldest event that a consumer has not handled; 0 if none.", "consumer"),
    _counter("negative_lags", "Lags and ages below zero, told as 0: two clocks disagree.", "consumer"),
    _counter("events_parked", "Events that a consumer set aside.", "consumer"),
    _gauge("dead_letter_depth", "Events that are set aside.", "consumer"),
    _gauge("outbox_depth", "Messages that wait to be published.", "queue"),
    _gauge("service_health", "1 for passing and warning, 0 for critical."),
    _gauge("active_connections", "Connections that are open.", "target"),
    _counter("calls", "Attempts of calls that ended, by outcome.", "target", "outcome"),
    _seconds("call_duration", "Duration of an attempt of a call that was made.", LATENCY_BUCKETS_S, "target"),
    _counter("call_retries", "Attempts of calls after the first.", "target"),
    _counter("rejections", "Work that a limiter did not let through.", "limiter", "by"),
    _gauge("breaker_state", "1 for the state that a breaker is in, 0 for all others.", "breaker", "state"),
    _counter("breaker_transitions", "Changes of a breaker, by where it went.", "breaker", "to"),
    _gauge("sagas", "Sagas under way, by state.", "definition", "state"),
    _gauge("sagas_unfinished", "Sagas in a store's log: open, to be driven, or stuck, for a person to see.", "state"),
    _gauge("saga_age_seconds", "Time since the oldest of those was opened or got stuck; 0 if there is none.", "state"),
    _counter("sagas_ended", "Sagas that ended, by how.", "definition", "outcome"),
    _counter("saga_steps", "Entries in the logs of sagas, by phase.", "definition", "phase"),
    _counter("gauge_errors", "Gauges that raised when they were asked, or answered what is none.", "gauge"),
    _counter("labels_folded", "Times a label's value was told as 'other', since there were too many.", "label"),
)

FAMILIES: Final = {family.name: family for family in _EVERY}

LAG: Final = "eventcore_event_lag_seconds"

FREE_LABELS: Final = ("service", "command_type", "event_type", "consumer", "queue", "target", "limiter", "breaker",
                      "definition", "gauge")  # fmt: skip
"""Labels whose values come from outside; only so many of each are told apart. All others take few, known values."""
