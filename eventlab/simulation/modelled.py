"""A service without code: so many requests at once, each taking its time, some failing, some calling on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from ..errors import InvalidValue, Unavailable
from ..runtime import random_stream
from ..services import Call, Client, Request, Service, handles
from .distributions import Distribution
from .working import work_for


class Done(msgspec.Struct, frozen=True):
    """The work was carried out."""


class Work(Request[Done], frozen=True):
    """One unit of whatever a modelled service does."""

    id: str


class ModelFailed(Exception):
    """A modelled service failed, as it was told to now and then."""


class ModelledService(Service):
    """Serves *capacity* requests at once; *queue_limit* more wait in order, further ones are turned away.

    Each takes a time drawn from *latency*, calls every service of *calls* one after another, and
    fails with probability *failure_rate*. Written in plain asyncio, so that it runs on either clock.
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
    ) -> None:
        super().__init__(name)
        if capacity < 1:
            raise InvalidValue(f"{name}.capacity", capacity, "at least 1")
        self._client, self._latency, self._calls = client, latency, tuple(calls)
        self._queue_limit, self._failure_rate = queue_limit, failure_rate
        self._servers = asyncio.Semaphore(capacity)
        self.waiting = 0
        """How many requests stand in the queue now."""

    @handles(Work)
    async def work(self, request: Work, call: Call) -> Done:
        if self.waiting >= self._queue_limit and self._servers.locked():
            raise Unavailable(self.name, f"its queue is full ({self.waiting} waiting)")
        self.waiting += 1
        try:
            await self._servers.acquire()
        finally:
            self.waiting -= 1
        try:
            chance = random_stream("model")
            await work_for(self._latency.sample(chance))
            if chance.random() < self._failure_rate:
                raise ModelFailed(f"{self.name} failed by chance")
            for target in self._calls:
                await self._client.call(target, request, key=call.key)
        finally:
            self._servers.release()
        return Done()
