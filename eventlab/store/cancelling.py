"""Whether somebody cancelled this very task, whatever came of it."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Whether somebody cancelled this very task. A CancelledError may also come from what it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def heed_cancelling() -> None:
    """Raise CancelledError if this task was cancelled: for loops that go on after an error, or after foreign code.

    What they wait for may answer a cancellation with an error of its own, or swallow it; and nobody cancels twice.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
