"""A whole checkout in virtual time: five services, a store for each, the simulated network, everything recorded."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from pathlib import Path

from benchmarks.harness import Goal, Row, Sample, measure, per_unit
from benchmarks.simulation import simpy_timeout
from eventlab.scenarios import load
from eventlab.scenarios.front import Front
from eventlab.scenarios.kinds import FRONT
from eventlab.scenarios.virtual import VirtualRun

CHECKOUTS = 300
SCENARIO = Path(__file__).parents[2] / "scenarios" / "payment-outage.yaml"


def checkout() -> float:
    """Microseconds for one order of the shipped scenario, without its outage, by a customer who is known already."""
    loaded = load(SCENARIO, ["faults=[]", f"load.orders.first={CHECKOUTS}"])
    with VirtualRun(loaded) as run:
        front = Front(run.assembly.client(FRONT))

        async def at_the_front(work: Coroutine[object, object, None]) -> None:
            await run.world.node(FRONT).start(work)

        async def register() -> None:
            for order in loaded.orders:
                await front.register(order.customer_id)

        run.world.run(at_the_front(register()))
        return per_unit(lambda: run.world.run(at_the_front(front.place(loaded.orders))), CHECKOUTS)


def rows() -> Iterator[Row]:
    yield measure(
        "sagas/checkout in virtual time",
        Sample(checkout, collects=True),
        "simpy timeout",
        Sample(simpy_timeout),
        goal=Goal(1000),
    )
