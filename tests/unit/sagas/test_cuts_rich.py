"""Groups, save-points, conditions and children, cut after every append and every effect, and again while resuming."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, Status, parallel, pivot, retriable, savepoint, subsaga
from tests.unit.sagas.cutting import cut_once, cut_twice
from tests.unit.sagas.toys import QUICK, Bench, in_world

CASES: dict[str, tuple[dict[str, Any], Status]] = {
    "success": ({}, Status.COMPLETED),
    "back to the save-point, then through": ({"refuse": "e"}, Status.COMPENSATED),
    "refused once": ({"refuse_once": "e"}, Status.COMPLETED),
    "refused in the group": ({"refuse": "c"}, Status.COMPENSATED),
    "refused in the child": ({"refuse": "y"}, Status.COMPENSATED),
    "refused at the pivot": ({"refuse": "p"}, Status.COMPENSATED),
    "answers lost in the group": ({"lose_replies": {"b": 1, "d": 1}}, Status.COMPLETED),
    "undoing fails": ({"refuse": "p", "unreachable": {"undo b": 2, "undo x": 1}}, Status.COMPENSATED),
}


def bench_of(case: str) -> Bench:
    bench = Bench()
    toys = bench.toys
    for name, value in CASES[case][0].items():
        if name == "refuse_once":  # whatever is asked for first, under its first key
            toys.cancelled[value] = None
        else:
            setattr(toys, name, dict(value) if isinstance(value, dict) else value)
    group = parallel(toys.step("b"), toys.step("c"), toys.step("d", after="b"))
    leg = subsaga("leg", Saga("leg", [toys.step("x"), toys.step("y")]), lambda ctx: {"n": 1}, **QUICK)
    bench.saga = Saga(
        "trip",
        [
            toys.step("a"),
            group,
            savepoint("here", backoff=Constant(1.0)),
            toys.step("gift", when=lambda ctx: ctx.input["size"] > 5),
            leg,
            toys.step("e"),
            pivot("p", toys.forward("p"), **QUICK),
            retriable("z", toys.forward("z"), **QUICK),
        ],
    )
    return bench


async def assert_whole(bench: Bench, case: str, where: str) -> None:
    state = await bench.engine().state("1")
    effects = bench.toys.effects
    assert state.status is CASES[case][1], f"{where}: {state.status}, {state.reason}"
    assert len(effects) == len({*effects}), f"{where}: {effects}"
    for wish in [effect[2:] for effect in effects if effect[0] == "C"]:
        assert effects.index(f"T {wish}") < effects.index(f"C {wish}"), f"{where}: {effects}"
    standing = [
        effect[2:].partition("#")[0] for effect in effects if effect[0] == "T" and f"C {effect[2:]}" not in effects
    ]
    wanted = ["a", "b", "c", "d", "e", "p", "x", "y", "z"] if state.status is Status.COMPLETED else []
    assert sorted(standing) == wanted, f"{where}: {effects}"
    for before, after in (("a", "b"), ("b", "d"), ("b", "e"), ("x", "y"), ("y", "e")):
        if f"C {after}" in effects and f"C {before}" in effects:
            assert effects.index(f"C {after}") < effects.index(f"C {before}"), f"{where}: {effects}"
    types = await bench.types()
    assert types.count("SagaCompleted") + types.count("CompensationCompleted") == 1, where


@pytest.mark.parametrize("case", CASES)
def test_cut_anywhere_it_ends_all_done_or_all_undone(case: str) -> None:
    in_world(lambda: cut_once(lambda: bench_of(case), lambda bench, where: assert_whole(bench, case, where)))


@pytest.mark.parametrize("case", ["success", "undoing fails"])
def test_cut_again_during_the_resumption_it_still_does(case: str) -> None:
    in_world(lambda: cut_twice(lambda: bench_of(case), lambda bench, where: assert_whole(bench, case, where), every=2))
