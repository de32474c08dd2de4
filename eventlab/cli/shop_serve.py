"""``eventlab shop serve``: one service in a process of its own, on its own store, over HTTP."""

from __future__ import annotations

import asyncio
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

from .. import runtime
from ..errors import InvalidValue
from ..resilience import CircuitBreakers, Policy, breaker, timeout
from ..runtime import on_node
from ..services import Client
from ..shop import OWNS, SERVICES, ServiceContext, ShopService
from ..shop.claiming import RELEASE_SQL, claim
from ..shop.orders import OrdersService
from ..store import PortableStore, open_store
from ..store.opening import without_secrets
from .exits import INTERRUPTED, MET
from .opened import print_line, sqlite_file
from .shop_peers import addresses_of, needs_http, refuse_missing, service_named

CALLS = {"orders": ("payments", "inventory", "shipping")}
"""Who calls whom: without their addresses such a service would start, and finish nothing."""

CALL_TIMEOUT_S = 2.0
"""How long one attempt of a call to another service may take; sagas try again by themselves."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class ServeOptions:
    """What was said on the command line."""

    service: str
    port: int
    store: str
    peers: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    grace_s: float = 10.0


def serve(options: ServeOptions) -> int:
    """Serve until it is asked to stop, and give back the exit code."""
    needs_http()
    name = service_named(options.service)
    addresses = addresses_of(options.peers)
    refuse_missing(name, CALLS.get(name, ()), addresses)
    if options.store in ("memory:", "memory://"):
        raise InvalidValue("--store", options.store, "a store that outlives the process, such as sqlite:///orders.db")
    if options.host not in LOOPBACK:
        sys.stderr.write(f"{name} listens on {options.host}: whoever reaches it may ask anything of it\n")
    try:
        asyncio.run(_serve(name, options, addresses))
    except asyncio.CancelledError:
        return INTERRUPTED
    return MET


async def _serve(name: str, options: ServeOptions, addresses: dict[str, str]) -> None:
    with _asked_to_stop() as stopping:
        store = open_store(options.store, name=name, owns=OWNS[name])
        try:
            await _check_whose(store, name, options.store)
            with on_node(name):
                await _tell_end(await _live(name, options, addresses, store, stopping))
        finally:
            await store.close()


async def _check_whose(store: PortableStore, name: str, url: str) -> None:
    """That the store is not another service's, by its events, or by who was the first to be started on it."""
    owner = await claim(store, name)
    if owner != name:
        why = f"{owner} has its events in this one"
        if not await store.head():
            mend = "delete it" if sqlite_file(url) else f"run this on it: {RELEASE_SQL}"
            why = f"{owner} was started on this one first, which is still empty; if that was a slip, {mend}"
        raise InvalidValue("--store", without_secrets(url), f"the store of {name}; {why}")


async def _live(
    name: str, options: ServeOptions, addresses: dict[str, str], store: PortableStore, stopping: asyncio.Event
) -> ShopService:
    """One life of the service, which is given back when it is over.

    That it ends is told first, then work may end, and then the service stops.
    """
    from ..services.door import Door
    from ..services.http import HttpTransport
    from ..services.serving import serving

    here = options.port or runtime.new_id()  # whoever comes back to its port goes on under its name
    door = Door(name)
    door.close("it is starting")
    async with AsyncExitStack() as life:
        transport = await life.enter_async_context(HttpTransport(addresses))
        client = Client(transport, name, policy_for=_policies())
        worker = f"{platform.node()}:{here}"
        service = SERVICES[name](ServiceContext(name, store, client, worker=worker, warn=_warn))
        life.push_async_callback(service.stop)
        served = serving(door.application(), host=options.host, port=options.port, lifespan=False)
        url = await life.enter_async_context(served)
        await service.start()
        door.open(service.receive, service.check)
        life.push_async_callback(door.shut, "it is stopping", options.grace_s)
        print_line(f"{name} is ready at {url}, its events in {without_secrets(options.store)}")
        sys.stdout.flush()
        await stopping.wait()
    return service


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _policies() -> Callable[[str], Policy]:
    """A breaker for each target, and a timeout."""
    circuits, made = CircuitBreakers(), dict[str, Policy]()

    def policy_for(target: str) -> Policy:
        if target not in made:
            made[target] = breaker(circuits.of(target)) | timeout(CALL_TIMEOUT_S)
        return made[target]

    return policy_for


@contextmanager
def _asked_to_stop() -> Iterator[asyncio.Event]:
    """Set by the first Ctrl-C or SIGTERM. The second cancels whatever still goes on."""
    stopping, loop, main = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if stopping.is_set() and main is not None:
            main.cancel()
        stopping.set()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _tell_end(service: ShopService) -> None:
    left = len(await service.engine.unfinished()) if isinstance(service, OrdersService) else 0
    print_line(f"{service.name} has stopped{left_over(left)}")


def left_over(checkouts: int) -> str:
    """What becomes of the checkouts that had not ended; nothing is said where all had."""
    if not checkouts:
        return ""
    told = "1 unfinished checkout is" if checkouts == 1 else f"{checkouts} unfinished checkouts are"
    return f"; {told} taken up by the next start"
