"""A literal history that looks like a real run: 500 checkouts, payments cut off from 60 s to 90 s.

A heap of generators stands for the world, so that figures and reports can be
tried without one. Nothing of the package but its records is used.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from eventlab import hooks
from eventlab.history import Entry
from eventlab.hooks import Happening

Steps = Generator[float, None, bool]
"""Yields the seconds that pass; ends with whether it went well."""

STEPS = (
    ("create_order", "orders", "cancel_order"),
    ("reserve_payment", "payments", "release_payment"),
    ("reserve_inventory", "inventory", "release_inventory"),
    ("schedule_shipping", "shipping", "cancel_shipping"),
    ("capture_payment", "payments", ""),
    ("dispatch", "shipping", ""),
    ("confirm_order", "orders", ""),
)

KINDS = {"capture_payment": "pivot", "dispatch": "retriable", "confirm_order": "retriable"}


@dataclass
class MadeUpRun:
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Shop:
    """What the made-up services share: clock, chance, the cut, and one breaker on payments."""

    cut_s: tuple[float, float] = (60.0, 90.0)
    seed: int = 7
    now: float = 0.0
    log: list[Entry] = field(default_factory=list)
    state: str = "closed"
    window: list[bool] = field(default_factory=list)
    reopens_s: float = 0.0
    probes: int = 0
    period: int = 0
    calls: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def tell(self, node: str, what: Happening) -> None:
        self.log.append(Entry(round(self.now, 6), node, what))  # type: ignore[arg-type]

    def move(self, saga: str, phase: str, step: str = "", attempt: int = 0, detail: str = "") -> None:
        self.tell("orders", hooks.SagaMoved(saga, "checkout", phase, step, attempt, detail))

    def change(self, after: str, reason: str) -> None:
        self.tell("orders", hooks.BreakerChanged("payments", self.state, after, reason))
        self.state, self.window, self.probes, self.period = after, [], 0, self.period + 1
        if after == "open":
            self.reopens_s = self.now + 5.0

    def admitted(self) -> bool:
        if self.state == "open" and self.now >= self.reopens_s:
            self.change("half-open", "5 s have passed")
        if self.state == "half-open":
            self.probes += 1
            return self.probes <= 3
        return self.state == "closed"

    def count(self, period: int, good: bool) -> None:
        if period != self.period:
            return
        half_open = self.state == "half-open"
        self.window = [*self.window, good][-20:]
        failed, calls = self.window.count(False), len(self.window)
        rate = failed / calls if calls >= (3 if half_open else 10) else None
        self.tell("orders", hooks.BreakerCounted("payments", calls, rate))
        if rate is None:
            return
        what = "probes" if half_open else "calls"
        if rate >= 0.5:
            self.change("open", f"{failed} of {calls} {what} failed ({rate * 100:.3g} % ≥ 50 %)")
        elif half_open:
            self.change("closed", f"{failed} of {calls} {what} failed ({rate * 100:.3g} % < 50 %)")

    def call(self, saga: str, step: str, target: str, way: str) -> Generator[float, None, str]:
        self.calls += 1
        id_, key = self.calls, f"{saga}/{step}/{way}"
        operation = "".join(word.title() for word in step.split("_"))
        self.tell("orders", hooks.CallStarted(id_, "orders", target, operation, key))

        def ended(outcome: str, took: float, reason: str = "") -> str:
            self.tell("orders", hooks.CallEnded(id_, "orders", target, operation, outcome, round(took, 6), reason))
            return outcome

        if target == "payments" and not self.admitted():
            return ended("rejected", 0.0, "payments was not reached: its circuit is open for another 5 s")
        period, began = self.period, self.now
        lost = target == "payments" and self.cut_s[0] <= self.now < self.cut_s[1]
        yield 1.0 if lost else min(0.9, self.chance.lognormvariate(-3.2, 0.5))
        if target == "payments":
            self.count(period, not lost)
        if lost:
            return ended("unknown", 1.0, "payments did not answer ReservePayment within 1 s; the outcome is unknown")
        if target == "inventory" and way == "forward" and self.chance.random() < 0.04:
            return ended("refused", self.now - began, "refused (out_of_stock): none left")
        return ended("ok", self.now - began)


def _attempts(
    shop: Shop, saga: str, step: str, target: str, way: str, attempts_max: int
) -> Generator[float, None, str]:
    forward = way == "forward"
    for attempt in range(1, attempts_max + 1):
        if forward:
            shop.move(saga, "requested", step, attempt, KINDS.get(step, "compensatable"))
        else:
            shop.move(saga, "compensation_requested", step, attempt)
        if target == "orders":
            yield 0.004
            outcome = "ok"
        else:
            outcome = yield from shop.call(saga, step, target, way)
        if outcome == "ok":
            shop.move(saga, "succeeded" if forward else "compensated", step, attempt)
            return "ok"
        detail = {
            "refused": "out_of_stock",
            "unknown": "payments did not answer ReservePayment within 1 s; the outcome is unknown",
        }.get(outcome, "payments was not reached: its circuit is open for another 5 s")
        worse = "failed" if outcome == "refused" else "timed_out"
        shop.move(saga, worse if forward else "compensation_failed", step, attempt, detail)
        if outcome == "refused":
            return "refused"
        yield min(4.0, 0.25 * 2**attempt) * shop.chance.uniform(0.8, 1.2)
    return "given up"


def _saga(shop: Shop, saga: str) -> Steps:
    shop.move(saga, "started")
    done: list[tuple[str, str, str]] = []
    for step, target, undo in STEPS:
        done.append((step, target, undo))
        outcome = yield from _attempts(shop, saga, step, target, "forward", 3 if undo else 99)
        if outcome == "ok":
            continue
        shop.move(saga, "compensating", "", 0, f"{step} {'was refused' if outcome == 'refused' else 'is in doubt'}")
        for undone, at, _ in reversed(done if outcome == "given up" else done[:-1]):
            yield from _attempts(shop, saga, undone, at, "backward", 99)
        shop.move(saga, "compensation_completed")
        return False
    shop.move(saga, "completed")
    return True


def _fault(shop: Shop) -> Steps:
    yield shop.cut_s[0]
    shop.tell("world", hooks.FaultBegan("partition", "orders | payments"))
    yield shop.cut_s[1] - shop.cut_s[0]
    shop.tell("world", hooks.FaultEnded("partition", "orders | payments"))
    return True


def _arrivals(shop: Shop, orders: int) -> Iterator[tuple[float, str]]:
    at = 0.0
    for number in range(1, orders + 1):
        at += shop.chance.expovariate(2.0)
        yield at, f"order-{number:05d}"


def made_up_run(orders: int = 500, cut_s: tuple[float, float] = (60.0, 90.0), seed: int = 7) -> MadeUpRun:
    """The history of *orders* checkouts at two a second, with payments cut off from ``cut_s[0]`` to ``cut_s[1]``."""
    shop = Shop(cut_s=cut_s, seed=seed)
    heap: list[tuple[float, int, Steps]] = [(0.0, 0, _fault(shop))]
    for number, (at, saga) in enumerate(_arrivals(shop, orders), start=1):
        heap.append((at, number, _saga(shop, saga)))
    heapq.heapify(heap)
    while heap:
        shop.now, number, steps = heapq.heappop(heap)
        with suppress(StopIteration):
            heapq.heappush(heap, (shop.now + next(steps), number, steps))
    return MadeUpRun(shop.log)
