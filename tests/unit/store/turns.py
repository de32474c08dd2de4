"""Whether whoever works for long lets others have their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def turns_of_others(doing: Awaitable[object]) -> int:
    """How often another task has its turn until *doing* is done."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    await doing
    task.cancel()
    return turns
