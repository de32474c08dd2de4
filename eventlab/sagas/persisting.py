"""Going on when the saga's own store fails for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from eventlab import runtime
from eventlab.errors import Retriable, StoreFailed, UnknownOutcome
from eventlab.resilience.backoff import Exponential

T = TypeVar("T")

STORE_BACKOFF = Exponential(0.1, cap_s=5.0)
"""Between attempts to go on while the store does not answer."""


async def _always() -> bool:
    return True


async def persist(
    do: Callable[[], Coroutine[Any, Any, T]], is_begun: Callable[[], Coroutine[Any, Any, bool]] = _always
) -> T:
    """Do it until the saga's own store answers, and takes what is written to it.

    A store that refuses, being full for one, may be mended while what has begun waits; what has not is refused.
    """
    failures = 0
    while True:
        try:
            return await do()
        except (Retriable, UnknownOutcome):
            pass
        except StoreFailed:
            if not await is_begun():
                raise
        failures += 1
        await asyncio.sleep(STORE_BACKOFF.delay_s(failures, runtime.random_stream("sagas/backoff")))
