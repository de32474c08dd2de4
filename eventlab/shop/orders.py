"""Orders: takes them, and carries each through its checkout. Owns ``order-…``, ``customer-…`` and ``saga-…``."""

from __future__ import annotations

import asyncio

from eventlab.errors import Refused, SagaInputDiffers, SagaVerbRefused
from eventlab.sagas import SagaEngine, SagaState, SagaWorker
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop import ordering, profiles
from eventlab.shop.checkout import NAMES, CheckoutInput, CheckoutSteps
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.owners import named
from eventlab.shop.profiles import CustomerProfileRecorded
from eventlab.shop.sharing import Background, at_rest

SHARES = 4
"""Into so many the sagas are dealt among the processes that serve orders; each costs a lease that is to be renewed."""


class OrdersService(ShopService):
    """A checkout's saga has the order's id, and outlives whoever asked for it, and this service's life."""

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context)
        steps = CheckoutSteps(context.store, context.client, context.settings)
        self.engine = SagaEngine(context.store, steps.sagas(), compensate=context.settings.compensation)
        self._worker = None if context.worker is None else SagaWorker(self.engine, worker=context.worker, shares=SHARES)
        self._background = Background(context.name, context.worker, context.warn)

    async def start(self) -> None:
        """Take up, in the background, what an earlier life left unfinished, unless there are others who do.

        With a worker's name it goes on to take up what others leave, and what an operator got going again.
        """
        if self._worker is None or await self._worker.is_alone():
            self._background.begin("recover", self.engine.recover)
        if self._worker is not None:
            self._background.begin("work", self._worker.run)

    async def check(self) -> None:
        """As every service, and whether it takes up what is left unfinished."""
        await super().check()
        self._background.check()

    async def stop(self) -> None:
        self._background.cancel()
        if self._worker is not None:
            await self._background.ended()  # it gives its shares back
        await self.engine.stop()

    @handles(ask.CreateCustomerProfile)
    async def create_profile(self, request: ask.CreateCustomerProfile, call: Call) -> ask.ProfileKnown:
        profile = CustomerProfileRecorded(request.customer_id, request.email, request.address, profiles.FIRST)
        return await self._record(profiles.CreateCustomerProfile, profile)

    @handles(ask.UpdateCustomerProfile)
    async def update_profile(self, request: ask.UpdateCustomerProfile, call: Call) -> ask.ProfileKnown:
        profile = CustomerProfileRecorded(request.customer_id, request.email, request.address, request.version)
        return await self._record(profiles.UpdateCustomerProfile, profile)

    async def _record(self, command: type[profiles.OnProfile], profile: CustomerProfileRecorded) -> ask.ProfileKnown:
        stream = profiles.customer_stream(profile.customer_id)
        done = await self.decide(command(stream, profile))
        known = profile if done.events else (await self.store.read(stream))[-1].event
        return ask.ProfileKnown(profile.customer_id, known.version, ignored=known.version > profile.version)

    @handles(ask.CreateOrder)
    async def create(self, request: ask.CreateOrder, call: Call) -> ask.OrderTaken:
        order_id, customer_id = request.order_id, request.customer_id
        order, customer = ordering.order_stream(order_id), profiles.customer_stream(customer_id)
        await self.decide(ordering.CreateOrder(order, customer, order_id, customer_id, request.lines))
        return ask.OrderTaken(order_id, sum(line.total_cents for line in request.lines))

    @handles(ask.CancelOrder)
    async def cancel(self, request: ask.CancelOrder, call: Call) -> ask.Done:
        order, saga = ordering.order_stream(request.order_id), named("saga", request.order_id)
        await self.decide(ordering.CallOffOrder(order, request.order_id, saga))
        return ask.Done(request.order_id)

    @handles(ask.Checkout)
    async def checkout(self, request: ask.Checkout, call: Call) -> ask.CheckoutResult:
        _check_id(request.order_id)
        wish = CheckoutInput(request.order_id, request.customer_id, request.lines)
        try:
            state = await self.engine.submit(NAMES[self.settings.order], request.order_id, wish)
        except SagaInputDiffers as error:
            raise Refused("differs", str(error), {"order_id": request.order_id}) from None
        return await self._ended(state)

    @handles(ask.CancelCheckout)
    async def cancel_checkout(self, request: ask.CancelCheckout, call: Call) -> ask.CheckoutResult:
        order_id = request.order_id
        _check_id(order_id)
        try:
            await self.engine.cancel(order_id, by=call.source, why=request.why)
        except SagaVerbRefused as error:
            raise Refused("too_late", str(error), {"order_id": order_id}) from None
        return await self._ended(await asyncio.shield(self.engine.go(order_id)))

    async def _ended(self, state: SagaState) -> ask.CheckoutResult:
        """What a checkout came to, also if another process drives it."""
        state = await at_rest(self.engine, state)
        return ask.CheckoutResult(state.saga_id, state.status.value, state.reason)


def _check_id(order_id: str) -> None:
    """By the longest stream name that a checkout makes of it: who asks in vain is told at once. Raises Refused."""
    named("reservation", order_id)
