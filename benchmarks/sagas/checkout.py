"""A whole checkout in virtual time: five services, a store for each, the simulated network, everything recorded."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path

from benchmarks.harness import Goal, Row, Sample, measure, per_unit
from benchmarks.simulation import simpy_timeout
from eventlab.hooks import SagaMoved
from eventlab.scenarios import load
from eventlab.scenarios.front import Front
from eventlab.scenarios.kinds import FRONT
from eventlab.scenarios.virtual import VirtualRun
from eventlab.simulation.http import http_between

CHECKOUTS = 300
ENDS = ("completed", "compensation_completed")
SCENARIO = Path(__file__).parents[2] / "scenarios" / "payment-outage.yaml"


def checkout(checkouts: int = CHECKOUTS, *, over_http: bool = False) -> float:
    """Microseconds for one order of the shipped scenario, without its outage, by a customer who is known already.

    Messages go by the world's own transport, or *over_http*: by httpx to Starlette applications, over the same network.
    """
    loaded = load(SCENARIO, ["faults=[]", f"load.orders.first={checkouts}"])
    run = VirtualRun(loaded)
    if over_http:
        run.assembly.transport = http_between(run.world, loaded.scenario.services)
    with run:
        front = Front(run.assembly.client(FRONT))

        async def at_the_front(work: Coroutine[object, object, None]) -> None:
            await run.world.node(FRONT).start(work)

        async def register() -> None:
            for order in loaded.orders:
                await front.register(order.customer_id)

        run.world.run(at_the_front(register()))
        took_us = per_unit(lambda: run.world.run(at_the_front(front.place(loaded.orders))), checkouts)
        moves = [entry.what.phase for entry in run.recorder.entries if isinstance(entry.what, SagaMoved)]
        assert sum(moves.count(end) for end in ENDS) == checkouts
    return took_us


def rows() -> Iterator[Row]:
    bare = Sample(simpy_timeout)
    yield measure(
        "sagas/checkout in virtual time",
        Sample(checkout, collects=True),
        "simpy timeout",
        bare,
        goal=Goal(1000),
    )
    yield measure(
        "sagas/checkout over HTTP",
        Sample(partial(checkout, CHECKOUTS // 3, over_http=True), collects=True),
        "simpy timeout",
        bare,
    )
