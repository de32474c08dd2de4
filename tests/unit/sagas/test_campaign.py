"""Definitions, faults, crashes, second engines and operators, all drawn: each saga did all or nothing, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from eventlab.errors import CallTimeout, GiveUp, Refused, Unavailable
from eventlab.resilience.backoff import Constant
from eventlab.sagas import (
    Saga,
    SagaEngine,
    SagaState,
    Status,
    Step,
    parallel,
    pivot,
    retriable,
    savepoint,
    step,
    subsaga,
)
from eventlab.store import MemoryStore
from tests.unit.sagas.toys import in_world

SEEDS = range(120)
ENDS = ("SagaCompleted", "CompensationCompleted", "SagaCancelled")
PATIENCE: dict[str, Any] = {"backoff": Constant(0.5), "undo_backoff": Constant(0.5), "stuck_after_s": 8.0}


class Desk:
    """Carries every wish out once, remembers what it refused or undid, and fails at random until it is mended."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.mended = chance, False
        self.log: list[str] = []
        self.closed: dict[str, None] = {}

    async def insist(self, ctx: Any) -> str:
        return await self.do(ctx, may_refuse=False)

    async def do(self, ctx: Any, may_refuse: bool = True) -> str:
        wish, luck = ctx.key.replace("/forward", ""), await self._luck([0, 0.1, 0.7, 1.5])
        done = f"T {wish}" in self.log
        if wish in self.closed or (may_refuse and luck < 0.15 and not done):
            self.closed[wish] = None
            raise Refused("no")
        if not done:
            self.log.append(f"T {wish}")
        self._lose(luck)
        return str(wish)

    async def undo(self, ctx: Any, result: Any) -> None:
        wish, luck = ctx.key.replace("/backward", ""), await self._luck([0, 0.1, 0.7])
        assert result in (None, wish)
        if f"T {wish}" in self.log and f"C {wish}" not in self.log:
            self.log.append(f"C {wish}")
        self.closed[wish] = None
        self._lose(luck)

    async def _luck(self, takes_s: list[float]) -> float:
        luck = 1.0 if self.mended else self.chance.random()
        if luck < 0.08:
            raise Unavailable("desk", "nobody there")
        await asyncio.sleep(0.1 if self.mended else self.chance.choice(takes_s))
        return luck

    def _lose(self, luck: float) -> None:
        if luck < 0.25:
            raise CallTimeout("desk", "do", 1.0)
        if luck < 0.28:
            raise asyncio.CancelledError


def draw_saga(chance: random.Random, desk: Desk, within: str = "") -> Saga:
    names = (f"{within}s{number}" for number in count(1))

    def draw(*before: Step) -> Step:
        name, limit_s = next(names), chance.choice([None, 1.0])
        if not within and chance.random() < 0.15:
            return subsaga(name, draw_saga(chance, desk, name), lambda ctx: None, **PATIENCE)
        when = (lambda ctx: False) if chance.random() < 0.1 else None
        after = [each.name for each in before if chance.random() < 0.3]
        tries = chance.randint(1, 3)
        return step(name, desk.do, desk.undo, after=after, attempts_max=tries, when=when, timeout_s=limit_s, **PATIENCE)

    entries: list[Any] = []
    for number in range(chance.randint(1, 4)):
        if not within and chance.random() < 0.3:
            entries.append(savepoint(f"here{number}", rounds_max=chance.randint(1, 2), backoff=Constant(1.0)))
        group = [draw()]
        while chance.random() < 0.4:
            group.append(draw(*group))
        entries.append(group[0] if len(group) == 1 else parallel(*group))
    if not within and chance.random() < 0.5:
        entries += [pivot(next(names), desk.do, **PATIENCE), retriable(next(names), desk.insist, **PATIENCE)]
    deadline_s = None if within else chance.choice([None, None, 2.0, 20.0])
    locks = (lambda wish: ["thing"]) if not within and chance.random() < 0.4 else None
    return Saga(f"saga{within}", entries, deadline_s=deadline_s, locks=locks)


async def live(chance: random.Random, store: MemoryStore, saga: Saga, ids: list[str], *, is_first: bool) -> None:
    """One process, or two at once, with somebody who intervenes; then it is gone."""
    engines = [SagaEngine(store, [saga], recoveries_max=3) for _ in range(chance.randint(1, 2))]
    work: list[Awaitable[Any]] = [engine.recover() for engine in engines]
    work += [engines[0].run(saga.name, saga_id, None) for saga_id in ids if is_first]
    tasks = [asyncio.ensure_future(each) for each in work]
    for _ in range(chance.randint(1, 6)):
        await asyncio.sleep(chance.uniform(0.05, 2))
        if chance.random() < 0.3:
            operator = chance.choice([SagaEngine(store), *engines])
            verb: Callable[..., Awaitable[SagaState]] = getattr(
                operator, chance.choice(["cancel", "compensate", "retry"])
            )
            with suppress(GiveUp):
                await verb(chance.choice(ids), by="ada", why="a whim")
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    for engine in engines:
        await engine.stop()


async def finish(store: MemoryStore, saga: Saga, ids: list[str]) -> list[SagaState]:
    """The desk is mended, and what is stuck is retried: everything comes to an end."""
    engine = SagaEngine(store, [saga])
    for _ in range(20):
        started = [each.event.saga_id for each in await store.read_all(limit=100_000) if each.type == "SagaStarted"]
        for saga_id in started:
            with suppress(GiveUp):
                await engine.retry(saga_id, by="ada", why="it is mended")
        async with asyncio.timeout(5000):
            await engine.recover()
    assert (engine.parked, (await engine.lock("thing")).places) == ({}, ())
    return [await engine.state(saga_id) for saga_id in ids if await store.read(f"saga-{saga_id}")]


def assert_whole(saga: Saga, state: SagaState, log: list[str]) -> None:
    mine = [each for each in log if each[2:].split("/")[0].split(".")[0] == state.saga_id]
    standing = [each[2:].split("/")[1] for each in mine if each[0] == "T" and f"C {each[2:]}" not in mine]
    wanted: list[str] = []
    if state.status is Status.COMPLETED:
        for each in saga.steps:
            if each.name in state.results:
                wanted += [each.name] if each.child is None else list(state.results[each.name])
    assert (sorted(standing), len(mine)) == (sorted(wanted), len({*mine})), mine
    for first, later in [(each.name, later) for each in saga.steps for later in saga.later[each.name]]:
        for round in ("", "/2", "/3", "/4"):
            done = [
                f"{way} {state.saga_id}/{name}{round}"
                for way, name in zip("TTCC", [first, later, later, first], strict=True)
            ]
            for earlier, after in (done[:2], done[2:]):
                assert not {earlier, after} <= {*mine} or mine.index(earlier) < mine.index(after), mine


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_to_any_saga_it_did_all_or_nothing_in_order(seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        desk, store, ids = Desk(chance), MemoryStore("sagas"), [str(each) for each in range(chance.randint(1, 3))]
        saga = draw_saga(chance, desk)
        for life in range(chance.randint(1, 4)):
            await live(chance, store, saga, ids, is_first=life == 0)
        desk.mended = True
        for state in await finish(store, saga, ids):
            assert_whole(saga, state, desk.log)
            types = [stored.type for stored in await store.read(f"saga-{state.saga_id}")]
            assert [each for each in types if each in ENDS] == types[-1:], types

    in_world(main, seed)
