"""Services that ask each other by messages: the same expectations, and no connection that could be seen to break."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.scenarios import Run, load, run_real, run_virtual
from tests.cli.commands import SHOP

SMALL = [
    "load.orders.first=60",
    "faults.0.at=6s",
    "faults.0.for=6s",
    "policies.breaker.open_for=1s",
    "expectations=[invariants hold, sagas.stuck == 0, sagas.unfinished == 0, breaker payments opens,"
    " breaker payments closes]",
]


def small(by: str, *sets: str) -> Run:
    return run_virtual(load(SHOP, [*SMALL, f"policies.saga.by={by}", *sets]))


@pytest.mark.parametrize("by", ["call", "message"])
def test_by_calls_or_by_messages_all_is_met(by: str) -> None:
    summary = small(by).summary
    assert [line.text for line in summary.expectations if not line.met] == []
    assert [line.name for line in summary.invariants if not line.valid] == []


def test_by_messages_on_the_real_clock_too() -> None:
    summary = run_real(load(SHOP, [*SMALL, "policies.saga.by=message"]), speed=8).summary
    assert [line.name for line in summary.invariants if not line.valid] == []
    assert (summary.sagas.stuck, summary.sagas.unfinished) == (0, 0)


def test_a_broken_connection_is_seen_by_callers_alone() -> None:
    def outcomes(by: str) -> dict[str, None]:
        ended = of_kind(small(by, "network.cuts_seen_as=broken").entries, hooks.CallEnded)
        return dict.fromkeys(what.outcome for _, what in ended if what.target == "payments")

    assert "unavailable" in outcomes("call")
    assert "unavailable" not in outcomes("message")
    assert "unknown" in outcomes("message")
