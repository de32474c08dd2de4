"""Payments: money that is reserved, then captured or released. Owns ``payment-<order>``; all amounts in cents.

A declined payment is an outcome like any other: it is remembered, and a late
repetition gets the same answer. An order that costs nothing is captured as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop.keeping import ShopService, cancelled, differs, not_possible
from eventlab.shop.owners import PAYMENTS, named
from eventlab.store import StoredEvent, StreamId


@event("PaymentReserved")
@dataclass(frozen=True, slots=True)
class PaymentReserved:
    order_id: str
    customer_id: str
    cents: int


@event("PaymentDeclined")
@dataclass(frozen=True, slots=True)
class PaymentDeclined:
    order_id: str
    customer_id: str
    cents: int
    limit_cents: int


@event("PaymentCaptured")
@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    order_id: str
    cents: int


@event("PaymentProcessed")
@dataclass(frozen=True, slots=True)
class PaymentProcessed:
    """Reserved and captured at once, outside any checkout."""

    order_id: str
    customer_id: str
    cents: int
    method: str


@event("PaymentReleased")
@dataclass(frozen=True, slots=True)
class PaymentReleased:
    """Nothing is reserved any more; with nothing reserved before, nothing ever will be."""

    order_id: str
    cents: int


class Payment(msgspec.Struct, frozen=True):
    """How the payment for one order stands."""

    status: Literal["unknown", "reserved", "declined", "captured", "released"] = "unknown"
    cents: int = 0
    at_once: PaymentProcessed | None = None
    """If it was processed at once: then it is nothing that a checkout could release."""

    def after(self, event: object) -> Payment:
        match event:
            case PaymentReserved(cents=cents):
                return Payment("reserved", cents)
            case PaymentDeclined(cents=cents):
                return Payment("declined", cents)
            case PaymentCaptured(cents=cents):
                return Payment("captured", cents)
            case PaymentProcessed(cents=cents):
                return Payment("captured", cents, event)
            case PaymentReleased():
                return Payment("released", self.cents)
        return self


@dataclass(frozen=True)
class OnPayment(Command[Payment]):
    """A command on the payment of one order."""

    payment: StreamId
    order_id: str

    owner = PAYMENTS

    def initial(self) -> Payment:
        return Payment()

    def apply(self, state: Payment, stored: StoredEvent) -> Payment:
        return state.after(stored.event)


@dataclass(frozen=True)
class ReservePayment(OnPayment):
    customer_id: str
    cents: int
    limit_cents: int | None

    def handle(self, state: Payment) -> Iterable[tuple[str, object]]:
        if self.cents < 0:
            raise Refused("bad_amount", f"{self.cents} cents cannot be paid")
        if state.status == "released":
            raise cancelled("the payment", self.order_id)
        if state.status == "unknown":
            if self.limit_cents is not None and self.cents > self.limit_cents:
                declined = PaymentDeclined(self.order_id, self.customer_id, self.cents, self.limit_cents)
                return [(self.payment, declined)]
            return [(self.payment, PaymentReserved(self.order_id, self.customer_id, self.cents))]
        if state.cents != self.cents:
            raise differs("the payment", self.order_id)
        if state.status == "declined":
            raise declined_refusal(self.order_id, self.cents)
        if state.at_once is not None:
            raise not_possible("processed", "the payment", self.order_id, "captured already, outside this checkout")
        return ()


@dataclass(frozen=True)
class ProcessPayment(OnPayment):
    """A payment that is declined is written down as such; whoever asked reads what became of it."""

    wish: PaymentProcessed
    limit_cents: int | None

    def handle(self, state: Payment) -> Iterable[tuple[str, object]]:
        wish, cents = self.wish, self.wish.cents
        if cents < 0:
            raise Refused("bad_amount", f"{cents} cents cannot be paid")
        match state.status:
            case "unknown" if self.limit_cents is not None and cents > self.limit_cents:
                return [(self.payment, PaymentDeclined(wish.order_id, wish.customer_id, cents, self.limit_cents))]
            case "unknown":
                return [(self.payment, wish)]
            case "released":
                raise cancelled("the payment", self.order_id)
            case "reserved" | "captured" if state.at_once is None:
                raise not_possible("reserved", "the payment", self.order_id, f"{state.status} by a checkout")
        if state.cents != cents or state.at_once not in (None, wish):
            raise differs("the payment", self.order_id)
        return ()


@dataclass(frozen=True)
class CapturePayment(OnPayment):
    def handle(self, state: Payment) -> Iterable[tuple[str, object]]:
        if state.status == "reserved":
            return [(self.payment, PaymentCaptured(self.order_id, state.cents))]
        if state.status != "captured":
            raise not_possible("not_reserved", "the payment", self.order_id, state.status)
        return ()


@dataclass(frozen=True)
class ReleasePayment(OnPayment):
    def handle(self, state: Payment) -> Iterable[tuple[str, object]]:
        if state.status in ("unknown", "reserved"):
            return [(self.payment, PaymentReleased(self.order_id, state.cents))]
        if state.status == "captured":
            raise not_possible("captured", "the payment", self.order_id, state.status)
        return ()


def declined_refusal(order_id: str, cents: int) -> Refused:
    return Refused("declined", f"{cents} cents for order {order_id} were declined", {"order_id": order_id})


class PaymentsService(ShopService):
    @handles(ask.ReservePayment)
    async def reserve(self, request: ask.ReservePayment, call: Call) -> ask.Done:
        limit_cents = self.settings.decline_above_cents
        order_id, cents = request.order_id, request.amount_cents
        command = ReservePayment(_stream(order_id), order_id, request.customer_id, cents, limit_cents)
        for _, written in (await self.decide(command)).events:
            if isinstance(written, PaymentDeclined):
                raise declined_refusal(order_id, cents)
        return ask.Done(order_id)

    @handles(ask.ProcessPayment)
    async def process(self, request: ask.ProcessPayment, call: Call) -> ask.PaymentOutcome:
        stream, order_id, cents = _stream(request.payment_id), request.order_id, request.amount_cents
        wish = PaymentProcessed(order_id, request.customer_id, cents, request.method)
        await self.decide(ProcessPayment(stream, order_id, wish, self.settings.decline_above_cents))
        (first,) = await self.store.read(stream, limit=1)
        if isinstance(first.event, PaymentDeclined):
            said = declined_refusal(order_id, cents).message
            return ask.PaymentOutcome(request.payment_id, "declined", cents, said)
        return ask.PaymentOutcome(request.payment_id, "captured", cents)

    @handles(ask.CapturePayment)
    async def capture(self, request: ask.CapturePayment, call: Call) -> ask.Done:
        await self.decide(CapturePayment(_stream(request.order_id), request.order_id))
        return ask.Done(request.order_id)

    @handles(ask.ReleasePayment)
    async def release(self, request: ask.ReleasePayment, call: Call) -> ask.Done:
        await self.decide(ReleasePayment(_stream(request.order_id), request.order_id))
        return ask.Done(request.order_id)


def _stream(order_id: str) -> StreamId:
    return named("payment", order_id)
