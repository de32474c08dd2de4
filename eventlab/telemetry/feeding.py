"""From what happens to numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import hooks
from ..hooks import Happening
from .families import BREAKER_STATES, SAGA_STATES, SUCCESSES
from .lag import Lags
from .numbers import Numbers

Handler: TypeAlias = Callable[[str, Any, float], None]

UP = ("up", "resumed", "slowed", "restored")
"""States of a node in which it answers."""

_ENDS = {
    "completed": "completed",
    "compensation_completed": "compensated",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
}
_STATE_AFTER = {
    "compensating": "compensating",
    "compensation_requested": "compensating",
    "compensated": "compensating",
    "compensation_failed": "compensating",
    "stuck": "stuck",
    "rolled_back": "running",
}


class Feeding:
    """Takes happenings, each with its service and its moment in seconds, into *numbers*."""

    def __init__(self, numbers: Numbers, lags: Lags) -> None:
        self._numbers, self._lags = numbers, lags
        self._commands = Commands(numbers)
        self._sagas: dict[str, tuple[tuple[str, str], str]] = {}
        self._counts: dict[tuple[str, str, str], int] = {}
        self._handlers: dict[type[Happening], Handler] = {
            hooks.CommandAttempted: self._commands.attempted,
            hooks.EventsAppended: self._appended,
            hooks.ProjectionAdvanced: self._advanced,
            hooks.EventParked: self._parked,
            hooks.CallStarted: self._call_started,
            hooks.CallEnded: self._call_ended,
            hooks.CallRejected: self._rejected,
            hooks.BreakerChanged: self._breaker_changed,
            hooks.SagaMoved: self._saga_moved,
        }

    def take(self, service: str, what: Happening, at_s: float) -> None:
        handler = self._handlers.get(type(what))
        if handler is not None:
            handler(service, what, at_s)

    def node_changed(self, service: str, what: hooks.NodeChanged) -> None:
        """A node that answers is a service that does."""
        self._numbers.set("eventcore_service_health", service, value=float(what.state in UP))

    def _appended(self, service: str, what: hooks.EventsAppended, at_s: float) -> None:
        self._lags.appended(what, at_s)
        for _, _, event_type in what.events:
            self._numbers.add("eventcore_events_published_total", service, event_type)

    def _advanced(self, service: str, what: hooks.ProjectionAdvanced, at_s: float) -> None:
        self._lags.reached(what.projection, what.position)
        self._numbers.add("eventcore_events_consumed_total", service, what.projection, "", amount=what.events)

    def _parked(self, service: str, what: hooks.EventParked, at_s: float) -> None:
        self._lags.reached(what.consumer, what.position)
        self._numbers.add("eventcore_events_parked_total", service, what.consumer)

    def _call_started(self, service: str, what: hooks.CallStarted, at_s: float) -> None:
        if what.attempt > 1:
            self._numbers.add("eventcore_call_retries_total", service, what.target)

    def _call_ended(self, service: str, what: hooks.CallEnded, at_s: float) -> None:
        self._numbers.add("eventcore_calls_total", service, what.target, what.outcome)
        if what.outcome != "rejected":
            self._numbers.observe("eventcore_call_duration_seconds", service, what.target, value=what.duration_s)

    def _rejected(self, service: str, what: hooks.CallRejected, at_s: float) -> None:
        self._numbers.add("eventcore_rejections_total", service, what.limiter, what.by)

    def _breaker_changed(self, service: str, what: hooks.BreakerChanged, at_s: float) -> None:
        self._numbers.add("eventcore_breaker_transitions_total", service, what.breaker, what.after)
        for state in BREAKER_STATES:
            is_it = float(state == what.after)
            self._numbers.set("eventcore_breaker_state", service, what.breaker, state, value=is_it)

    def _saga_moved(self, service: str, what: hooks.SagaMoved, at_s: float) -> None:
        self._numbers.add("eventcore_saga_steps_total", service, what.definition, what.phase)
        before = self._sagas.pop(what.saga, None)
        if before is not None:
            self._count_sagas(*before[0], before[1], -1)
        if outcome := _ENDS.get(what.phase):
            self._numbers.add("eventcore_sagas_ended_total", service, what.definition, outcome)
            return
        # A saga that undoes is not running again when one of its calls is asked for once more.
        state = _STATE_AFTER.get(what.phase) or ("running" if before is None or before[1] == "stuck" else before[1])
        self._sagas[what.saga] = (service, what.definition), state
        self._count_sagas(service, what.definition, state, 1)

    def _count_sagas(self, service: str, definition: str, state: str, by: int) -> None:
        for each in SAGA_STATES:
            count = self._counts.get((service, definition, each), 0) + (by if each == state else 0)
            self._counts[service, definition, each] = count
            self._numbers.set("eventcore_sagas", service, definition, each, value=count)


class Commands:
    """Commands out of their attempts.

    Attempts do not say to which command they belong. A command that was tried again is known by its service, type and
    store, the number of its next attempt, and the moment at which that was to begin.
    """

    _WAITING_MAX = 1000

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._waiting: dict[tuple[str, str, str, int], list[tuple[float, float]]] = {}

    def attempted(self, service: str, what: hooks.CommandAttempted, at_s: float) -> None:
        name, add = what.command, self._numbers.add
        add("eventcore_command_attempts_total", service, name)
        began_s = self._began_s(service, what, at_s - what.duration_s)
        if what.outcome == "conflict":
            add("eventcore_command_conflicts_total", service, name)
            if what.backoff_s is not None:
                add("eventcore_command_retries_total", service, name)
                key = (service, name, what.store, what.attempt + 1)
                waiting = self._waiting.setdefault(key, [])
                waiting.append((at_s + what.backoff_s, began_s))
                del waiting[: -self._WAITING_MAX]  # those whose node fell silent meanwhile
                return
        add("eventcore_commands_total", service, name)
        self._numbers.observe("eventcore_command_duration_seconds", service, name, value=at_s - began_s)
        if what.outcome not in SUCCESSES:
            add("eventcore_command_errors_total", service, name, what.outcome)

    def _began_s(self, service: str, what: hooks.CommandAttempted, attempt_began_s: float) -> float:
        """When its first attempt began: that of whoever waits for this number, and was to go on nearest to now."""
        waiting = self._waiting.get((service, what.command, what.store, what.attempt))
        if what.attempt == 1 or not waiting:
            return attempt_began_s
        best = min(range(len(waiting)), key=lambda place: abs(waiting[place][0] - attempt_began_s))
        return waiting.pop(best)[1]
