"""The services of a scenario, put together on whatever transport and stores they are given.

Both clocks use this and nothing else: what differs between them is below
the services (loop, transport, stores), never in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from ..commands import ConflictRetry, execute
from ..errors import RunRefused
from ..naive.executor import execute as naive_execute
from ..resilience import Retry
from ..resilience.backoff import Exponential
from ..services import Client, Service, Transport, carrier
from ..shop import OWNS, SERVICES, ServiceContext, ShopSettings
from ..shop.boxoffice import OWNS as THEATRE_OWNS
from ..shop.holding import HoldingStore
from ..shop.theatre import BoxOffice, Execute
from ..simulation.modelled import ModelledService
from ..store import EventStore
from .kinds import FRONT
from .loading import Loaded
from .model import AppService, BoxOfficeService, Model, Policies, Scenario, ShopService
from .model import ModelledService as ModelledServiceRule
from .protection import Protection, timeout_of

PATIENCE = Retry(10, Exponential(0.5, cap_s=5.0))
"""How often a customer clicks before giving up."""

EXECUTORS: dict[str, Execute] = {"sound": execute, "naive": naive_execute}
"""How a box office carries out its commands, by the name in the file."""

OpenStore = Callable[[str, Sequence[str]], EventStore]
"""Opens the store of a service, by its name and the stream categories that it owns."""

AppFactory = Callable[[ServiceContext], Service]
"""A service of one's own: built from its context, once for each of its lives."""


class Assembly:
    """Builds services, life after life; a service's store outlives its memory."""

    def __init__(
        self,
        scenario: Scenario,
        transport: Transport,
        open_store: OpenStore,
        apps: Mapping[str, AppFactory] | None = None,
    ) -> None:
        self.scenario, self.transport = scenario, transport
        self.services: dict[str, Service] = {}
        self.stores: dict[str, EventStore] = {}
        self.answered: dict[str, list[str]] = {}
        """By service: the keys of the requests that the load sent to it and that were answered as done."""
        self._open_store = open_store
        self._apps = apps or {}
        self._settings = shop_settings(scenario.policies)
        self._carried: dict[str, Transport] = {}
        """By service: what the present life of it asks others by, and is asked by."""

    def of_shop(self, role: str) -> Service | None:
        """The present life of the service that plays this part in the shop, if the scenario has one."""
        for name, rule in self.scenario.services.items():
            if isinstance(rule, ShopService) and rule.shop == role:
                return self.services[name]
        return None

    async def boot(self, name: str) -> None:
        """Begin a life of the service: build it on its store, start it, and let it be called."""
        carried = self._carried[name] = carrier(self.transport, self.scenario.policies.saga.by)
        service = self._build(name)
        self.services[name] = service
        await service.start()
        carried.serve(name, service.receive)

    def client(self, source: str) -> Client:
        """A client of *source*, with a breaker for every service that it calls."""
        return self._client(source, Protection(source, self.scenario))

    def _client(self, source: str, protection: Protection) -> Client:
        timeout_s = timeout_of(source, self.scenario.policies)
        carried = self._carried.get(source, self.transport)
        return Client(carried, source, timeout_s=timeout_s, policy_for=protection.policy_for)

    def _clients(self, name: str, model: Model) -> Client | list[Client]:
        """What a modelled service calls others through: all replicas one client, or each its own."""
        if model.breakers == "shared":
            return self.client(name)
        numbers = range(1, model.replicas + 1)
        return [self._client(name, Protection(name, self.scenario, f"{name}/{number}")) for number in numbers]

    def customers(self) -> Client:
        """A client for people: without an answer they click again. Their keys make that safe."""
        return Client(
            self.transport,
            FRONT,
            timeout_s=self.scenario.policies.call_timeout_s,
            policy_for=lambda target: PATIENCE,
        )

    def _build(self, name: str) -> Service:
        rule = self.scenario.services[name]
        if isinstance(rule, ModelledServiceRule):
            model = rule.model
            return ModelledService(
                name,
                self._clients(name, model),
                latency=model.latency,
                capacity=model.capacity,
                queue_limit=model.queue_limit,
                discipline=model.discipline,
                failure_rate=model.failure_rate,
                calls=model.calls,
                optional=model.optional,
                shards=model.shards,
                quorum=model.quorum,
                replicas=model.replicas,
                balance=model.balance,
                target_s=model.target_s,
                interval_s=model.interval_s,
            )
        if isinstance(rule, ShopService):
            return SERVICES[rule.shop](self._context(name, OWNS[rule.shop]))
        if isinstance(rule, BoxOfficeService):
            return self._box_office(name, rule)
        return self._own(name, rule)

    def _box_office(self, name: str, rule: BoxOfficeService) -> Service:
        office = rule.boxoffice
        context = self._context(name, THEATRE_OWNS)
        return BoxOffice(
            msgspec.structs.replace(context, store=HoldingStore(context.store, office.hold)),
            seats=office.seats,
            sections=office.sections,
            execute=EXECUTORS[office.executor],
        )

    def _own(self, name: str, rule: AppService) -> Service:
        service = self._apps[rule.app](self._context(name))
        if not isinstance(service, Service):
            raise RunRefused(f"--app: {rule.app!r} must build an eventlab.services.Service; it built {service!r}")
        return service

    def _context(self, name: str, owns: Sequence[str] = ()) -> ServiceContext:
        if name not in self.stores:
            self.stores[name] = self._open_store(name, owns)
        return ServiceContext(name, self.stores[name], self.client(name), self._settings)


def check_apps(loaded: Loaded, apps: Mapping[str, AppFactory]) -> None:
    """Raises RunRefused where the scenario asks for somebody's own service, and nobody brought it."""
    for name, rule in loaded.scenario.services.items():
        if not isinstance(rule, AppService) or rule.app in apps:
            continue
        near = get_close_matches(rule.app, apps, 1)
        if near:
            would_do = f"did you mean {near[0]!r}?"
        elif apps:
            would_do = f"--app gives only {', '.join(apps)}"
        else:
            would_do = f"add --app module:function; the function returns {{{rule.app!r}: what builds the service}}"
        raise RunRefused(f"{loaded.path}: services.{name}.app: nobody brought {rule.app!r}; {would_do}")


def shop_settings(policies: Policies) -> ShopSettings:
    """What the shop is to know of a scenario's policies."""
    saga = policies.saga
    return ShopSettings(
        step_attempts=saga.step_attempts,
        step_backoff=saga.backoff.as_backoff(),
        undo_backoff=saga.backoff.as_backoff(),
        stuck_after_s=saga.stuck_after_s,
        order=saga.order,
        compensation=saga.compensation,
        conflicts=ConflictRetry(policies.conflicts.attempts, policies.conflicts.backoff.as_backoff()),
    )
