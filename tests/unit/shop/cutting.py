"""A checkout that is killed after any append and any answer, in a market on memory or on SQLite files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from eventlab.errors import CallTimeout
from eventlab.services import Client, Request
from eventlab.shop import OWNS, SERVICES, CheckoutInput, ShopSettings
from eventlab.shop import messages as ask
from eventlab.shop.checkout import NAMES
from eventlab.store import EventStore, open_store
from tests.unit.sagas.toys import Cut, CuttingStore, Knife
from tests.unit.shop.market import LINES, ORDER, Market

WISH = CheckoutInput(ORDER, "ada", LINES)
EMPTY = {"title-07": 1, "title-11": 1}

CASES: dict[str, dict[str, Any]] = {
    "success": {"ends": "completed"},
    "success, stock first": {"ends": "completed", "settings": ShopSettings(order="inventory_first")},
    "nobody knows the customer": {"wish": CheckoutInput(ORDER, "eve", LINES)},
    "payment declined": {"settings": ShopSettings(decline_above_cents=0)},
    "out of stock": {"stock": EMPTY},
    "out of stock, stock first": {"stock": EMPTY, "settings": ShopSettings(order="inventory_first")},
    "declined after the stock": {"settings": ShopSettings(order="inventory_first", decline_above_cents=0)},
    "the parcel was called off before": {"meanwhile": {"ReserveInventory": ("shipping", ask.CancelShipping(ORDER))}},
    "capturing is refused": {"meanwhile": {"ScheduleShipping": ("payments", ask.ReleasePayment(ORDER))}},
    "releasing fails twice": {"stock": EMPTY, "failing": {"ReleasePayment": 2}},
    "releasing is not answered twice": {"stock": EMPTY, "unanswered": {"ReleasePayment": 2}},
    "scheduling is never answered": {"unanswered": {"ScheduleShipping": 99}},
    "capturing is not answered for long": {"unanswered": {"CapturePayment": 3}, "ends": "completed"},
}
"""Success, a refusal at each step that can be refused, compensations that fail, and answers that do not come."""


class CuttingClient(Client):
    """Every answer is a point: the other side has done it, and orders never hears of it."""

    knife = Knife()
    failing: dict[str, int]
    unanswered: dict[str, int]
    meanwhile: dict[str, tuple[str, Request[Any]]]
    """Operation → what somebody else asks of another service once it is done."""

    async def call(self, target: str, request: Any, **options: Any) -> Any:
        operation = type(request).__name__
        if self.failing.get(operation, 0):
            self.failing[operation] -= 1
            raise CallTimeout(target, operation, 1.0)
        answer = await super().call(target, request, **options)
        if operation in self.meanwhile:
            await super().call(*self.meanwhile[operation])
        self.knife.point()
        if self.unanswered.get(operation, 0):
            self.unanswered[operation] -= 1
            raise CallTimeout(target, operation, 1.0)
        return answer


def market_of(case: str, stores: dict[str, EventStore] | None = None) -> Market:
    chosen = CASES[case]
    failing, unanswered = dict(chosen.get("failing", {})), dict(chosen.get("unanswered", {}))

    def wrap(client: Client) -> Client:
        cutting = CuttingClient(client.transport, client.source)
        cutting.failing, cutting.unanswered = failing, unanswered
        cutting.meanwhile = chosen.get("meanwhile", {})
        return cutting

    settings = {key: chosen[key] for key in ("settings", "stock") if key in chosen}
    kept = stores or {"orders": CuttingStore("orders", OWNS["orders"])}
    return Market(stores=kept, wrap=wrap, **settings)


async def life(market: Market, case: str, cut: int, *, first: bool = False) -> int:
    """One life of orders that ends at point *cut*, or when its work is done; returns how many points it saw."""
    knife = Knife(cut)
    orders = market.live("orders")
    market.stores["orders"].knife = orders.client.knife = knife  # type: ignore[attr-defined]
    with suppress(Cut):
        if first:
            await orders.engine.run(NAMES[orders.settings.order], ORDER, CASES[case].get("wish", WISH))
        for saga_id in await orders.engine.unfinished():
            await orders.engine.drive(saga_id)
    await asyncio.sleep(0)
    return knife.seen


async def assert_whole(market: Market, case: str, where: str) -> None:
    audits = await market.audits()
    assert await market.broken() == [], where
    status = audits["orders"]["sagas"][ORDER]
    assert status in ("completed", "compensated"), where
    assert status == CASES[case].get("ends", "compensated"), where
    for name, store in market.stores.items():
        log = [each for each in await store.read_all() if each.stream.endswith(ORDER)]
        once = [each.type for each in log if not each.stream.startswith("saga-")]
        assert len(once) == len({*once}), f"{where}: {name} did something twice: {once}"
    ends = [each for each in await market.types("orders", f"saga-{ORDER}") if each.endswith("Completed")]
    assert len(ends) == 1, f"{where}: it ended {len(ends)} times"


class Files:
    """The five stores as files of one folder, copied from a market that has been opened once, since that is quicker."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def fresh(self) -> Callable[[str], EventStore]:
        """A new set of files; gives what opens the store of a service, again and again."""
        self.made += 1
        here = self.folder / str(self.made)
        template = self.folder / "template"
        if template.exists():
            shutil.copytree(template, here)
        else:
            here.mkdir()

        def opened(name: str) -> EventStore:
            return open_store(f"sqlite:///{here}/{name}.db?synchronous=NORMAL", name=name, owns=OWNS[name])

        return opened

    async def prepare(self, case: str) -> None:
        """Open a market of that *case* once, and keep its files as they are then."""
        stores = {name: opened(name) for opened in [self.fresh()] for name in SERVICES}
        await market_of(case, dict(stores)).open()
        for store in stores.values():
            await store.close()
        (self.folder / str(self.made)).rename(self.folder / "template")
