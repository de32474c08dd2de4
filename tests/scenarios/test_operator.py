"""The person who looks after what is stuck comes on either clock, and also where not all comes to rest."""

from __future__ import annotations

from pathlib import Path

from eventlab.scenarios import load, run_real, run_virtual
from eventlab.scenarios.course import SETTLING_MAX_S

SCENARIO = Path(__file__).parents[2] / "scenarios" / "stuck-compensation.yaml"

CUT_OFF = [
    "load.orders.first=12",
    "load.orders.rate=2/s",
    "services.inventory.store={}",
    "faults=[{partition: [[payments], [orders]], at: 1s, for: 8s}]",
    "policies.call_timeout=500ms",
    "policies.saga.step_attempts=1",
    "policies.saga.stuck_after=2s",
]
"""Payments cannot be reached, as on the real clock nothing else can happen to it; patience ends long before the cut."""

AN_HOUR = [
    "load.orders.first=20",
    "load.orders.rate=1/min",
    "faults=[{full: payments, at: 5s, for: 62min}, {crash: orders, at: 62min, for: 1s}]",
    "policies.saga.step_attempts=1",
    "policies.saga.backoff={base: 1h, cap: 1h, jitter: 0%}",
    "policies.saga.stuck_after=10min",
]
"""Who came first is stuck after an hour; who came last tries again an hour after orders crashed.

Nobody is answered then, so the load has ended.
"""


def test_on_the_real_clock_a_person_helps_what_is_stuck() -> None:
    helped = run_real(load(SCENARIO, [*CUT_OFF, "policies.saga.operator=1s"]), speed=8).summary.sagas
    assert helped.helped and (helped.stuck, helped.unfinished) == (0, 0)


def test_a_person_comes_also_where_one_that_pauses_for_long_is_waited_for_in_vain() -> None:
    summary = run_virtual(load(SCENARIO, [*AN_HOUR, "policies.saga.operator=1s"])).summary
    assert summary.duration_s > 62 * 60 + SETTLING_MAX_S
    assert summary.sagas.helped and (summary.sagas.stuck, summary.sagas.unfinished) == (0, 0)
