"""Handling one event of a consumer group: done, tried again, parked, or the end of its worker."""

from __future__ import annotations

import asyncio
import inspect
import random
from typing import TYPE_CHECKING, Literal

from ..errors import HandlerCancelled, UndecodableEvent, UnknownEventType
from ..runtime import monotonic
from .cancelling import is_cancelled
from .lazily import make_all
from .model import StoredEvent
from .parking import Handle, no_handler, reason_of
from .sharing import Retrying, step_after

if TYPE_CHECKING:
    from .groups import ConsumerGroup
    from .working import Share


class Handling:
    """A handler, under the group's policy for what fails. *failure* is what stops the worker, once something does."""

    def __init__(self, group: ConsumerGroup, handle: Handle, name: str, chance: random.Random) -> None:
        self._group, self._handle, self._name, self._chance = group, handle, name, chance
        self.failure: Exception | None = None

    async def has_done(self, share: Share, stored: StoredEvent) -> bool:
        """Whether the event is dealt with: handled, or set aside."""
        group = self._group
        try:
            if group.undecodable is not None:
                make_all(stored)
                stored.event  # noqa: B018  # decoded here, and kept
        except (UnknownEventType, UndecodableEvent) as error:
            assert group.undecodable is not None
            await group.undecodable.park(stored, str(error))
            return True
        try:
            waited_for: object = self._handle(stored)
            if inspect.isawaitable(waited_for):
                await waited_for
                return True
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            cancelled = HandlerCancelled(group.name, stored.position)
            cancelled.__cause__ = error
            return await self._has_put_aside(share, stored, cancelled)
        except Exception as error:
            return await self._has_put_aside(share, stored, error)
        # No failure of an event, to be tried again or parked: it would fail with every one.
        return self._stop(stored, no_handler(f"group {group.name!r}", self._handle))

    async def _has_put_aside(self, share: Share, stored: StoredEvent, error: Exception) -> bool:
        share.attempts += 1
        failing = self._group.failing
        what: Literal["stop", "park", "retry"] = step_after(failing, share.attempts)
        if what == "park":
            await self._group.parking.park(stored, reason_of(error))
            return True
        if what == "retry":
            assert isinstance(failing, Retrying)
            share.pausing_until_s = monotonic() + failing.backoff.delay_s(share.attempts, self._chance)
            return False
        return self._stop(stored, error)

    def _stop(self, stored: StoredEvent, error: Exception) -> Literal[False]:
        error.add_note(
            f"group {self._group.name!r} stopped worker {self._name!r} at position {stored.position}, "
            f"stream {stored.stream!r} version {stored.version}, type {stored.type!r}"
        )
        self.failure = self.failure or error
        return False
