"""A service behind a shedder answers what it can answer in time, and says of the rest that nothing was done."""

from __future__ import annotations

import asyncio

import msgspec

from eventlab.resilience import Shedder
from eventlab.services import Call, Reply, Request, Service, handles, sheltered
from eventlab.services.message import encode
from eventlab.simulation import World


class Done(msgspec.Struct, frozen=True):
    pass


class Pay(Request[Done], frozen=True):
    order: str


class Payments(Service):
    def __init__(self) -> None:
        super().__init__("payments")
        self.begun: list[str] = []

    @handles(Pay)
    async def pay(self, request: Pay, call: Call) -> Done:
        self.begun.append(request.order)
        await asyncio.sleep(1)
        return Done()


def test_what_is_dropped_or_comes_too_late_was_not_begun() -> None:
    payments, shedder = Payments(), Shedder("payments", 1, waiting_max=2)
    receive = sheltered(payments.receive, shedder, lambda call: 0 if call.source == "desk" else 1)

    async def ask(order: str, source: str = "web", deadline_s: float = 9.0) -> str:
        call = Call(1, source, "payments", "Pay", encode(Pay(order)), deadline_s=deadline_s)
        reply = await receive(call)
        return f"{order}: {reply.outcome} {reply.reason}".strip()

    async def main() -> list[str]:
        asked = ask("first"), ask("late", deadline_s=0.5), ask("web"), ask("full"), ask("desk", "desk")
        return await asyncio.gather(*asked)

    assert World().run(main) == [
        "first: ok",
        "late: unavailable LoadShed: payments was not reached: its place in a full queue went to another (2 waiting)",
        "web: ok",
        "full: unavailable LoadShed: payments was not reached: its queue is full (2 waiting)",
        "desk: ok",
    ]
    assert (payments.begun, shedder.inside, shedder.waiting) == (["first", "desk", "web"], 0, 0)


def test_work_whose_caller_has_left_while_it_waited_is_not_begun() -> None:
    payments, shedder = Payments(), Shedder("payments", 1)
    receive = sheltered(payments.receive, shedder)

    async def main() -> list[Reply]:
        calls = [Call(1, "web", "payments", "Pay", encode(Pay(f"{end_s}")), deadline_s=end_s) for end_s in (9, 1)]
        return await asyncio.gather(*map(receive, calls))

    late = "DeadlinePassed: payments was not reached: the deadline was over before the work began"
    assert World().run(main) == [Reply("ok", b"{}"), Reply("unavailable", reason=late)]
    assert payments.begun == ["9"]
