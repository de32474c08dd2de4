"""A shop before a service that is gone for a while: every customer's call goes through one breaker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from eventlab import hooks
from eventlab.checks import CheckResult, none_found
from eventlab.errors import CircuitOpen, EventlabError
from eventlab.history import Entry, of_kind
from eventlab.naive.breaker import CircuitIsOpen, NaiveBreaker
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, breaker
from eventlab.resilience.circuit import Circuit
from eventlab.services import Call, Client, Request, Service, handles
from eventlab.simulation import Constant, PartitionFault, Recorder, SimulatedTransport, World, play_in

T = TypeVar("T")

CUSTOMERS_PER_S = 20
OPEN_FOR_S = 5.0
PROBES = 3


class Look(Request[str], frozen=True):
    """Is it there?"""


class Stock(Service):
    """Answers within a tenth of a second, when it is reached."""

    @handles(Look)
    async def look(self, request: Look, call: Call) -> str:
        await asyncio.sleep(0.1)
        return "three left"


@dataclass(frozen=True)
class Day:
    """What happened, and how many of the customers got an answer."""

    entries: Sequence[Entry] = field(repr=False)
    answered: int
    customers: int


class _Noted(NaiveBreaker):
    """Its rejections are told as the sound one's are, so that both pictures show them."""

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        try:
            return await super().call(f, *args)
        except CircuitIsOpen:
            raise CircuitOpen(self.name, OPEN_FOR_S) from None


def naive() -> Circuit:
    """Opens at the fifth failure in a row, for five seconds."""
    return _Noted("stock", failure_threshold=5, timeout_s=1.0, retry_timeout_s=OPEN_FOR_S)


def sound() -> Circuit:
    """Opens when half of the last ten calls failed, for five seconds; then three probes decide."""
    config = CircuitBreakerConfig(10, 5, 0.5, open_s=OPEN_FOR_S, half_open_calls=PROBES)
    return CircuitBreaker("stock", config)


def day(circuit: Circuit, *, lasts_s: float = 20.0, gone_s: tuple[float, float] = (2.0, 12.0), seed: int = 4) -> Day:
    """Twenty customers a second ask for what lies in stock, which cannot be reached for ten seconds."""
    world, recorder = World(seed), Recorder()
    world.network.set_latency(Constant(0.01))
    transport = SimulatedTransport(world)
    policy = breaker(circuit)

    async def customer(client: Client, number: int) -> bool:
        await asyncio.sleep(number / CUSTOMERS_PER_S)
        try:
            await client.call("stock", Look(), key=f"customer-{number}")
        except EventlabError:
            return False
        return True

    async def serve() -> int:
        client = Client(transport, "shop", timeout_s=1.0, policy_for=lambda target: policy)
        return sum(await asyncio.gather(*(customer(client, number) for number in range(customers))))

    async def main() -> int:
        transport.serve("stock", Stock("stock").receive)
        return await world.node("shop").start(serve())

    world.node("stock")
    world.node("shop")
    customers = int(lasts_s * CUSTOMERS_PER_S)
    began_s, ended_s = gone_s
    cut = PartitionFault(left=("shop",), right=("stock",), at_s=began_s, for_s=ended_s - began_s)
    world.spawn(play_in(world, [cut]), name="faults")
    with world, recorder.recording():
        answered = world.run(main)
    return Day(recorder.entries, answered, customers)


def no_more_probes_than(most: int, found: Day) -> CheckResult:
    """Whether in each half-open period at most *most* calls reached out for the service."""
    kept_back = {ended.id for _, ended in of_kind(found.entries, hooks.CallEnded) if ended.outcome == "rejected"}
    herds = []
    since_s, calls = None, 0
    for entry in found.entries:
        match entry.what:
            case hooks.BreakerChanged(after=after):
                if since_s is not None and calls > most:
                    herds.append(f"{calls} calls went out between {since_s:.2f} s and {entry.at:.2f} s")
                since_s, calls = (entry.at if after == "half-open" else None), 0
            case hooks.CallStarted(id=number):
                calls += since_s is not None and number not in kept_back
    return none_found(f"while half-open, at most {most} probes go out", "half-open periods with more", herds)


def in_vain(found: Day) -> int:
    """How many calls were made, and brought no answer."""
    return sum(ended.outcome not in ("ok", "rejected") for _, ended in of_kind(found.entries, hooks.CallEnded))
