"""Work that spans services: carried through to the end, or undone to the beginning, whatever happens in between."""

from __future__ import annotations

from eventlab.sagas.definition import Kind, Saga, Step, StepContext, key_of, pivot, retriable, step
from eventlab.sagas.engine import SagaEngine
from eventlab.sagas.state import SagaState, Status, StepState, StepStatus, advance, fold

__all__ = [
    "Kind",
    "Saga",
    "SagaEngine",
    "SagaState",
    "Status",
    "Step",
    "StepContext",
    "StepState",
    "StepStatus",
    "advance",
    "fold",
    "key_of",
    "pivot",
    "retriable",
    "step",
]
