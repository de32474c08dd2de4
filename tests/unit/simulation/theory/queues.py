"""One run of a modelled service under Poisson load, with what the theory of queues speaks of: L, W, and who waits."""

from __future__ import annotations

import random
from statistics import fmean
from typing import NamedTuple

from eventlab import runtime
from eventlab.services import Call, Client
from eventlab.simulation import Distribution, Exponential, SimulatedTransport, World
from eventlab.simulation.balancing import Balance
from eventlab.simulation.modelled import ModelledService, Work
from eventlab.simulation.statistics import TimeWeighted
from eventlab.simulation.workload import Arrival, drive, poisson

NOBODY = Call(0, "front", "shop", "Work", b"")


class Noting(NamedTuple):
    """A law of service times that notes when each service begins: requests are served in the order of arrival."""

    law: Distribution
    began: list[float]

    @property
    def mean_s(self) -> float:
        return self.law.mean_s

    def sample(self, chance: random.Random) -> float:
        self.began.append(runtime.monotonic())
        return self.law.sample(chance)


def service(
    world: World, latency: Distribution, *, servers: int = 1, replicas: int = 1, balance: Balance = "random"
) -> ModelledService:
    client = Client(SimulatedTransport(world), "shop")
    return ModelledService(
        "shop", client, latency=latency, capacity=servers, queue_limit=10**9, replicas=replicas, balance=balance
    )


def queue(
    seed: int, *, per_s: float, law: Distribution, servers: int = 1, for_s: float, from_s: float, t_s: float = 1.0
) -> dict[str, float]:
    """L, W and the share of those who wait at all, and longer than *t_s*, of everybody who comes from *from_s* on."""
    began: list[float] = []
    arrived: list[float] = []
    stays: list[float] = []
    world = World(seed)
    shop, present = service(world, Noting(law, began), servers=servers), TimeWeighted(from_s=from_s)

    async def request(arrival: Arrival) -> None:
        arrived.append(arrival.at_s)
        present.add(1, runtime.monotonic())
        await shop.work(Work("1"), NOBODY)
        present.add(-1, left_s := runtime.monotonic())
        if arrival.at_s >= from_s:
            stays.append(left_s - arrival.at_s)

    async def main() -> float:
        await drive(poisson(per_s, for_s=for_s), request)
        return runtime.monotonic()

    ends_s = world.run(main())
    waits = [begins_s - at_s for begins_s, at_s in zip(began, arrived, strict=True) if at_s >= from_s]
    return {
        "L": present.mean(ends_s),
        "W": fmean(stays),
        "Wq": fmean(waits),
        "waiting": fmean(wait > 1e-9 for wait in waits),
        "waiting longer": fmean(wait > t_s for wait in waits),
    }


def tails(
    seed: int, *, rho: float, replicas: int, balance: Balance, for_s: float, from_s: float, levels: int = 4
) -> dict[str, float]:
    """The share of replicas with *i* or more requests, as those who come from *from_s* on find them.

    Poisson arrivals see time averages (Wolff 1982).
    """
    world = World(seed)
    shop = service(world, Exponential(1.0), replicas=replicas, balance=balance)
    found: list[list[int]] = []

    async def request(arrival: Arrival) -> None:
        if arrival.at_s >= from_s and arrival.number % 10 == 0:
            found.append([replica.present for replica in shop.replicas])
        await shop.work(Work("1"), NOBODY)

    world.run(drive(poisson(rho * replicas, for_s=for_s), request))
    return {f"s{i}": fmean(fmean(count >= i for count in counts) for counts in found) for i in range(1, levels + 1)}
