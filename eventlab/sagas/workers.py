"""Many workers share the sagas of one store: each drives those of its shares, and none is left when one dies."""

from __future__ import annotations

from typing import Final

import msgspec

from eventlab.errors import InvalidValue, VersionConflict
from eventlab.errors.given import check_seconds
from eventlab.sagas.engine import SagaEngine
from eventlab.sagas.gauging import SagaGauges
from eventlab.sagas.working import Work
from eventlab.store import Leases
from eventlab.store.holding import worker_key
from eventlab.store.sharing import share_of

KIND: Final = "sagas"
SHARES: Final = "shares"


class SagaWorker:
    """Drives the sagas of *engine*'s store together with other workers, each of which has a name of its own.

    Sagas are dealt by their ids into *shares*, a number that is settled when the first worker of a store runs. Each
    worker holds as many of them as the others, by leases; those of a worker that died move after *ttl_s* seconds. Who
    holds a share decides only who tries: that a saga is driven by one alone is decided by the version of its stream.

    A worker drives what `SagaEngine.start` left to be driven, what an operator got going again, and what nobody goes
    on with: in whose log nothing has happened for *quiet_s* seconds (*ttl_s*, if it is left out). So whoever drives a
    saga himself, by `run` or `submit`, is not interrupted, if no step and no pause of it takes longer. At most
    *driving_max* sagas are begun at a time; one that takes longer than *slow_after_s* counts no more.
    """

    def __init__(
        self,
        engine: SagaEngine,
        *,
        worker: str,
        shares: int = 16,
        ttl_s: float = 10.0,
        quiet_s: float | None = None,
        driving_max: int = 64,
        slow_after_s: float = 2.0,
    ) -> None:
        quiet_s = ttl_s if quiet_s is None else quiet_s
        if not worker:
            raise InvalidValue("worker", worker, "a name")
        for what, count in (("shares", shares), ("driving_max", driving_max)):
            if count < 1:
                raise InvalidValue(f"{what} of worker {worker!r}", count, "1 or more")
        for what, seconds in (("ttl_s", ttl_s), ("quiet_s", quiet_s), ("slow_after_s", slow_after_s)):
            check_seconds(f"{what} of worker {worker!r}", seconds, endless_too=True)
        self.engine, self.name, self.shares = engine, worker, shares
        self.ttl_s, self.quiet_s = ttl_s, quiet_s
        self.driving_max, self.slow_after_s = driving_max, slow_after_s
        self._gauges = SagaGauges(engine.store)

    async def run(self) -> None:
        """Work until cancelled. What is driven then stays as its log says, and the shares are free at once.

        Compensations under way are shielded, and go on until `SagaEngine.stop`. Raises LeaseLost when another worker
        comes under the same name: the newer one stays. Raises InvalidValue if the store has another number of shares.
        """
        await self._agree()
        await Work(self).run()

    async def is_alone(self) -> bool:
        """Whether no other worker of the store is there, or was until a moment ago."""
        workers = await Leases(self.engine.store).all(worker_key(KIND))
        return all(lease.owner == self.name or not lease.remaining_s for lease in workers)

    def share_of(self, saga_id: str) -> int:
        """The share that the saga belongs to, from 0 on."""
        return share_of(saga_id, self.shares)

    async def _agree(self) -> None:
        """On the number of shares, with all workers that ever were."""
        records = self.engine.store.records
        while (found := await records.get(KIND, SHARES)) is None:
            try:
                await records.put(KIND, SHARES, msgspec.json.encode(self.shares), version=0)
            except VersionConflict:
                continue
        if (agreed := msgspec.json.decode(found.value, type=int)) != self.shares:
            raise InvalidValue(f"shares of worker {self.name!r}", self.shares, f"{agreed}, as the store began with")
