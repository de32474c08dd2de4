"""A service without code: so many requests at once, each taking its time, some failing, some calling on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from zlib import crc32

import msgspec

from ..errors import EventlabError, InvalidValue
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
    Services of *optional* are called as well, and done without where they do not answer. Of *shards*, each request
    calls one, which its id decides. It runs on either clock.
    With several *replicas*, each has its own capacity and queue, and *balance* says who gets a request. They call
    others through one *client*; or each through its own, if there are as many clients as replicas.
    """

    def __init__(
        self,
        name: str,
        client: Client | Sequence[Client],
        *,
        latency: Distribution,
        capacity: int = 16,
        queue_limit: int = 100,
        discipline: Discipline = "fifo",
        failure_rate: float = 0.0,
        calls: Sequence[str] = (),
        optional: Sequence[str] = (),
        shards: Sequence[str] = (),
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
        clients = (client,) * replicas if isinstance(client, Client) else tuple(client)
        if len(clients) != replicas:
            raise InvalidValue(f"{name}.client", len(clients), f"one client, or {replicas}, one for each replica")
        self._latency, self._failure_rate, self._quorum = latency, failure_rate, quorum
        self._calls, self._shards = _told_apart(calls), _told_apart(shards, calls)
        self._optional = _told_apart(optional, (*calls, *shards))
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
        self._client_of = dict(zip(self.replicas, clients, strict=True))
        self._choose = balancer(balance, self.replicas, partial(random_stream, "balance"))

    @property
    def waiting(self) -> int:
        """How many requests stand in its queues now."""
        return sum(replica.waiting for replica in self.replicas)

    @handles(Work)
    async def work(self, request: Work, call: Call) -> Done:
        replica = self._choose()
        async with replica.use():
            await self._serve(self._client_of[replica], request, call)
        return Done()

    async def _serve(self, client: Client, request: Work, call: Call) -> None:
        chance = random_stream("model")
        await work_for(self._latency.sample(chance))
        if chance.random() < self._failure_rate:
            raise ModelFailed(f"{self.name} failed by chance")
        if self._quorum is not None:
            asked = [partial(self._ask, client, target, request, call.key + nth) for target, nth in self._calls]
            await quorum(self._quorum, asked)
        else:
            for target, nth in self._calls:
                await client.call(target, request, key=call.key + nth)
        if self._shards:
            target, nth = self._shards[_place_of(request.id, len(self._shards))]
            await client.call(target, request, key=call.key + nth)
        for target, nth in self._optional:
            with suppress(EventlabError):
                await client.call(target, request, key=call.key + nth)

    async def _ask(self, client: Client, target: str, request: Work, key: str) -> Done:
        """One call of a quorum. What was asked is not called back: it comes to its own end, though nobody waits."""
        asked = asyncio.ensure_future(client.call(target, request, key=key))
        self._asked[asked] = None
        asked.add_done_callback(self._ended)
        return await asyncio.shield(asked)

    def _ended(self, asked: asyncio.Task[Done]) -> None:
        del self._asked[asked]
        if not asked.cancelled():
            asked.exception()  # seen: nobody has to be waiting


def _told_apart(targets: Sequence[str], before: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
    """*targets*, each with what its calls add to the key: a second call of one service repeats nothing of the first."""
    counts = [[*before, *targets[: at + 1]].count(target) for at, target in enumerate(targets)]
    return tuple((target, "" if nth == 1 else f"/{nth}") for target, nth in zip(targets, counts, strict=True))


def _place_of(name: str, count: int) -> int:
    """Where something of that *name* is kept, of so many places: always the same, and as likely as any other."""
    return crc32(name.encode()) % count
