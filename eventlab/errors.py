"""Every error of the package, sorted by what the caller may do about it.

::

    EventlabError
    ├── Retriable            nothing happened; the same call may succeed later
    │   ├── VersionConflict      a stream moved on: read again and decide again
    │   ├── StoreBusy            another writer held the database too long
    │   └── Unavailable          the target was not reached; it did nothing
    │       ├── CircuitOpen      a breaker rejected the call; says how long to wait
    │       └── DeadlinePassed   the time allowed was over before the call was made
    ├── GiveUp               the same call gets the same answer
    │   ├── Refused              a business rule said no, with a code and facts
    │   ├── CallFailed           the handler of a call raised; the fault is the callee's
    │   ├── UnknownOperation     a service has no handler of that name
    │   ├── InvalidStreamId      not a name for a stream
    │   ├── ForeignStreamError   a command declares a stream that its store does not own
    │   ├── UndeclaredStream     a command writes where it did not say it would
    │   ├── CommandMisdeclared   a command class without streams, or with a wrong one
    │   ├── DiscoveryLimit       a command keeps discovering streams
    │   ├── CommandIdReused      one command id, two different contents
    │   ├── UnknownEventType     no event is registered under that name and version
    │   ├── UndecodableEvent     the stored bytes do not fit the registered event
    │   ├── StoreFailed          the database refused for good (full, read-only, corrupt)
    │   ├── SagaMisdefined       steps in an order that cannot be undone
    │   ├── SagaInputDiffers     one saga id, two different inputs
    │   ├── UnknownSaga          no definition of that name and version, or no such saga
    │   ├── InvalidValue         a setting outside its domain, named with its value
    │   ├── ScenarioInvalid      a scenario file with problems, each with its place
    │   └── RunRefused           a run that would tell a false story, or overwrite one
    ├── UnknownOutcome       it may have happened or not: ask with the same key, or undo
    │   ├── CallTimeout          no answer in time
    │   ├── CallUnknown          the callee answered that it does not know itself
    │   ├── TimedOut             a piece of work took longer than its policy allows
    │   └── AppendUnknown        the connection was lost while committing
    └── SimulationError      the simulated world cannot go on as asked
        ├── Deadlock             nothing can ever run again; says which task waits for what
        ├── NotSimulated         a thread, socket, signal or subprocess inside a world
        ├── WorldReentered       a world run from inside itself
        └── NodeCrashed          what a node was doing ended with the node

Errors carry their facts as positional arguments, so that they survive pickling and re-raising, and read as sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class EventlabError(Exception):
    """The root: catches whatever this package raises on purpose."""


class Retriable(EventlabError):
    """Nothing happened. The same call may succeed later."""


class GiveUp(EventlabError):
    """The same call will get the same answer, so repeating it is useless."""


class UnknownOutcome(EventlabError):
    """It may have happened or not. Ask again with the same key, or compensate; never assume."""


class SimulationError(EventlabError):
    """The simulated world cannot go on as asked."""


class VersionConflict(Retriable):
    """One or more streams are not at the version that the writer had read.

    *conflicts* holds ``(stream, expected, actual)`` for every stale stream;
    *expected* is a version, or the name of an expectation.
    """

    def __init__(self, conflicts: Sequence[tuple[str, int | str, int]]) -> None:
        super().__init__(conflicts)
        self.conflicts = tuple(conflicts)

    def __str__(self) -> str:
        return "; ".join(f"stream {name!r} is at version {at}, expected {want}" for name, want, at in self.conflicts)


class StoreBusy(Retriable):
    """Another writer held the database for longer than this one may wait."""

    def __init__(self, url: str, waited_s: float) -> None:
        super().__init__(url, waited_s)
        self.url, self.waited_s = url, waited_s

    def __str__(self) -> str:
        return f"{self.url} stayed locked by another writer for {self.waited_s:g} s; nothing was written"


class Unavailable(Retriable):
    """The target was not reached, so it did nothing."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(target, reason)
        self.target, self.reason = target, reason

    def __str__(self) -> str:
        return f"{self.target} was not reached: {self.reason}"


