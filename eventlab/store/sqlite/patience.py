"""Trying again while somebody else holds the database, without holding up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...errors import StoreBusy
from ...resilience.backoff import Exponential
from ...runtime import monotonic, random_stream
from .append import Busy

T = TypeVar("T")

BUSY_LIMIT_S = 5.0
_BACKOFF = Exponential(0.002, factor=2, cap_s=0.1, jitter=0.5)


async def patiently(url: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """What *attempt* gives once it is not Busy any more. Raises StoreBusy after `BUSY_LIMIT_S`."""
    try:
        return await attempt()
    except Busy:
        began_s = monotonic()
    tries = 1
    while True:
        await asyncio.sleep(_BACKOFF.delay_s(tries, random_stream("store/busy")))
        tries += 1
        try:
            return await attempt()
        except Busy:
            if (waited_s := monotonic() - began_s) >= BUSY_LIMIT_S:
                raise StoreBusy(url, round(waited_s, 1)) from None
