"""Both clocks run the same services and tell the same story."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.scenarios import Run, load, run_real, run_virtual
from eventlab.shop import SERVICES
from tests.cli.commands import CHAIN, SHOP

SPEED = 8
OUTAGE = (6.0, 12.0)
CHANGES = [
    "load.orders.first=50",
    "faults.0.at=6s",
    "faults.0.for=6s",
    "policies.breaker.open_for=1s",
    "stock.scarce=0",  # who gets the last piece is decided by milliseconds
    "expectations=[invariants hold, sagas.stuck == 0, sagas.unfinished == 0,"
    " breaker payments opens, breaker payments closes]",
]

TOLERANCE = 12
"""How many of the fifty checkouts may end otherwise: those that come while the outage decides.

A saga's patience with an unreachable service lasts some 4 s of pauses between its five attempts, and a breaker's cycle
of open and half-open some 2 s; at two orders a second, whether the network heals just before or just after the last
attempt, or the last probe, decides over twelve of them. All the others must end alike, one by one.
"""


@pytest.fixture(scope="module")
def both() -> dict[str, Run]:
    scenario = load(SHOP, CHANGES)
    return {"virtual": run_virtual(scenario), "real": run_real(scenario, speed=SPEED)}


def ends(run: Run) -> dict[str, str]:
    """How each saga ended."""
    return {moved.saga: moved.phase for _, moved in of_kind(run.entries, hooks.SagaMoved)}


def test_both_clocks_meet_the_same_expectations(both: dict[str, Run]) -> None:
    for run in both.values():
        assert [line.text for line in run.summary.expectations if not line.met] == []
        assert [line.name for line in run.summary.invariants if not line.valid] == []


def test_checkouts_away_from_the_outage_end_alike_one_by_one(both: dict[str, Run]) -> None:
    began_s, ended_s = OUTAGE
    orders = [one.id for one in load(SHOP, CHANGES).orders if not began_s - 1 < one.arrives_s < ended_s + 5]
    assert len(orders) >= 20
    virtual, real = ends(both["virtual"]), ends(both["real"])
    assert {one: virtual[one] for one in orders} == {one: real[one] for one in orders}


def test_the_numbers_agree_within_what_the_outage_leaves_to_chance(both: dict[str, Run]) -> None:
    virtual, real = (both[clock].summary for clock in ("virtual", "real"))
    assert virtual.sagas.started == real.sagas.started == 50
    assert virtual.sagas.compensated > 0 and real.sagas.compensated > 0
    assert abs(virtual.sagas.completed - real.sagas.completed) <= TOLERANCE
    assert abs(virtual.sagas.compensated - real.sagas.compensated) <= TOLERANCE


def test_both_told_of_one_outage_at_the_same_time(both: dict[str, Run]) -> None:
    for run in both.values():
        (fault,) = run.summary.faults
        assert fault.ended_s is not None
        assert (fault.began_s, fault.ended_s) == pytest.approx(OUTAGE, abs=2)  # a busy machine is late, not wrong


def test_both_clocks_run_the_very_same_service_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[tuple[str, type]] = []

    def watched(name: str, build: Callable[..., object]) -> Callable[..., object]:
        def building(context: object) -> object:
            service = build(context)
            built.append((name, type(service)))
            return service

        return building

    for name, build in SERVICES.items():
        monkeypatch.setitem(SERVICES, name, watched(name, build))
    scenario = load(SHOP, ["load.orders.first=1", "faults=[]", "expectations=[]"])
    run_virtual(scenario)
    on_virtual = list(built)
    built.clear()
    run_real(scenario, speed=SPEED)
    assert built == on_virtual
    assert [name for name, _ in built] == list(SERVICES)


def test_a_scenario_without_code_is_met_on_both_clocks() -> None:
    scenario = load(CHAIN)
    runs = {"virtual": run_virtual(scenario), "real": run_real(scenario, speed=SPEED / 2)}
    for run in runs.values():
        assert [line.text for line in run.summary.expectations if not line.met] == []
    virtual, real = (runs[clock].summary.calls["gateway"] for clock in ("virtual", "real"))
    assert virtual.total == real.total > 500  # the arrivals are drawn from the same stream
    assert abs(virtual.ok - real.ok) <= 20 * 2  # a breaker's cycle, of a second and a little, at twenty a second
