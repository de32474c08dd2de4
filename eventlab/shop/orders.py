"""Orders: takes them, and carries each through its checkout. Owns ``order-…``, ``customer-…`` and ``saga-…``."""

from __future__ import annotations

import asyncio

from eventlab.errors import Refused, SagaInputDiffers
from eventlab.sagas import SagaEngine, SagaState
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop import ordering
from eventlab.shop.checkout import NAMES, CheckoutInput, CheckoutSteps
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.store import StreamId


class OrdersService(ShopService):
    """A checkout's saga has the order's id, and outlives whoever asked for it, and this service's life."""

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context)
        steps = CheckoutSteps(context.store, context.client, context.settings)
        self.engine = SagaEngine(context.store, steps.sagas(), compensate=context.settings.compensation)
        self._recovering: asyncio.Task[list[SagaState]] | None = None

    async def start(self) -> None:
        """Take up, in the background, what an earlier life left unfinished."""
        self._recovering = asyncio.create_task(self.engine.recover(), name="orders: recover")

    async def stop(self) -> None:
        if self._recovering is not None:
            self._recovering.cancel()
        await self.engine.stop()

    @handles(ask.RegisterCustomer)
    async def register_customer(self, request: ask.RegisterCustomer, call: Call) -> ask.CustomerKnown:
        details = ordering.CustomerRegistered(request.customer_id, request.email, request.address)
        await self.decide(ordering.RegisterCustomer(StreamId(f"customer-{request.customer_id}"), details))
        return ask.CustomerKnown(request.customer_id)

    @handles(ask.Checkout)
    async def checkout(self, request: ask.Checkout, call: Call) -> ask.CheckoutResult:
        wish = CheckoutInput(request.order_id, request.customer_id, request.lines)
        try:
            state = await self.engine.submit(NAMES[self.settings.order], request.order_id, wish)
        except SagaInputDiffers as error:
            raise Refused("differs", str(error), {"order_id": request.order_id}) from None
        return ask.CheckoutResult(request.order_id, state.status.value, state.reason)
