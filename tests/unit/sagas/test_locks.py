"""Semantic locks: one saga at a time on one thing, in order, given back with its last event and by nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import runtime
from eventlab.errors import InvalidValue, Refused, SagaMisdefined
from eventlab.sagas import Saga, SagaEngine, SagaState, Status, subsaga
from eventlab.simulation import World
from eventlab.store import PassingStore, open_store
from tests.unit.sagas.cutting import begin, resume
from tests.unit.sagas.toys import Bench, CuttingStore, in_world

WHO = {"by": "ada", "why": "changed her mind"}


class Things:
    """Who works on what, seen from the side of the things: two at once is what must not be."""

    def __init__(self) -> None:
        self.busy: dict[str, str] = {}
        self.order: list[str] = []

    def saga(self, when_locked: Literal["wait", "refuse"] = "wait", **settings: Any) -> Saga:
        bench = Bench()
        first = bench.toys.step("first")
        take = type(first)("take", self._take, self._give, attempts_max=1)
        last = type(first)("last", self._last, attempts_max=1)
        return Saga("work", [take, last], locks=lambda wish: wish["things"], when_locked=when_locked, **settings)

    async def _take(self, ctx: Any) -> None:
        for thing in ctx.input["things"]:
            assert thing not in self.busy, f"{ctx.saga_id} and {self.busy[thing]} both work on {thing}"
            self.busy[thing] = ctx.saga_id
        self.order.append(ctx.saga_id)
        await asyncio.sleep(ctx.input.get("lasts_s", 1.0))

    async def _give(self, ctx: Any, result: Any) -> None:
        await asyncio.sleep(0.5)
        self._free(ctx)

    async def _last(self, ctx: Any) -> None:
        if ctx.input.get("fails"):
            raise Refused("no", "not today")
        self._free(ctx)

    def _free(self, ctx: Any) -> None:
        for thing in ctx.input["things"]:
            if self.busy.get(thing) == ctx.saga_id:
                del self.busy[thing]


class SlowToRead(PassingStore):
    """Others come in between what is read and what is written upon it."""

    async def read_many(self, *args: Any, **options: Any) -> Any:
        read = await super().read_many(*args, **options)
        await asyncio.sleep(0.1)
        return read


def wish(things: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"things": list(things), **more}


def test_a_second_saga_on_the_same_thing_waits_for_its_turn_and_the_third_behind_it() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> float:
        engine = SagaEngine(store, [things.saga()])
        await asyncio.gather(*[engine.run("work", str(n), wish("a")) for n in range(3)])
        return runtime.monotonic()

    assert (in_world(main), things.order) == (3.0, ["0", "1", "2"])


def test_sagas_on_different_things_do_not_wait() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> float:
        engine = SagaEngine(store, [things.saga()])
        await asyncio.gather(*[engine.run("work", thing, wish(thing)) for thing in "abc"])
        return runtime.monotonic()

    assert in_world(main) == 1.0


def test_who_is_not_to_wait_is_refused_and_told_by_whom_and_nothing_is_written() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[Refused, SagaState]:
        engine = SagaEngine(store, [things.saga("refuse")])
        first = asyncio.create_task(engine.run("work", "1", wish("ab")))
        await asyncio.sleep(0.5)
        with pytest.raises(Refused) as caught:
            await engine.run("work", "2", wish("bc"))
        assert await store.read("saga-2") == [] == await store.read("lock-c")
        await first
        return caught.value, await engine.run("work", "2", wish("bc"))

    refused, second = in_world(main)
    assert (refused.code, refused.facts) == ("locked", {"thing": "b", "holder": "1"})
    assert second.status is Status.COMPLETED


def test_of_two_that_are_not_to_wait_one_gets_in_however_close_they_come() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> list[str]:
        engines = [SagaEngine(SlowToRead(store), [things.saga("refuse")]) for _ in range(5)]
        runs = [engine.run("work", str(n), wish("a")) for n, engine in enumerate(engines)]
        ended = await asyncio.gather(*runs, return_exceptions=True)
        return [type(each).__name__ for each in ended]

    assert sorted(in_world(main)) == ["Refused"] * 4 + ["SagaState"]


def test_started_twice_it_waits_once_and_asked_again_after_its_end_it_is_not_refused() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> SagaState:
        engine = SagaEngine(store, [things.saga("refuse")])
        await engine.run("work", "1", wish("a"))
        other = asyncio.create_task(engine.run("work", "2", wish("a")))
        await asyncio.sleep(0.5)
        again = await engine.run("work", "1", wish("a"))
        await other
        return again

    assert in_world(main).status is Status.COMPLETED
    assert [e.type for e in in_world(lambda: store.read("lock-a"))] == ["LockRequested", "LockReleased"] * 2


def test_a_saga_that_is_undone_keeps_its_things_until_it_is_undone() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[list[Status], float]:
        engine = SagaEngine(store, [things.saga()])
        runs = [engine.run("work", str(n), wish("a", fails=n == 0)) for n in range(2)]
        return [state.status for state in await asyncio.gather(*runs)], runtime.monotonic()

    assert in_world(main) == ([Status.COMPENSATED, Status.COMPLETED], 2.5)


def test_a_dead_drivers_saga_keeps_its_things_until_another_has_ended_it() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[str | None, list[str]]:
        dying = SagaEngine(store, [things.saga()])
        doomed = asyncio.create_task(dying.run("work", "1", wish("a")))
        await asyncio.sleep(0.5)
        doomed.cancel()
        waiting = asyncio.create_task(SagaEngine(store, [things.saga()]).run("work", "2", wish("a")))
        await asyncio.sleep(100)
        held = (await dying.lock("a")).holder
        await SagaEngine(store, [things.saga()]).drive("1")
        await waiting
        return held, things.order

    assert in_world(main) == ("1", ["1", "2"])


def test_who_waits_and_is_cancelled_leaves_the_queue() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[list[Status], float]:
        engine = SagaEngine(store, [things.saga()])
        runs = [asyncio.create_task(engine.submit("work", str(n), wish("a", lasts_s=10.0))) for n in range(3)]
        await asyncio.sleep(1)
        await engine.cancel("1", **WHO)
        return [state.status for state in await asyncio.gather(*runs)], runtime.monotonic()

    assert in_world(main) == ([Status.COMPLETED, Status.COMPENSATED, Status.COMPLETED], 20.0)
    assert things.order == ["0", "2"]


def test_who_leaves_the_queue_releases_nobody_elses_place() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[list[str], list[str]]:
        engine = SagaEngine(store, [things.saga()])
        runs = [asyncio.create_task(engine.submit("work", str(n), wish("a", lasts_s=10.0))) for n in range(3)]
        await asyncio.sleep(1)
        before = [place.saga_id for place in (await engine.lock("a")).places]
        await engine.cancel("1", **WHO)
        await asyncio.sleep(1)
        after = [place.saga_id for place in (await engine.lock("a")).places]
        await asyncio.gather(*runs)
        return before, after

    assert in_world(main) == (["0", "1", "2"], ["0", "2"])


def test_another_process_may_cancel_who_waits_here() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[Status, list[str]]:
        engine = SagaEngine(store, [things.saga()])
        await engine.start("work", "holder", wish("a"))
        waiting = asyncio.create_task(engine.run("work", "1", wish("a")))
        await asyncio.sleep(5)
        await SagaEngine(store).cancel("1", **WHO)
        return (await waiting).status, things.order

    assert in_world(main) == (Status.COMPENSATED, [])


def test_the_deadline_counts_while_it_waits() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> tuple[Status, float]:
        engine = SagaEngine(store, [things.saga(deadline_s=3.0)])
        await engine.start("work", "holder", wish("a"))
        state = await engine.run("work", "late", wish("a"))
        return state.status, runtime.monotonic()

    assert in_world(main) == (Status.COMPENSATED, pytest.approx(3.0))


def test_a_stuck_saga_keeps_what_it_holds_until_somebody_ends_it() -> None:
    bench = Bench()
    toys = bench.toys
    toys.refuse, toys.unreachable = "b", {"undo a": 10**9}
    bench.saga = Saga("trip", [toys.step("a"), toys.step("b")], locks=lambda wish: ["seat"])

    async def main() -> tuple[str | None, str | None]:
        assert (await bench.run()).status is Status.STUCK
        engine = bench.engine()
        before = (await engine.lock("seat")).holder
        await SagaEngine(bench.store).abandon("1", **WHO)
        return before, (await engine.lock("seat")).holder

    assert in_world(main) == ("1", None)


REQUESTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
        st.floats(0.0, 3.0),
        st.booleans(),
        st.integers(0, 1),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=60, deadline=None)
@given(requests=REQUESTS)
def test_whatever_comes_no_two_work_on_one_thing_none_waits_for_ever_and_each_thing_is_served_in_order(
    requests: list[tuple[list[str], float, bool, int]],
) -> None:
    things, store = Things(), CuttingStore()

    async def main() -> list[Status]:
        engines = [SagaEngine(store, [things.saga()]) for _ in range(2)]
        asked = [wish(names, lasts_s=lasts, fails=fails) for names, lasts, fails, _ in requests]
        runs = [engines[request[3]].run("work", str(n), asked[n]) for n, request in enumerate(requests)]
        async with asyncio.timeout(1000):
            return [state.status for state in await asyncio.gather(*runs)]

    ended = in_world(main)
    assert ended == [Status.COMPENSATED if fails else Status.COMPLETED for _, _, fails, _ in requests]
    for thing in "abc":
        wanted = [str(n) for n, (names, *_) in enumerate(requests) if thing in names]
        assert [n for n in things.order if n in wanted] == wanted
        asked = [stored.type for stored in in_world(lambda thing=thing: store.read(f"lock-{thing}"))]
        assert (asked.count("LockRequested"), asked.count("LockReleased")) == (len(wanted), len(wanted))


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
@pytest.mark.parametrize("refuse", ["", "c"])
def test_cut_anywhere_a_lock_is_given_back_once_and_with_the_last_event(
    backend: str, refuse: str, tmp_path: Path
) -> None:
    def bench_of(name: str) -> Bench:
        store = open_store(f"sqlite:///{tmp_path}/{name}.db?synchronous=NORMAL") if backend == "sqlite" else None
        bench = Bench(store=CuttingStore(store=store))
        toys = bench.toys
        toys.refuse = refuse
        bench.saga = Saga("trip", [toys.step("a"), toys.step("b"), toys.step("c")], locks=lambda wish: ["seat", "bag"])
        return bench

    async def main() -> None:
        for first in range(1, await begin(bench_of("whole"), cut=0) + 1):
            bench = bench_of(str(first))
            await begin(bench, first)
            ended = (await bench.engine().state("1")).status.ended
            holder = (await bench.engine().lock("seat")).holder
            assert holder == (None if ended else "1"), f"cut at {first}"
            await resume(bench, 0)
            for thing in ("seat", "bag"):
                types = [stored.type for stored in await bench.store.read(f"lock-{thing}")]
                assert types == ["LockRequested", "LockReleased"], f"cut at {first}"
            await bench.store.close()

    in_world(main)


def test_the_last_seat_without_a_lock_and_with_one() -> None:
    """The first takes the seat and gives it back, for its card is declined. Without a lock the second is told no."""

    def seats_sold(locked: bool) -> dict[str, Status]:
        left = [1]

        async def take(ctx: Any) -> None:
            if not left[0]:
                raise Refused("sold_out")
            left[0] -= 1

        async def give(ctx: Any, result: Any) -> None:
            left[0] += 1

        async def pay(ctx: Any) -> None:
            await asyncio.sleep(1)
            if ctx.saga_id == "ada":
                raise Refused("declined")

        step = type(Bench().toys.step("x"))
        steps = [step("take", take, give), step("pay", pay)]
        saga = Saga("sale", steps, locks=(lambda wish: ["seat-12"]) if locked else None)

        async def main() -> dict[str, Status]:
            engine = SagaEngine(CuttingStore(), [saga])
            runs = [engine.run("sale", who, {}) for who in ("ada", "grace")]
            return {state.saga_id: state.status for state in await asyncio.gather(*runs)}

        with World(1) as world:
            return world.run(main)

    assert seats_sold(locked=False) == {"ada": Status.COMPENSATED, "grace": Status.COMPENSATED}
    assert seats_sold(locked=True) == {"ada": Status.COMPENSATED, "grace": Status.COMPLETED}


def test_a_child_has_no_locks_of_its_own() -> None:
    toys = Bench().toys
    child = Saga("leg", [toys.step("x")], locks=lambda wish: ["seat"])
    with pytest.raises(SagaMisdefined, match="they are for the outermost saga"):
        Saga("trip", [subsaga("leg", child, lambda ctx: None)])


def test_one_name_is_not_taken_for_its_letters() -> None:
    bench = Bench()
    bench.saga = Saga("trip", [bench.toys.step("x")], locks=lambda wish: "seat")
    with pytest.raises(InvalidValue, match=r"such as \['seat'\]"):
        in_world(bench.run)


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(SagaMisdefined, match="it is 'wait' or 'refuse'"):
        Saga("trip", [Bench().toys.step("x")], locks=lambda wish: [], when_locked="hope")  # type: ignore[arg-type]


def test_a_driver_that_dies_while_it_waits_keeps_its_place() -> None:
    things, store = Things(), CuttingStore()

    async def main() -> list[str]:
        engine = SagaEngine(store, [things.saga()])
        runs = [asyncio.create_task(engine.run("work", str(n), wish("a", lasts_s=5.0))) for n in range(3)]
        await asyncio.sleep(1)
        runs[1].cancel()
        await asyncio.sleep(1)
        again = asyncio.create_task(SagaEngine(store, [things.saga()]).drive("1"))
        await asyncio.gather(runs[0], runs[2], again)
        return things.order

    assert in_world(main) == ["0", "1", "2"]
