"""Carrying out a step, and undoing it: by what its definition says, or by the saga that the step is."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from eventlab.sagas.definition import Saga
from eventlab.sagas.step import Step, StepContext, child_id
from eventlab.sagas.waiting import from_outside


class Children(Protocol):
    """Who carries out steps that are sagas."""

    async def run(self, child: Saga, saga_id: str, input: Any) -> dict[str, Any]: ...

    async def undo(self, child: Saga, saga_id: str, parent_id: str) -> None: ...


def carry_out(children: Children, step: Step, ctx: StepContext) -> Awaitable[Any]:
    """One attempt of *step*; gives its result."""
    return from_outside(step.action(ctx)) if step.child is None else _run(children, step, step.child, ctx)


async def _run(children: Children, step: Step, child: Saga, ctx: StepContext) -> dict[str, Any]:
    return await children.run(child, child_id(ctx.saga_id, step.name, ctx.round), await step.action(ctx))


async def undo(children: Children, step: Step, ctx: StepContext, result: Any) -> None:
    """One attempt to undo *step*, which gave *result*, or None where nobody knows whether it happened."""
    if step.child is not None:
        await children.undo(step.child, child_id(ctx.saga_id, step.name, ctx.round), ctx.saga_id)
    elif step.compensation is not None:
        await from_outside(step.compensation(ctx, result))
