"""Kill the driver after every append and every effect: what is left ends as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventlab.sagas import Status
from eventlab.store import EventStore, open_store
from tests.unit.sagas.cutting import begin, cut_once, cut_twice, resume
from tests.unit.sagas.toys import FORWARD, Bench, CuttingStore, in_world, undone_from

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "success": ({}, FORWARD),
    "a refused": ({"refuse": "a"}, []),
    "b refused": ({"refuse": "b"}, undone_from("a")),
    "c refused": ({"refuse": "c"}, undone_from("b")),
    "pivot refused": ({"refuse": "p"}, undone_from("c")),
    "applied, but no answer": ({"lose_replies": {"b": 99}}, undone_from("b")),
    "pivot applied, but no answer": ({"lose_replies": {"p": 4}}, FORWARD),
    "rejected": ({"unreachable": {"b": 99}}, undone_from("a")),
    "request lost": ({"lose_requests": {"b": 99}}, undone_from("a")),
    "undoing fails": ({"refuse": "c", "unreachable": {"undo b": 2}}, undone_from("b")),
    "undoing answers late": ({"refuse": "c", "lose_replies": {"undo b": 2}}, undone_from("b")),
}


def bench_of(case: str, store: EventStore | None = None) -> Bench:
    bench = Bench(store=CuttingStore(store=store))
    for name, value in CASES[case][0].items():
        setattr(bench.toys, name, dict(value) if isinstance(value, dict) else value)
    return bench


async def assert_whole(bench: Bench, case: str, where: str) -> None:
    assert (await bench.engine().state("1")).status is not Status.STUCK, where
    wanted = CASES[case][1]
    done = [effect for effect in bench.toys.effects if effect[0] == "T"]
    undone = [effect for effect in bench.toys.effects if effect[0] == "C"]
    types = await bench.types()
    if "refuse" in CASES[case][0] or wanted == FORWARD:
        assert bench.toys.effects == wanted, where
    # A doubtful step that used up its attempts in crashes is undone: still all forward, or all back.
    assert bench.toys.effects in (FORWARD, done + [f"C {effect[2:]}" for effect in reversed(done)]), where
    assert types.count("SagaCompleted") + types.count("CompensationCompleted") == 1, where
    assert ("SagaCompleted" in types) == (not undone and bool(done)), where
    assert len({*bench.toys.effects}) == len(bench.toys.effects), where


@pytest.mark.parametrize("case", CASES)
def test_cut_anywhere_it_ends_all_done_or_all_undone(case: str) -> None:
    in_world(lambda: cut_once(lambda: bench_of(case), lambda bench, where: assert_whole(bench, case, where)))


@pytest.mark.parametrize("case", CASES)
def test_cut_again_during_the_resumption_it_still_does(case: str) -> None:
    in_world(lambda: cut_twice(lambda: bench_of(case), lambda bench, where: assert_whole(bench, case, where)))


@pytest.mark.parametrize("case", CASES)
def test_so_it_is_on_sqlite(case: str, tmp_path: Path) -> None:
    async def main() -> None:
        points = await begin(bench_of(case), cut=0)
        for first in range(1, points + 1):
            for second in (0, 1 + first % 4):
                store = open_store(f"sqlite:///{tmp_path}/{first}-{second}.db?synchronous=NORMAL")
                bench = bench_of(case, store)
                await begin(bench, first)
                await store.close()
                bench.store = CuttingStore(store=open_store(f"sqlite:///{tmp_path}/{first}-{second}.db"))
                await resume(bench, second)
                await resume(bench, 0)
                await assert_whole(bench, case, f"cut at {first}, then at {second}")
                await bench.store.close()

    in_world(main)


def test_the_planted_bug_is_caught() -> None:
    """A check that nothing can fail proves nothing."""

    async def main() -> None:
        bench = bench_of("c refused")
        await bench.run(compensate=False)
        with pytest.raises(AssertionError):
            await assert_whole(bench, "c refused", "not cut at all")

    in_world(main)