class CircuitOpen(Unavailable):
    """A circuit breaker rejected the call without making it."""

    def __init__(self, target: str, retry_after_s: float) -> None:
        super().__init__(target, f"its circuit is open for another {retry_after_s:.3g} s")
        self.args = (target, retry_after_s)
        self.retry_after_s = retry_after_s


class DeadlinePassed(Unavailable):
    """The time allowed was over before the call was made. It says nothing about the target's health."""


class Refused(GiveUp):
    """A business rule said no. *code* is for programs, *message* for people, *facts* for both."""

    def __init__(self, code: str, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message, dict(facts or {}))
        self.code, self.message, self.facts = code, message, dict(facts or {})

    def __str__(self) -> str:
        return f"refused ({self.code}): {self.message}" if self.message else f"refused ({self.code})"


class CallFailed(GiveUp):
    """The handler raised. The fault is the callee's; *reason* is what it said."""

    def __init__(self, target: str, operation: str, reason: str) -> None:
        super().__init__(target, operation, reason)
        self.target, self.operation, self.reason = target, operation, reason

    def __str__(self) -> str:
        return f"{self.target} failed in {self.operation}: {self.reason}"


class UnknownOperation(GiveUp):
    """The service has no handler of that name."""

    def __init__(self, service: str, operation: str, known: Iterable[str]) -> None:
        super().__init__(service, operation, tuple(known))
        self.service, self.operation, self.known = service, operation, tuple(known)

    def __str__(self) -> str:
        return f"{self.service} has no operation {self.operation!r}; it has {', '.join(self.known) or 'none'}"


class InvalidStreamId(GiveUp, ValueError):
    """Not a name for a stream."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text, self.reason = text, reason

    def __str__(self) -> str:
        return f"{self.text!r} cannot name a stream: {self.reason}"


class ForeignStreamError(GiveUp):
    """A command declares a stream of another service. Ask that service, or keep a local copy."""

    def __init__(self, owner: str, stream: str, owned: Iterable[str]) -> None:
        super().__init__(owner, stream, tuple(owned))
        self.owner, self.stream, self.owned = owner, stream, tuple(owned)

    def __str__(self) -> str:
        return (
            f"{self.owner} does not own stream {self.stream!r}; it owns the categories "
            f"{', '.join(self.owned) or '(none)'}: call the service that owns it, or keep a local copy"
        )


class UndeclaredStream(GiveUp):
    """A command writes to a stream that it neither declared nor discovered."""

    def __init__(self, command: str, stream: str, declared: Iterable[str]) -> None:
        super().__init__(command, stream, tuple(declared))
        self.command, self.stream, self.declared = command, stream, tuple(declared)

    def __str__(self) -> str:
        return f"{self.command} writes to {self.stream!r}, but declared only {', '.join(self.declared)}"


class CommandMisdeclared(GiveUp, TypeError):
    """A command class that declares no stream, or declares one in a wrong way."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command, self.reason = command, reason

    def __str__(self) -> str:
        return f"command {self.command}: {self.reason}"


class DiscoveryLimit(GiveUp):
    """A command kept on discovering streams. *chain* shows the last ones."""

    def __init__(self, command: str, limit: int, chain: Iterable[str]) -> None:
        super().__init__(command, limit, tuple(chain))
        self.command, self.limit, self.chain = command, limit, tuple(chain)

    def __str__(self) -> str:
        return f"{self.command} discovered more than {self.limit} streams, at last {' → '.join(self.chain)}"


class CommandIdReused(GiveUp):
    """The same command id came with other events than the first time."""

    def __init__(self, command_id: str) -> None:
        super().__init__(command_id)
        self.command_id = command_id

    def __str__(self) -> str:
        return f"command id {self.command_id!r} was used before for different events"


class UnknownEventType(GiveUp):
    """No event is registered under that name and schema version."""

    def __init__(self, type_name: str, schema_version: int, where: str = "") -> None:
        super().__init__(type_name, schema_version, where)
        self.type_name, self.schema_version, self.where = type_name, schema_version, where

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"no event is registered as {self.type_name!r} version {self.schema_version}{place}"


