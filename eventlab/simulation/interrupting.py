"""Ctrl-C in a world: it ends the run before the next step, and no later run."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from .handles import Handle


class Interruptible:
    """The part of a loop that a signal handler speaks to."""

    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = False

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt before the next step. Safe to call from a signal handler."""
        self.interrupted = True
        handle = Handle(_raise_interrupt, (), Context())
        # In front of everything in a deque; a shuffled queue takes callbacks before any task.
        getattr(self._ready, "appendleft", self._ready.append)(handle)

    def forget_interrupt(self) -> None:
        """The run has ended: what interrupted it must not end the next one as well."""
        if self.interrupted:
            self.interrupted = False
            waiting = [self._ready.popleft() for _ in range(len(self._ready))]
            for handle in waiting:
                if handle._callback is not _raise_interrupt:
                    self._ready.append(handle)


def _raise_interrupt() -> None:
    raise KeyboardInterrupt
