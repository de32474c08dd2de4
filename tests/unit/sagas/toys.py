"""Toy services with one log of effects, and a knife that cuts a run after any append or effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eventlab.errors import CallTimeout, Refused, Unavailable
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, SagaState, StepContext, pivot, retriable, step
from eventlab.simulation import World
from eventlab.store import EventStore, MemoryStore, PassingStore

T = TypeVar("T")


class Cut(BaseException):
    """The driver's process died here. No `except Exception` sees it, as none sees a SIGKILL."""


@dataclass
class Knife:
    """Counts the points of a run, and cuts at one of them."""

    at: int = 0
    seen: int = 0

    def point(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise Cut()


class CuttingStore(PassingStore):
    """A store whose appends are points: what was written stays, and who wrote it is gone."""

    knife: Knife

    def __init__(self, name: str = "saga", owns: Sequence[str] = (), store: EventStore | None = None) -> None:
        super().__init__(MemoryStore(name, owns) if store is None else store)
        self.knife = Knife()
        self.appends = 0

    async def append(self, *args: Any, **options: Any) -> Any:
        receipt = await super().append(*args, **options)
        self.appends += 1
        self.knife.point()
        return receipt


@dataclass
class Toys:
    """What the other side of every step does: once per key, and never after it was cancelled."""

    knife: Knife = field(default_factory=Knife)
    effects: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    cancelled: dict[str, None] = field(default_factory=dict)
    refuse: str = ""
    lose_replies: dict[str, int] = field(default_factory=dict)
    """Step or ``undo step`` → how many answers are lost after the effect."""
    unreachable: dict[str, int] = field(default_factory=dict)
    """Step or ``undo step`` → how many requests are rejected: certainly nothing is done."""
    unreachable_after: dict[str, int] = field(default_factory=dict)
    """Step → how many requests are rejected once one was lost."""
    takes_s: dict[str, float] = field(default_factory=dict)
    """Step or ``undo step`` → how long it works before its effect."""
    lose_requests: dict[str, int] = field(default_factory=dict)
    """Step → how many requests are lost on the way: nothing is done, and nobody knows."""

    async def do(self, name: str, ctx: StepContext) -> dict[str, str]:
        wish = wish_of(name, ctx)
        self._reach(wish, ctx.key)
        if self.takes_s.get(name):
            await asyncio.sleep(self.takes_s[name])
        if name == self.refuse or wish == self.refuse or wish in self.cancelled:
            raise Refused("no", f"{wish} said no")
        self._effect(f"T {wish}", ctx.key)
        self._lose(name)
        return {"made": wish}

    async def undo(self, name: str, ctx: StepContext, result: Any) -> None:
        wish = wish_of(name, ctx)
        self._reach(f"undo {wish}", ctx.key)
        assert result in ({"made": wish}, None)
        if self.takes_s.get(f"undo {name}"):
            await asyncio.sleep(self.takes_s[f"undo {name}"])
        if f"T {wish}" in self.effects:
            self._effect(f"C {wish}", ctx.key)
        self.cancelled[wish] = None
        self._lose(f"undo {name}")

    def _reach(self, name: str, key: str) -> None:
        self.calls.append(name)
        assert self.keys.setdefault(name, key) == key, "the key has changed"
        assert list(self.keys.values()).count(key) == 1, "two wishes under one key"
        if self.unreachable.get(name, 0) > 0:
            self.unreachable[name] -= 1
            raise Unavailable(name, "nobody there")
        if self.lose_requests.get(name, 0) > 0:
            self.lose_requests[name] -= 1
            self.unreachable[name] = self.unreachable_after.get(name, 0)
            raise CallTimeout(name, "do", 1.0)

    def _effect(self, effect: str, key: str) -> None:
        if effect not in self.effects:
            self.effects.append(effect)
            self.knife.point()

    def _lose(self, name: str) -> None:
        if self.lose_replies.get(name, 0) > 0:
            self.lose_replies[name] -= 1
            raise CallTimeout(name, "do", 1.0)

    def forward(self, name: str) -> Callable[[StepContext], Awaitable[Any]]:
        return lambda ctx: self.do(name, ctx)

    def backward(self, name: str) -> Callable[[StepContext, Any], Awaitable[Any]]:
        return lambda ctx, result: self.undo(name, ctx, result)

    def step(self, name: str, **settings: Any) -> Any:
        return step(name, self.forward(name), self.backward(name), **QUICK, **settings)

    def trip(self) -> Saga:
        """Three steps that can be undone, the point of no return, one more."""
        return Saga(
            "trip",
            [
                self.step("a"),
                self.step("b"),
                self.step("c"),
                pivot("p", self.forward("p"), **QUICK),
                retriable("z", self.forward("z"), **QUICK),
            ],
        )


def wish_of(name: str, ctx: StepContext) -> str:
    """What is asked for: after a return to a save-point, something new."""
    last = ctx.saga_id.rpartition(".")[2]
    round = int(last) if "." in ctx.saga_id and last.isdigit() else ctx.round
    return name if round == 1 else f"{name}#{round}"


QUICK: dict[str, Any] = {"backoff": Constant(0.1), "undo_backoff": Constant(0.1), "stuck_after_s": 30.0}
FORWARD = ["T a", "T b", "T c", "T p", "T z"]


def undone_from(step_name: str) -> list[str]:
    """Everything up to and with *step_name* done, then undone in reverse."""
    names = "abc"[: "abc".index(step_name) + 1]
    return [f"T {name}" for name in names] + [f"C {name}" for name in reversed(names)]


@dataclass
class Bench:
    """A store, toys, and as many engines as there are lives."""

    toys: Toys = field(default_factory=Toys)
    store: CuttingStore = field(default_factory=CuttingStore)
    saga: Saga = field(init=False)

    def __post_init__(self) -> None:
        self.saga = self.toys.trip()

    def engine(self, **settings: Any) -> SagaEngine:
        return SagaEngine(self.store, [self.saga], **settings)

    def cut_at(self, point: int) -> Knife:
        """From here on, count points anew, and cut at *point*; at 0, never."""
        self.store.knife = self.toys.knife = Knife(point)
        return self.toys.knife

    async def types(self) -> list[str]:
        return [stored.type for stored in await self.store.read("saga-1")]

    async def run(self, **settings: Any) -> SagaState:
        return await self.engine(**settings).run("trip", "1", {"size": 3})


def in_world(main: Callable[[], Coroutine[Any, Any, T]], seed: int = 1) -> T:
    """Run *main* in a world of its own, where no pause takes any time."""
    with World(seed) as world:
        return world.run(main)
