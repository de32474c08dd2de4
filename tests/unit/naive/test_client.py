"""The naive client and the sound one before the same bank: one answer is lost, and one thing is not there."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eventlab.naive.client import NaiveServiceClient, ServiceError
from eventlab.services.external import ExternalServiceClient
from eventlab.simulation import World
from eventlab.simulation.http import SimulatedHttpTransport


class Warehouse:
    """Takes orders, one for each key, or one for each request that has none. Its first answers are *lost*: 503."""

    def __init__(self, lost: int = 0) -> None:
        self.orders: dict[str, Any] = {}
        self.lost, self.asked = lost, 0
        self.app = Starlette(
            routes=[
                Route("/orders", self.create, methods=["POST"]),
                Route("/orders/{id}", self.cancel, methods=["DELETE"]),
            ]
        )

    async def create(self, request: Request) -> Response:
        self.asked += 1
        key = request.headers.get("idempotency-key", f"without a key {self.asked}")
        self.orders.setdefault(key, await request.json())
        if self.asked <= self.lost:
            return JSONResponse({"error": "gateway"}, 503)
        return JSONResponse({"id": key})

    async def cancel(self, request: Request) -> Response:
        return JSONResponse({"error": "no such order"}, 404)


class Street:
    """A world with a warehouse in it, and both clients."""

    def __init__(self, lost: int = 0) -> None:
        self.world, self.warehouse = World(1), Warehouse(lost)
        self.world.node("warehouse")
        self.world.node("orders")
        transport = SimulatedHttpTransport(self.world, "orders", {"warehouse": self.warehouse.app})
        self.naive = NaiveServiceClient("http://warehouse", transport=transport)
        self.sound = ExternalServiceClient("http://warehouse", target="warehouse", transport=transport)


WISH = {"title": "title-07", "quantity": 2}


def test_an_order_whose_answer_was_lost_is_one_order() -> None:
    street = Street(lost=1)

    async def naively() -> Any:
        with pytest.raises(ServiceError) as caught:
            await street.naive.create_order(WISH)
        assert caught.value.status == 503
        return await street.naive.create_order(WISH)  # the customer asks again

    with street.world:
        street.world.run(naively)
    assert len(street.warehouse.orders) == 2, "one wish, two orders"

    street = Street(lost=1)
    with street.world:
        street.world.run(lambda: street.sound.post("/orders", WISH, key="order-7/create"))
    assert (len(street.warehouse.orders), street.warehouse.asked) == (1, 2)


def test_cancelling_what_is_not_there_has_reached_its_goal() -> None:
    street = Street()

    async def naively() -> int:
        errors = 0
        for _ in range(20):  # a compensation is tried until it succeeds
            try:
                await street.naive.cancel_order("order-7")
            except ServiceError as error:
                assert (error.status, "no such order" in error.body) == (404, True)
                errors += 1
        return errors

    async def soundly() -> bool:
        return await street.sound.cancel("/orders/order-7", key="order-7/cancel", method="DELETE")

    with street.world:
        assert street.world.run(naively) == 20, "it never ends"
        assert street.world.run(soundly) is False, "there was nothing to undo"
