"""The course of a run, the same on either clock: stock, load, settling, final reads."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from contextlib import suppress

from .. import hooks
from ..checks import CheckResult
from ..errors import StoreFailed
from ..sagas.index import SagaIndex
from ..services import Call, Service
from ..services.message import encode
from ..shop import Item, ReceiveStock, audit, check_shop
from ..shop.audit import Facts
from ..shop.orders import OrdersService
from ..shop.theatre import check_theatre
from ..simulation import Schedule
from .assembly import Assembly
from .front import Front, Progress
from .kinds import FRONT
from .loading import Loaded
from .model import BoxOfficeService, Scenario, ShopService

SETTLING_MAX_S = 900.0
"""How long unfinished checkouts are waited for once the load and the faults have ended."""

SETTLING_PAUSE_S = 1.0


def faults_of(scenario: Scenario) -> Schedule:
    """The scenario's fault schedule, as faults that can be played."""
    return Schedule(tuple(fault.as_fault() for fault in scenario.faults))


async def fill_shelves(loaded: Loaded, service: Service) -> None:
    """Give inventory its opening stock: what a run begins with, so it does not come over the network.

    Told again, as on a resumed run, it is not delivered twice.
    """
    items = tuple(Item(title, quantity) for title, quantity in loaded.opening_stock.items() if quantity)
    if items:
        delivery = ReceiveStock("opening", items)
        reply = await service.receive(Call(0, FRONT, service.name, "ReceiveStock", encode(delivery)))
        if reply.outcome != "ok":
            raise StoreFailed(service.name, f"could not take the opening stock: {reply.reason or reply.message}")


async def drive_load(
    loaded: Loaded, assembly: Assembly, *, started: Container[str] = (), progress: Progress | None = None
) -> None:
    """The whole load, but for orders that were *started* before. Returns when everything has its answer."""
    load = loaded.scenario.load
    if load.orders is not None:
        front = Front(assembly.customers(), progress, patience_s=loaded.scenario.policies.front.patience_s)
        await front.place([order for order in loaded.orders if order.id not in started])
        return
    front = Front(assembly.client(FRONT), progress, assembly.answered)
    if load.open is not None:
        await front.request(load.open.target, load.open.as_load(loaded.recorded))
    elif load.closed is not None:
        await front.repeat(load.closed)
    elif load.ushers is not None:
        await front.keep_watch(load.ushers)


async def settle(assembly: Assembly) -> None:
    """Wait until every checkout has come to rest, within reason: what then is unfinished, the invariants will say."""
    orders = assembly.of_shop("orders")
    if not isinstance(orders, OrdersService):
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLING_MAX_S):
            while await orders.engine.unfinished():  # noqa: ASYNC110 - no event outlives a crash of the service
                await asyncio.sleep(SETTLING_PAUSE_S)


def operated(assembly: Assembly) -> OrdersService | None:
    """Whose checkouts a person looks after; None where nobody does."""
    orders = assembly.of_shop("orders")
    is_there = assembly.scenario.policies.saga.operator_s is not None
    return orders if is_there and isinstance(orders, OrdersService) else None


async def operate(assembly: Assembly, orders: OrdersService) -> None:
    """Once all has come to rest, or that was waited for in vain, let the checkouts that are stuck try again."""
    await asyncio.sleep(assembly.scenario.policies.saga.operator_s or 0.0)
    index = SagaIndex(orders.store, keep=False)
    await index.catch_up()
    for saga_id in index.stuck:
        await orders.engine.retry(saga_id, by="operator", why="the cause is gone")
        orders.engine.go(saga_id)


async def final_reads(assembly: Assembly) -> list[CheckResult]:
    """Audit every service's own log, record what was found, and hold the invariants against it.

    A box office's log is its own audit: the checks read it as it is.
    """
    audits: dict[str, Facts] = {}
    of_theatres: list[CheckResult] = []
    for name, rule in assembly.scenario.services.items():
        if isinstance(rule, ShopService):
            audits[rule.shop] = facts = await audit(rule.shop, assembly.stores[name])
            hooks.emit(hooks.Observed(f"audit/{name}", facts))
        elif isinstance(rule, BoxOfficeService):
            office = rule.boxoffice
            of_theatres += await check_theatre(
                assembly.stores[name],
                seats=office.seats,
                sections=office.sections,
                answered=assembly.answered.get(name, ()),
            )
    return [*(check_shop(audits) if "orders" in audits else []), *of_theatres]
