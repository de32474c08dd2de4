"""The ball thrown to and fro, in the simulators that eventlab measures itself against. They need Python 3.13."""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.harness import per_unit


def happysim_message(events: int, latency_s: float) -> float:
    """Two entities and a network with a link each way: an event for each throw. Raises ImportError without happysim."""
    from happysimulator import Event, Instant, Simulation
    from happysimulator.components.network import Network, NetworkLink
    from happysimulator.core.entity import Entity
    from happysimulator.distributions import ExponentialLatency

    left = [events]

    class Player(Entity):
        other: Any = None

        def handle_event(self, event: Any) -> Any:
            left[0] -= 1
            return network.send(self, self.other, "ball") if left[0] > 0 else None

    here, there = Player("here"), Player("there")
    here.other, there.other = there, here
    network = Network("network")
    network.add_link(here, there, NetworkLink("to", latency=ExponentialLatency(latency_s)))
    network.add_link(there, here, NetworkLink("fro", latency=ExponentialLatency(latency_s)))
    simulation = Simulation(entities=[here, there, network])
    simulation.schedule(Event(time=Instant.Epoch, event_type="ball", target=here))
    return per_unit(simulation.run, events)


def simloop_message(events: int, latency_s: float) -> float:
    """Datagrams between two hosts of one simulated loop. Raises ImportError without simloop."""
    from simloop import SimLoop

    loop = SimLoop(seed=1)
    loop.net.set_defaults(latency=(0.0, 2 * latency_s))

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, address: Any) -> None:
            self.transport.sendto(data, address)

    class Inbox(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.balls: asyncio.Queue[bytes] = asyncio.Queue()

        def datagram_received(self, data: bytes, address: Any) -> None:
            self.balls.put_nowait(data)

    async def serve() -> None:
        await loop.create_datagram_endpoint(Echo, local_addr=("there", 9))

    async def play() -> None:
        await loop.net.host("there").create_task(serve())
        await loop.net.host("here").create_task(throw())

    async def throw() -> None:
        transport, inbox = await loop.create_datagram_endpoint(Inbox, remote_addr=("there", 9))
        for _ in range(events // 2):
            transport.sendto(b"ball")
            await inbox.balls.get()

    try:
        return per_unit(lambda: loop.run_until_complete(play()), events)
    finally:
        loop.close()
