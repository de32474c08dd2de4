"""A store at which deciding takes time: between what was read and the append, others may come in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Protocol

from eventlab.runtime import random_stream
from eventlab.store import EventStore, Expectation, Metadata, PassingStore, Receipt


class Lasting(Protocol):
    """A law of durations, such as those of `eventlab.simulation`."""

    def sample(self, chance: random.Random) -> float: ...


class HoldingStore(PassingStore):
    """Passes everything on to *store*, but an append first waits for as long as *hold* says.

    `execute` decides in no time, so nothing would ever come between a read and
    its append. Whoever sells seats talks to people in between. Works on any
    clock, because it only sleeps.
    """

    def __init__(self, store: EventStore, hold: Lasting) -> None:
        super().__init__(store)
        self._hold = hold

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        hold_s = self._hold.sample(random_stream(f"holding/{self.name}"))
        if hold_s:
            await asyncio.sleep(hold_s)
        return await super().append(events, expect=expect, command_id=command_id, metadata=metadata)
