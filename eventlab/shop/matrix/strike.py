"""One fault at one spot of a checkout: at the request or the reply of one step, from its first message on.

A strike waits until the step's first message comes by, holds for a while, and
heals. It meets messages as a rule of the network, and some faults at the door
of the service; steps in orders' own store it meets in `struckstore`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import msgspec
from msgspec.structs import replace

from eventlab.runtime import random_stream
from eventlab.services import Call, Reply
from eventlab.services.fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate
from eventlab.shop.matrix.places import Place
from eventlab.simulation import Partition, World

Receive = Callable[[Call], Awaitable[Reply]]

LATENCY_S = 0.005
LATE = 1.5
"""What comes too late comes after so many timeouts."""
VERY_LATE = 6.0
"""Copies, and what is overtaken, come after up to so many."""


class Strike:
    """A fault of *world* at *place*, where a call takes *timeout_s* at most; once begun it holds for *hold_s*."""

    def __init__(self, world: World, place: Place, fault: str, *, timeout_s: float, hold_s: float) -> None:
        self.place, self.fault, self.timeout_s = place, fault, timeout_s
        self.struck = 0
        """How many messages or appends it has befallen."""
        self.healed_s: float | None = None
        """When it was over and everybody up again; None before."""
        self._world, self._hold_s = world, hold_s
        self.chance = random_stream("strike")
        self.coin = self.chance.random() < 0.5
        """Which of two: caller or service crashes; it breaks after or before it worked; a cut is seen or not."""
        self._until_healed = ExitStack()
        self._is_armed = False

    def arm(self) -> None:
        """From now on."""
        self._is_armed = True
        self._until_healed.enter_context(self._world.network.links.rule(self._on_message))

    def meets(self, *, once: bool = False) -> bool:
        """Whether it befalls what is here now. With its first time begins its healing; *once*: there is no other."""
        if not self._is_armed or (once and self.struck):
            return False
        self.struck += 1
        if self.struck == 1:
            self._world.spawn(self._heal(), name=f"heal {self.fault}")
        return True

    async def _heal(self) -> None:
        await asyncio.sleep(self._hold_s)
        self._is_armed = False
        self._until_healed.close()
        for node in self._world.nodes.values():
            if not node.is_up:
                await node.restart()
        self.healed_s = self._world.now_s

    def crash(self) -> None:
        """Caller or service falls silent."""
        self._world.node("orders" if self.coin else self.place.service).crash()

    # --- on the way

    def _on_message(self, envelope: Envelope) -> Fate:
        service, operation = self.place
        ends = envelope.source, envelope.target
        if ends == ("orders", service) and envelope.what == operation:
            return self._request()
        if ends == (service, "orders") and envelope.what == f"{operation} reply":
            return self._reply()
        return PASS

    def _request(self) -> Fate:
        if self.fault == "timeout, not applied" and self.meets():
            return DeliverAfter(LATE * self.timeout_s)
        if self.fault == "crash before" and self.meets(once=True):
            self.crash()
            return DROP
        if self.fault == "duplicated" and self.meets():
            return DeliverAfter(LATENCY_S, copy_after=self._very_late_s())
        if self.fault == "reordered" and self.meets():
            return DeliverAfter(self._very_late_s())
        if self.fault == "partition, request" and self.meets(once=True):
            return self._cut()
        return PASS

    def _reply(self) -> Fate:
        if self.fault == "timeout, applied" and self.meets():
            return DeliverAfter(LATE * self.timeout_s)
        if self.fault == "crash after" and self.meets(once=True):
            self.crash()
            return DROP
        if self.fault == "duplicated" and self.meets():
            return DeliverAfter(LATENCY_S, copy_after=self._very_late_s())
        if self.fault == "reply lost" and self.meets():
            return DROP
        if self.fault == "partition, reply" and self.meets(once=True):
            return self._cut()
        return PASS

    def _very_late_s(self) -> float:
        return self.chance.uniform(0.0, VERY_LATE * self.timeout_s)

    def _cut(self) -> Fate:
        """Cut the two off from each other, this very message too."""
        cut = Partition(["orders"], [self.place.service], seen_as="broken" if self.coin else "silence")
        rule = self._world.network.links.rule(cut)
        # Not from within the rules: a cut tells whoever waits across it, and this message is not on its way yet.
        self._world.loop.call_soon(self._until_healed.enter_context, rule, context=self._world.context.copy())
        return BREAK if self.coin else DROP

    # --- at the door

    def before(self, receive: Receive) -> Receive:
        """*receive* with the fault in front of it."""

        async def struck(call: Call) -> Reply:
            if call.operation != self.place.operation or call.source != "orders":
                return await receive(call)
            if self.fault == "refused" and self.meets():
                return Reply("refused", code="struck", message="not today")
            if self.fault == "failed" and self.meets():
                if self.coin:
                    await receive(call)
                return Reply("failed", reason="the handler broke")
            if self.fault in ("duplicated", "reordered"):
                call = replace(call, deadline_s=None)
            return await receive(call)

        return struck


def blocking(receive: Receive, operation: str, order_id: str) -> Receive:
    """*receive*, but *operation* is refused for that order, whenever it is asked for."""

    async def refusing(call: Call) -> Reply:
        if call.operation == operation and msgspec.json.decode(call.body)["order_id"] == order_id:
            return Reply("refused", code="blocked", message=f"order {order_id} is blocked")
        return await receive(call)

    return refusing
