"""What the shop's services have in common: their surroundings, and commands on the stream of one order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from eventlab import runtime
from eventlab.commands import Command, Executed, execute
from eventlab.errors import EventlabError, Refused
from eventlab.services import Client, Service
from eventlab.shop.settings import DEFAULT_SETTINGS, ShopSettings
from eventlab.store import EventStore

S = TypeVar("S")

WARN_EVERY_S: Final = 60.0
"""However many requests its store lets down, a service warns of that no more often."""


def _ignore(line: str) -> None: ...


class ServiceContext(msgspec.Struct, frozen=True):
    """What one life of a service is given: its name, its own store, its way to call others, the policies."""

    name: str
    store: EventStore
    client: Client
    settings: ShopSettings = DEFAULT_SETTINGS
    worker: str | None = None
    """The name under which it shares its sagas with other processes on the same store (`SagaWorker`); None: it is the
    only one, and takes up when it starts what an earlier life left."""
    warn: Callable[[str], None] = _ignore
    """Is told, in one line, what keeps it from work that nobody waits for."""


class ShopService(Service):
    """A service of the shop: decides by commands on its own store."""

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context.name, context.store)
        self.client = context.client
        self.settings = context.settings
        self._warn = context.warn
        self._quiet_until_s = -math.inf

    async def decide(self, command: Command[Any], *, command_id: str | None = None) -> Executed:
        """Execute *command* on the service's own store."""
        return await execute(self.store, command, retry=self.settings.conflicts, command_id=command_id)

    def let_down(self, error: EventlabError) -> None:
        """As every service, and whoever is warned is told, once in a while."""
        super().let_down(error)
        if runtime.monotonic() >= self._quiet_until_s:
            self._quiet_until_s = runtime.monotonic() + WARN_EVERY_S
            self._warn(f"{self.name}: a request has failed: {error}. It is not ready until its store can be written to")


def cancelled(what: str, order_id: str) -> Refused:
    """The refusal of a request that comes after its own cancellation."""
    return Refused("cancelled", f"{what} of order {order_id} was cancelled before", {"order_id": order_id})


def differs(what: str, order_id: str) -> Refused:
    """The refusal of a repetition that is none: the same order, another content."""
    return Refused("differs", f"{what} of order {order_id} was asked for before, differently", {"order_id": order_id})


def not_possible(code: str, what: str, order_id: str, status: str) -> Refused:
    """The refusal of what the present status does not allow."""
    return Refused(code, f"{what} of order {order_id} is {status}", {"order_id": order_id, "status": status})
