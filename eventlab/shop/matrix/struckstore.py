"""A strike where no message goes: at the append by which orders take a step in their own store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NoReturn

from eventlab.errors import AppendUnknown, Refused, StoreUnavailable
from eventlab.shop.matrix.strike import LATE, Strike
from eventlab.store import EventStore, Expectation, Metadata, PassingStore, Receipt

BEFORE = ("refused", "timeout, not applied", "crash before", "partition, request")
"""The faults that befall an append before anything was written; the others come after that."""


class StruckStore(PassingStore):
    """Passes everything on to *store*, but for the append that *strike* waits for."""

    def __init__(self, store: EventStore, strike: Strike) -> None:
        super().__init__(store)
        self._strike = strike

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        async def write() -> Receipt:
            return await super(StruckStore, self).append(
                events, expect=expect, command_id=command_id, metadata=metadata
            )

        strike = self._strike
        is_here = any(type(event).__name__ == strike.place.operation for _, event in events)
        if not is_here or not strike.meets(once=strike.fault.startswith("crash")):
            return await write()
        fault = strike.fault
        if fault == "reordered":
            await asyncio.sleep(strike.chance.uniform(0.0, strike.timeout_s))
            return await write()
        if fault in BEFORE or (fault == "failed" and not strike.coin):
            await self._fail_before(fault)
        await write()
        if fault == "duplicated":
            return await write()  # a conflict with itself: the decision is taken again, and finds it done
        await self._fail_after(fault)

    async def _fail_before(self, fault: str) -> NoReturn:
        if fault == "refused":
            raise Refused("struck", "not today")
        if fault == "partition, request":
            raise StoreUnavailable(self.name, "cut off")
        if fault == "failed":
            raise RuntimeError("the step broke")
        await self._fail_after(fault)

    async def _fail_after(self, fault: str) -> NoReturn:
        strike = self._strike
        if fault.startswith("crash"):
            strike.crash()
            await asyncio.sleep(0)  # and never wakes
        if fault == "failed":
            raise RuntimeError("the step broke")
        if fault.startswith("timeout"):
            await asyncio.sleep(LATE * strike.timeout_s)
        raise AppendUnknown(self.name, "no answer came")