class UndecodableEvent(GiveUp):
    """Stored bytes do not fit the event that is registered for them."""

    def __init__(self, type_name: str, reason: str, where: str = "") -> None:
        super().__init__(type_name, reason, where)
        self.type_name, self.reason, self.where = type_name, reason, where

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"event {self.type_name!r}{place} cannot be decoded: {self.reason}"


class StoreFailed(GiveUp):
    """The database refused for good: it is full, read-only, corrupt or of a newer schema."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class SagaMisdefined(GiveUp, ValueError):
    """Steps in an order, or of a kind, that could not be carried through or undone."""

    def __init__(self, saga: str, reason: str) -> None:
        super().__init__(saga, reason)
        self.saga, self.reason = saga, reason

    def __str__(self) -> str:
        return f"saga {self.saga!r}: {self.reason}"


class SagaInputDiffers(GiveUp):
    """A saga of that id was started before, with another input."""

    def __init__(self, saga_id: str) -> None:
        super().__init__(saga_id)
        self.saga_id = saga_id

    def __str__(self) -> str:
        return f"saga {self.saga_id!r} was started before with a different input"


class UnknownSaga(GiveUp):
    """No definition of that name and version is at hand, or no saga of that id was started."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"unknown saga: {self.what}"


class InvalidValue(GiveUp, ValueError):
    """A setting outside its domain: which one, its value, and what would do."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)
        self.name, self.value, self.expected = name, value, expected

    def __str__(self) -> str:
        return f"{self.name} is {self.value!r}; expected {self.expected}"


class ScenarioInvalid(GiveUp, ValueError):
    """A scenario, or a file it names, has problems. *problems* are finished lines, one each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class RunRefused(GiveUp):
    """A run that would tell a false story, or overwrite an earlier one. Says what would do."""


class CallTimeout(UnknownOutcome, TimeoutError):
    """No answer in time: the call may have been carried out, or not, or may be yet."""

    def __init__(self, target: str, operation: str, timeout_s: float) -> None:
        super().__init__(target, operation, timeout_s)
        self.args = (target, operation, timeout_s)  # a TimeoutError is an OSError, which keeps only two
        self.target, self.operation, self.timeout_s = target, operation, timeout_s

    def __str__(self) -> str:
        return f"{self.target} did not answer {self.operation} within {self.timeout_s:g} s; the outcome is unknown"


class CallUnknown(UnknownOutcome):
    """The callee answered, but does not know itself whether the work was done; *reason* is what it said."""

    def __init__(self, target: str, operation: str, reason: str) -> None:
        super().__init__(target, operation, reason)
        self.target, self.operation, self.reason = target, operation, reason

    def __str__(self) -> str:
        return f"{self.target} does not know how {self.operation} ended: {self.reason}"


class TimedOut(UnknownOutcome, TimeoutError):
    """A piece of work took longer than its policy allows, and was abandoned half way."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"not done within {self.timeout_s:g} s; the outcome is unknown"


class AppendUnknown(UnknownOutcome):
    """The connection was lost while committing. The receipt of the command id tells which it was."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; whether the events were written is unknown"


class Deadlock(SimulationError):
    """Nothing can ever run again. *waiting* names each task and what it waits for."""

    def __init__(self, waiting: Sequence[str]) -> None:
        super().__init__(tuple(waiting))
        self.waiting = tuple(waiting)

    def __str__(self) -> str:
        lines = "".join(f"\n  {line}" for line in self.waiting)
        return f"nothing can ever run again, and the main coroutine has not ended{lines}"


class NotSimulated(SimulationError):
    """A way out of the simulation was tried. *instead* says what to use."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what, instead)
        self.what, self.instead = what, instead

    def __str__(self) -> str:
        return f"{self.what} would leave the simulated world; {self.instead}"


class WorldReentered(SimulationError):
    """A world was run from inside itself."""

    def __str__(self) -> str:
        return "this world is running already; start tasks in it with node.start() instead"


class NodeCrashed(SimulationError):
    """What was asked of a node ended when the node crashed."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node

    def __str__(self) -> str:
        return f"node {self.node!r} crashed"
