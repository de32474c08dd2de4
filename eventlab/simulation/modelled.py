"""A service without code: so many requests at once, each taking its time, some failing, some calling on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from ..errors import InvalidValue, Unavailable
from ..runtime import random_stream
from ..services import Call, Client, Request, Service, handles
from .balancing import Balance, balancer
from .distributions import Distribution
from .working import work_for


class Done(msgspec.Struct, frozen=True):
    """The work was carried out."""


class Work(Request[Done], frozen=True):
    """One unit of whatever a modelled service does."""

    id: str


class ModelFailed(Exception):
    """A modelled service failed, as it was told to now and then."""


class Replica:
    """One of the like servers of a modelled service: so many at once, the rest waits in order."""

    def __init__(self, capacity: int) -> None:
        self.servers = asyncio.Semaphore(capacity)
        self.waiting = 0
        """How many requests stand in the queue now."""
        self.present = 0
        """How many are here now, waiting or served."""


class ModelledService(Service):
    """Serves *capacity* requests at once; *queue_limit* more wait in order, further ones are turned away.

    Each takes a time drawn from *latency*, calls every service of *calls* one after another, and
    fails with probability *failure_rate*. With several *replicas*, each has its own capacity and queue, and *balance*
    says who gets a request. Written in plain asyncio, so that it runs on either clock.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        *,
        latency: Distribution,
        capacity: int = 16,
        queue_limit: int = 100,
        failure_rate: float = 0.0,
        calls: Sequence[str] = (),
        replicas: int = 1,
        balance: Balance = "round_robin",
    ) -> None:
        super().__init__(name)
        for field, value in (("capacity", capacity), ("replicas", replicas)):
            if value < 1:
                raise InvalidValue(f"{name}.{field}", value, "at least 1")
        self._client, self._latency, self._calls = client, latency, tuple(calls)
        self._queue_limit, self._failure_rate = queue_limit, failure_rate
        self.replicas = tuple(Replica(capacity) for _ in range(replicas))
        self._choose = balancer(balance, self.replicas, partial(random_stream, "balance"))

    @property
    def waiting(self) -> int:
        """How many requests stand in its queues now."""
        return sum(replica.waiting for replica in self.replicas)

    @handles(Work)
    async def work(self, request: Work, call: Call) -> Done:
        replica = self._choose()
        if replica.waiting >= self._queue_limit and replica.servers.locked():
            raise Unavailable(self.name, f"its queue is full ({replica.waiting} waiting)")
        replica.present += 1
        try:
            replica.waiting += 1
            try:
                await replica.servers.acquire()
            finally:
                replica.waiting -= 1
            try:
                await self._serve(request, call)
            finally:
                replica.servers.release()
        finally:
            replica.present -= 1
        return Done()

    async def _serve(self, request: Work, call: Call) -> None:
        chance = random_stream("model")
        await work_for(self._latency.sample(chance))
        if chance.random() < self._failure_rate:
            raise ModelFailed(f"{self.name} failed by chance")
        for target in self._calls:
            await self._client.call(target, request, key=call.key)
