"""What was asked of a store, told to those who listen closely."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .. import hooks, runtime
from ..errors import EventDamaged, StoreBusy, StoreFailed, StoreUnavailable, UnknownOutcome, VersionConflict

T = TypeVar("T")

_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (VersionConflict, "conflict"),
    (StoreFailed, "refused"),
    (StoreBusy, "refused"),
    (StoreUnavailable, "refused"),
    (EventDamaged, "damaged"),
    (UnknownOutcome, "unknown"),
    (asyncio.CancelledError, "cancelled"),
)


async def told(store: str, operation: str, work: Coroutine[Any, Any, T]) -> T:
    """The answer of *work*, when it was told how that ended and how long it took."""
    began_s = runtime.monotonic()
    try:
        answer = await work
    except GeneratorExit:
        raise  # the world was thrown away
    except BaseException as error:
        outcome = next((word for kind, word in _OUTCOMES if isinstance(error, kind)), "failed")
        hooks.emit_closely(hooks.StorageOperated(store, operation, outcome, runtime.monotonic() - began_s))
        raise
    hooks.emit_closely(hooks.StorageOperated(store, operation, "ok", runtime.monotonic() - began_s))
    return answer


async def after(wait: Callable[[], asyncio.Future[None]], begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The answer of what *begin* begins when the *wait* is over; if that never ends, it was never begun."""
    await wait()
    return await begin()
