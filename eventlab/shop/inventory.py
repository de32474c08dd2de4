"""Inventory: pieces on shelves, and who they are kept for. Owns ``stock-<title>`` and ``reservation-<order>``.

Orders for the same title meet on its stock stream: those are real version
conflicts, and every one is decided again on what is then left.
"""

from __future__ import annotations

from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop import stock
from eventlab.shop.keeping import ShopService


class InventoryService(ShopService):
    @handles(ask.ReceiveStock)
    async def receive_stock(self, request: ask.ReceiveStock, call: Call) -> ask.StockKept:
        await self.decide(stock.ReceiveStock(request.items), command_id=f"delivery-{request.delivery}")
        return ask.StockKept(request.delivery)

    @handles(ask.ReserveInventory)
    async def reserve(self, request: ask.ReserveInventory, call: Call) -> ask.Done:
        order_id, items = request.order_id, stock.gathered(request.items)
        stocks = tuple(stock.stock_stream(item.title) for item in items)
        command = stock.ReserveInventory(order_id, items, stock.reservation_stream(order_id), stocks)
        for _, written in (await self.decide(command)).events:
            if isinstance(written, stock.InventoryRefused):
                raise stock.out_of_stock(written)
        return ask.Done(order_id)

    @handles(ask.ReleaseInventory)
    async def release(self, request: ask.ReleaseInventory, call: Call) -> ask.Done:
        order_id = request.order_id
        await self.decide(stock.ReleaseInventory(order_id, stock.reservation_stream(order_id)))
        return ask.Done(order_id)
