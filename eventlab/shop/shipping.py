"""Shipping: a parcel that is scheduled, then dispatched or cancelled. Owns ``shipment-<order>``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop.keeping import ShopService, cancelled, not_possible
from eventlab.shop.owners import SHIPPING, named
from eventlab.store import StoredEvent, StreamId


@event("ShipmentScheduled")
@dataclass(frozen=True, slots=True)
class ShipmentScheduled:
    order_id: str
    address: str


@event("ShipmentCancelled")
@dataclass(frozen=True, slots=True)
class ShipmentCancelled:
    """No parcel will leave; if none was scheduled before, none will be."""

    order_id: str


@event("ShipmentDispatched")
@dataclass(frozen=True, slots=True)
class ShipmentDispatched:
    order_id: str


Shipment = Literal["unknown", "scheduled", "cancelled", "dispatched"]

AFTER: dict[type[object], Shipment] = {
    ShipmentScheduled: "scheduled",
    ShipmentCancelled: "cancelled",
    ShipmentDispatched: "dispatched",
}
"""How a shipment stands after each event."""


@dataclass(frozen=True)
class OnShipment(Command[Shipment]):
    """A command on the shipment of one order."""

    shipment: StreamId
    order_id: str

    owner = SHIPPING

    def initial(self) -> Shipment:
        return "unknown"

    def apply(self, state: Shipment, stored: StoredEvent) -> Shipment:
        return AFTER[type(stored.event)]


@dataclass(frozen=True)
class ScheduleShipping(OnShipment):
    address: str

    def handle(self, state: Shipment) -> Iterable[tuple[str, object]]:
        if state == "cancelled":
            raise cancelled("the shipment", self.order_id)
        return [(self.shipment, ShipmentScheduled(self.order_id, self.address))] if state == "unknown" else ()


@dataclass(frozen=True)
class CancelShipping(OnShipment):
    def handle(self, state: Shipment) -> Iterable[tuple[str, object]]:
        if state == "dispatched":
            raise not_possible("dispatched", "the shipment", self.order_id, state)
        return [(self.shipment, ShipmentCancelled(self.order_id))] if state != "cancelled" else ()


@dataclass(frozen=True)
class DispatchShipment(OnShipment):
    def handle(self, state: Shipment) -> Iterable[tuple[str, object]]:
        if state in ("unknown", "cancelled"):
            raise not_possible("not_scheduled", "the shipment", self.order_id, state)
        return [(self.shipment, ShipmentDispatched(self.order_id))] if state == "scheduled" else ()


class ShippingService(ShopService):
    @handles(ask.ScheduleShipping)
    async def schedule(self, request: ask.ScheduleShipping, call: Call) -> ask.Done:
        await self.decide(ScheduleShipping(_stream(request.order_id), request.order_id, request.address))
        return ask.Done(request.order_id)

    @handles(ask.CancelShipping)
    async def cancel(self, request: ask.CancelShipping, call: Call) -> ask.Done:
        await self.decide(CancelShipping(_stream(request.order_id), request.order_id))
        return ask.Done(request.order_id)

    @handles(ask.DispatchShipment)
    async def dispatch(self, request: ask.DispatchShipment, call: Call) -> ask.Done:
        await self.decide(DispatchShipment(_stream(request.order_id), request.order_id))
        return ask.Done(request.order_id)


def _stream(order_id: str) -> StreamId:
    return named("shipment", order_id)
