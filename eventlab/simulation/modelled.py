"""A service without code: so many requests at once, each taking its time, some failing, some calling on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from ..errors import InvalidValue
from ..resilience import quorum
from ..resilience.codel import INTERVAL_S, TARGET_S
from ..runtime import random_stream
from ..services import Call, Client, Request, Service, handles
from .balancing import Balance, balancer
from .capacity import Capacity
from .distributions import Distribution
from .queues import Discipline
from .working import work_for


class Done(msgspec.Struct, frozen=True):
    """The work was carried out."""


class Work(Request[Done], frozen=True):
    """One unit of whatever a modelled service does."""

    id: str


class ModelFailed(Exception):
    """A modelled service failed, as it was told to now and then."""


class ModelledService(Service):
    """Serves *capacity* requests at once; *queue_limit* more wait, further ones are turned away.

    Whose turn is next is for the *discipline* to say: ``deadline`` follows the deadlines of the calls, and
    ``codel`` and ``adaptive_lifo`` shed load, with *target_s* and *interval_s* as `Capacity` has them.
    Each request takes a time drawn from *latency* (more on a slow node), calls every service of *calls*
    one after another, and fails with probability *failure_rate*. With a *quorum* it calls them all at once, and is
    done when so many have answered, while the other calls go on; where too few do, its caller learns nothing.
    It runs on either clock.
    With several *replicas*, each has its own capacity and queue, and *balance* says who gets a request.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        *,
        latency: Distribution,
        capacity: int = 16,
        queue_limit: int = 100,
        discipline: Discipline = "fifo",
        failure_rate: float = 0.0,
        calls: Sequence[str] = (),
        quorum: int | None = None,
        replicas: int = 1,
        balance: Balance = "round_robin",
        target_s: float = TARGET_S,
        interval_s: float = INTERVAL_S,
    ) -> None:
        super().__init__(name)
        if replicas < 1:
            raise InvalidValue(f"{name}.replicas", replicas, "at least 1")
        if quorum is not None and not 1 <= quorum <= len(calls):
            raise InvalidValue(f"{name}.quorum", quorum, f"from 1 to {len(calls)}, the number of services in calls")
        self._client, self._latency, self._calls = client, latency, tuple(calls)
        self._failure_rate, self._quorum = failure_rate, quorum
        self._asked: dict[asyncio.Task[Done], None] = {}  # the loop itself keeps tasks only weakly
        self.replicas = tuple(
            Capacity(
                capacity,
                queue_limit=queue_limit,
                discipline=discipline,
                name=name,
                target_s=target_s,
                interval_s=interval_s,
            )
            for _ in range(replicas)
        )
        self._choose = balancer(balance, self.replicas, partial(random_stream, "balance"))

    @property
    def waiting(self) -> int:
        """How many requests stand in its queues now."""
        return sum(replica.waiting for replica in self.replicas)

    @handles(Work)
    async def work(self, request: Work, call: Call) -> Done:
        async with self._choose().use():
            await self._serve(request, call)
        return Done()

    async def _serve(self, request: Work, call: Call) -> None:
        chance = random_stream("model")
        await work_for(self._latency.sample(chance))
        if chance.random() < self._failure_rate:
            raise ModelFailed(f"{self.name} failed by chance")
        if self._quorum is not None:
            await quorum(self._quorum, [partial(self._ask, target, request, call.key) for target in self._calls])
            return
        for target in self._calls:
            await self._client.call(target, request, key=call.key)

    async def _ask(self, target: str, request: Work, key: str) -> Done:
        """One call of a quorum. What was asked is not called back: it comes to its own end, though nobody waits."""
        asked = asyncio.ensure_future(self._client.call(target, request, key=key))
        self._asked[asked] = None
        asked.add_done_callback(self._ended)
        return await asyncio.shield(asked)

    def _ended(self, asked: asyncio.Task[Done]) -> None:
        del self._asked[asked]
        if not asked.cancelled():
            asked.exception()  # seen: nobody has to be waiting
