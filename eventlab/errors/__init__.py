"""Every error of the package, sorted by what the caller may do about it.

::

    EventlabError
    ├── Retriable            nothing happened; the same call may succeed later
    │   ├── VersionConflict      a stream moved on: read again and decide again
    │   │   └── RecordConflict       a record moved on, in the same way
    │   ├── StoreBusy            another writer held the database too long
    │   ├── StoreUnavailable     the database server was not reached
    │   ├── LeaseHeld            somebody else has the lease, for so long
    │   └── Unavailable          the target was not reached; it did nothing
    │       ├── Rejected         what stands before the target did not let the call through
    │       │   ├── CircuitOpen      a breaker rejected it; says how long to wait
    │       │   ├── BulkheadFull     too many at once; says how many were in and waiting
    │       │   ├── RateLimited      too many in that time; says how long to wait
    │       │   └── LoadShed         dropped from a queue, so that the rest is in time
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
    │   │   └── KeyMissing           they are sealed, and the key is not there, though it was not erased
    │   ├── EventDamaged         the checksum of a stored event does not fit
    │   ├── ArchivedStreamError  an append to a stream that is only read any more
    │   ├── SubjectErased        personal data about somebody whose key was erased
    │   ├── PersonalUnsealed     personal data on its way into a store that seals nothing
    │   ├── WrongKeys            a store was opened with keys that are not its own
    │   ├── StoreFailed          the database refused for good (full, read-only, corrupt)
    │   │   ├── SchemaOutdated       its tables are older than needed, and migrating is to be asked for
    │   │   └── SchemaTooNew         its tables were made by a newer program
    │   ├── ExportInvalid        a line of an export that cannot be taken in
    │   ├── LeaseLost            a holder of a lease was overtaken; its token counts no more
    │   ├── ProjectionMisdefined tables or handlers that could not work
    │   ├── ProjectionFailed     a handler raised, and its projection stopped there
    │   ├── ProjectionOutdated   its rows were made by another version of it
    │   ├── SagaMisdefined       steps in an order that cannot be undone
    │   ├── SagaInputDiffers     one saga id, two different inputs
    │   ├── UnknownSaga          no definition of that name and version, or no such saga
    │   ├── SagaDiverged         a definition was changed under the sagas that had begun with it
    │   ├── SagaVerbRefused      an intervention that the saga's state does not allow
    │   ├── InvalidValue         a setting outside its domain, named with its value
    │   ├── ScenarioInvalid      a scenario file with problems, each with its place
    │   └── RunRefused           a run that would tell a false story, or overwrite one
    ├── UnknownOutcome       it may have happened or not: ask with the same key, or undo
    │   ├── CallTimeout          no answer in time
    │   ├── CallUnknown          the callee answered that it does not know itself
    │   ├── ConnectionBroken     the connection broke before the answer was here
    │   ├── QuorumMissed         too few of those who were asked answered
    │   ├── TimedOut             a piece of work took longer than its policy allows
    │   ├── ChildUnsettled       a saga that is a step of another one is stuck
    │   ├── HandlerCancelled     something that a group's handler waited for was cancelled
    │   └── AppendUnknown        the connection was lost while committing
    └── SimulationError      the simulated world cannot go on as asked
        ├── Deadlock             nothing can ever run again; says which task waits for what
        ├── BudgetSpent          a run had not ended when its time or its steps were used up
        ├── NotSimulated         a thread, socket, signal or subprocess inside a world
        ├── EntropyRead          a clock or chance that no seed answers, asked inside a world; says where
        ├── WorldReentered       a world run from inside itself
        ├── ScriptMisfit         a script of choices does not fit the program that is run
        ├── NodeCrashed          what a node was doing ended with the node
        └── WorkerLost           a process that shared in the runs died

Errors carry their facts as positional arguments, so that they survive pickling and re-raising, and read as sentences.
"""

from __future__ import annotations

from .base import EventlabError, GiveUp, Retriable, SimulationError, UnknownOutcome
from .calls import (
    BulkheadFull,
    CallFailed,
    CallTimeout,
    CallUnknown,
    CircuitOpen,
    ConnectionBroken,
    DeadlinePassed,
    LoadShed,
    QuorumMissed,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
    UnknownOperation,
)
from .commands import CommandMisdeclared, DiscoveryLimit, Refused, UndeclaredStream
from .leases import LeaseHeld, LeaseLost
from .privacy import KeyMissing, PersonalUnsealed, SubjectErased, WrongKeys
from .projections import ProjectionFailed, ProjectionMisdefined, ProjectionOutdated
from .sagas import ChildUnsettled, SagaDiverged, SagaInputDiffers, SagaMisdefined, SagaVerbRefused, UnknownSaga
from .settings import InvalidValue, RunRefused, ScenarioInvalid
from .simulation import (
    BudgetSpent,
    Deadlock,
    EntropyRead,
    NodeCrashed,
    NotSimulated,
    ScriptMisfit,
    WorkerLost,
    WorldReentered,
)
from .store import (
    AppendUnknown,
    ArchivedStreamError,
    CommandIdReused,
    EventDamaged,
    ExportInvalid,
    ForeignStreamError,
    HandlerCancelled,
    InvalidStreamId,
    RecordConflict,
    SchemaOutdated,
    SchemaTooNew,
    StoreBusy,
    StoreFailed,
    StoreUnavailable,
    UndecodableEvent,
    UnknownEventType,
    VersionConflict,
)

__all__ = [
    "EventlabError",
    "Retriable",
    "GiveUp",
    "UnknownOutcome",
    "SimulationError",
    "VersionConflict",
    "RecordConflict",
    "StoreBusy",
    "InvalidStreamId",
    "ForeignStreamError",
    "CommandIdReused",
    "UnknownEventType",
    "UndecodableEvent",
    "EventDamaged",
    "StoreFailed",
    "AppendUnknown",
    "HandlerCancelled",
    "StoreUnavailable",
    "ArchivedStreamError",
    "SchemaOutdated",
    "SchemaTooNew",
    "ScriptMisfit",
    "ExportInvalid",
    "SubjectErased",
    "PersonalUnsealed",
    "WrongKeys",
    "KeyMissing",
    "LeaseHeld",
    "LeaseLost",
    "ProjectionMisdefined",
    "ProjectionFailed",
    "ProjectionOutdated",
    "Refused",
    "UndeclaredStream",
    "CommandMisdeclared",
    "DiscoveryLimit",
    "Unavailable",
    "Rejected",
    "CircuitOpen",
    "BulkheadFull",
    "RateLimited",
    "LoadShed",
    "ConnectionBroken",
    "QuorumMissed",
    "DeadlinePassed",
    "CallFailed",
    "UnknownOperation",
    "CallTimeout",
    "CallUnknown",
    "TimedOut",
    "SagaMisdefined",
    "SagaInputDiffers",
    "UnknownSaga",
    "SagaDiverged",
    "SagaVerbRefused",
    "ChildUnsettled",
    "InvalidValue",
    "ScenarioInvalid",
    "RunRefused",
    "Deadlock",
    "BudgetSpent",
    "EntropyRead",
    "NotSimulated",
    "WorldReentered",
    "NodeCrashed",
    "WorkerLost",
]
