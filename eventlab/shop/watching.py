"""The books of all services held against one another after every append: what the world looks like in between.

A check at the end asks whether a checkout left everything right. This one asks it at every moment, as if nobody were
under way, and so tells how long which laws do not hold while a saga is between its first step and its last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from eventlab import hooks
from eventlab.shop.audit import audit
from eventlab.shop.invariants import check_shop
from eventlab.store import EventStore, PassingStore, Receipt

BOOKS = "books"
"""The subject under which what was found is told, whenever that has changed."""


class ToldStore(PassingStore):
    """Passes everything on, and tells *after* each append."""

    def __init__(self, store: EventStore, after: Callable[[], Awaitable[None]]) -> None:
        super().__init__(store)
        self._after = after

    async def append(self, *args: Any, **options: Any) -> Receipt:
        receipt = await super().append(*args, **options)
        await self._after()
        return receipt


class Watch:
    """Who looks at the books of the whole shop, which no customer and no service can.

    For small runs: it reads every log anew. Without a listener it does nothing.
    """

    def __init__(self) -> None:
        self._stores: dict[str, EventStore] = {}
        self._told: list[str] | None = None

    def over(self, name: str, store: EventStore) -> EventStore:
        """The store of service *name*, watched."""
        self._stores[name] = store
        return ToldStore(store, self._look)

    async def _look(self) -> None:
        if not hooks.listening:
            return
        audits = {name: await audit(name, store) for name, store in self._stores.items()}
        audits["orders"] = {**audits["orders"], "sagas": {}}  # nobody is excused for being under way
        broken = [result.name for result in check_shop(audits) if result.valid is not True]
        if broken != self._told:
            self._told = broken
            hooks.emit(hooks.Observed(BOOKS, {"broken": broken}))
