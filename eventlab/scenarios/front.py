"""The load: customers who come at their time, register once, and check out; or requests, at a rate or in rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from .. import runtime
from ..errors import EventlabError, UnknownOutcome
from ..history import operation
from ..services import Client, Request
from ..shop import Checkout, CreateCustomerProfile, CreateUser, Line
from ..shop.theatre import ComeBack, GoHome
from ..simulation import workload
from ..simulation.modelled import Done, Work
from .asking import ClosedLoad, UshersLoad
from .orders import Order

Begin = Callable[[], Coroutine[Any, Any, Any]]
"""Begins an operation when its time has come; before that there is nothing that would have to be cleaned up."""

Progress = Callable[[int], None]
"""Told how many of the operations have ended."""


class Front:
    """Drives the load, tells the hooks how every operation began and ended, and notes what was *answered* by whom.

    For *patience_s* a customer looks at the spinning wheel of a checkout, which goes on without them.
    """

    def __init__(
        self,
        client: Client,
        progress: Progress | None = None,
        answered: dict[str, list[str]] | None = None,
        patience_s: float = 120.0,
    ) -> None:
        self._client, self._progress, self._patience_s = client, progress, patience_s
        self._answered = {} if answered is None else answered
        self._ended = 0
        self._registered: dict[str, asyncio.Future[None]] = {}

    async def place(self, orders: Sequence[Order]) -> None:
        """Place every order at its time, and return when each has its answer."""
        await self._spread((order.arrives_s, partial(self._order, order)) for order in orders)

    async def request(self, target: str, load: workload.OpenLoad | workload.Replay) -> None:
        """Send requests to a modelled service when they come, answered or not; times count from the run's beginning."""
        await workload.drive(load, partial(self._request, target), begins_s=0.0)

    async def repeat(self, load: ClosedLoad) -> None:
        """Let all clients ask at once, and each wait for the answer, think, and ask again, as often as they are to."""

        def ask(arrival: workload.Arrival) -> Coroutine[Any, Any, str]:
            name = f"client-{arrival.user}"
            request = f"{name}/{arrival.number}"
            return self._operation(name, "work", request, partial(self._work, load.target, request))

        await workload.drive(workload.ClosedLoad(load.clients, load.each, thinking=load.thinking), ask)

    async def keep_watch(self, load: UshersLoad) -> None:
        """Let all ushers come on duty, one after the other, and then go home and come back, each as often as asked."""
        names = [f"{number}" for number in range(1, load.count + 1)]
        for name in names:
            await self._come(load.target, name, 0)
        async with asyncio.TaskGroup() as group:
            for at, name in enumerate(names):
                group.create_task(self._usher(load, name, names[(at + 1) % len(names)]))

    async def _usher(self, load: UshersLoad, name: str, other: str) -> None:
        chance = runtime.random_stream(f"ushers/{name}")
        for number in range(1, load.each + 1):
            await asyncio.sleep(load.working.sample(chance))
            wish = partial(self._ask, load.target, GoHome(name, other), f"usher-{name}/home-{number}")
            if await self._operation(f"usher-{name}", "go home", f"usher-{name}/home-{number}", wish) != "failed":
                await asyncio.sleep(load.away.sample(chance))
                await self._come(load.target, name, number)

    async def _come(self, target: str, name: str, number: int) -> None:
        key = f"usher-{name}/back-{number}"
        await self._operation(f"usher-{name}", "come back", key, partial(self._ask, target, ComeBack(name), key))

    async def _ask(self, target: str, request: Request[Done], key: str) -> str:
        await self._client.call(target, request, key=key)
        return "done"

    async def _spread(self, timed: Iterable[tuple[float, Begin]]) -> None:
        async with asyncio.TaskGroup() as group:
            for at_s, begin in timed:
                await asyncio.sleep(max(0.0, at_s - runtime.monotonic()))
                group.create_task(begin())

    def _order(self, order: Order) -> Coroutine[Any, Any, str]:
        return self._operation(f"customer-{order.customer_id}", "checkout", order.id, partial(self._check_out, order))

    def _request(self, target: str, arrival: workload.Arrival) -> Coroutine[Any, Any, str]:
        request = f"request-{arrival.number}"
        return self._operation(target, "work", request, partial(self._work, target, request), arrival.at_s)

    async def _check_out(self, order: Order) -> str:
        await self.register(order.customer_id)
        lines = tuple(Line(line.title, line.quantity, line.total_cents) for line in order.lines)
        request = Checkout(order.id, order.customer_id, lines)
        ended = await self._client.call("orders", request, key=order.id, timeout_s=self._patience_s)
        return ended.status

    async def register(self, customer_id: str) -> None:
        """Make a customer known to users and orders, once; orders that come meanwhile wait for it."""
        known = self._registered.get(customer_id)
        if known is not None and not (known.done() and known.exception()):
            await asyncio.shield(known)
            return
        self._registered[customer_id] = registered = asyncio.ensure_future(self._register_now(customer_id))
        registered.add_done_callback(_heard)
        await asyncio.shield(registered)

    async def _register_now(self, customer_id: str) -> None:
        email = f"customer-{customer_id}@example.com"
        await self._client.call("users", CreateUser(customer_id, email), key=f"user-{customer_id}")
        await self._client.call("orders", CreateCustomerProfile(customer_id, email), key=f"customer-{customer_id}")

    async def _work(self, target: str, name: str) -> str:
        done = await self._ask(target, Work(name), name)
        self._answered.setdefault(target, []).append(name)
        return done

    async def _operation(
        self,
        process: str,
        name: str,
        subject: str,
        work: Callable[[], Coroutine[Any, Any, str]],
        meant_s: float | None = None,
    ) -> str:
        """Do the *work* as an operation that the history tells of, and say how it ended."""
        with operation(process, name, subject, meant_s=meant_s) as op:
            try:
                op.returns(await work())
            except UnknownOutcome as error:
                op.stays_unknown(str(error))
            except EventlabError as error:  # to a customer a broken handler is a failure, whatever it did before
                op.fails(str(error))
        self._ended += 1
        if self._progress is not None:
            self._progress(self._ended)
        return op.outcome


def _heard(registered: asyncio.Future[None]) -> None:
    """Whoever waits is told what went wrong; when a run is ended, nobody waits."""
    if not registered.cancelled():
        registered.exception()
