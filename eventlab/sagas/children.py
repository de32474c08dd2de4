"""Sagas that are steps of other sagas: carried out, and undone, by the engine that drives the parent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from eventlab import runtime
from eventlab.errors import ChildUnsettled, Refused
from eventlab.resilience.backoff import Exponential
from eventlab.sagas import verbs
from eventlab.sagas.definition import Saga
from eventlab.sagas.state import SagaState, Status

if TYPE_CHECKING:
    from eventlab.sagas.engine import SagaEngine

LOOKING = Exponential(0.1, cap_s=5.0)
"""Between looks at a child that somebody else drives."""


def with_children(definitions: list[Saga]) -> list[Saga]:
    """The definitions and those of the sagas within them."""
    found = list(definitions)
    for saga in found:
        found += [step.child for step in saga.steps if step.child is not None and step.child not in found]
    return found


class EngineChildren:
    """Children on the same engine, in the same store."""

    def __init__(self, engine: SagaEngine) -> None:
        self._engine = engine

    async def run(self, child: Saga, saga_id: str, input: Any) -> dict[str, Any]:
        """The results of the child's steps. Raises Refused if it was undone, and ChildUnsettled while it is stuck."""
        state = await self._settled(saga_id, await self._engine.submit_as(child, saga_id, input))
        if state.status is Status.COMPLETED:
            return state.results
        raise Refused(state.status.value, f"saga {saga_id}: {state.reason}", {"saga": saga_id})

    async def undo(self, child: Saga, saga_id: str, parent_id: str) -> None:
        """See to it that the child has no effect in the end; if it was not begun, it never will be."""
        state = await self._engine.intervene(
            saga_id, lambda state: verbs.undo(state, saga_id, f"saga {parent_id}", "it is undone with its parent")
        )
        await self._settled(saga_id, state)

    async def _settled(self, saga_id: str, state: SagaState) -> SagaState:
        looks = 0
        while not state.status.ended:
            if state.status is Status.STUCK:
                raise ChildUnsettled(saga_id, state.reason)
            if looks:
                await asyncio.sleep(LOOKING.delay_s(looks, runtime.random_stream("sagas/children")))
            looks += 1
            state = await asyncio.shield(self._engine.go(saga_id))
        return state
