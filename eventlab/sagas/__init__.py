"""Work that spans services: carried through to the end, or undone to the beginning, whatever happens in between."""

from __future__ import annotations

from eventlab.sagas.definition import Parallel, Saga, SavePoint, parallel, savepoint
from eventlab.sagas.engine import SagaEngine
from eventlab.sagas.folding import advance, fold
from eventlab.sagas.gauging import SagaGauges
from eventlab.sagas.index import SagaIndex, unfinished
from eventlab.sagas.locks import LockQueue
from eventlab.sagas.replay import Divergence, first_divergence
from eventlab.sagas.state import SagaState, Status, StepState, StepStatus
from eventlab.sagas.step import Kind, Step, StepContext, key_of, pivot, retriable, step, subsaga
from eventlab.sagas.timeline import Timeline, read_timeline
from eventlab.sagas.workers import SagaWorker

__all__ = [
    "Divergence",
    "Kind",
    "LockQueue",
    "Parallel",
    "Saga",
    "SagaEngine",
    "SagaGauges",
    "SagaIndex",
    "SagaState",
    "SagaWorker",
    "SavePoint",
    "Status",
    "Step",
    "StepContext",
    "StepState",
    "StepStatus",
    "Timeline",
    "advance",
    "first_divergence",
    "fold",
    "key_of",
    "parallel",
    "pivot",
    "read_timeline",
    "retriable",
    "savepoint",
    "step",
    "subsaga",
    "unfinished",
]
