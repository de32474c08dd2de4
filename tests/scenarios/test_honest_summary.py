"""The summary says what the stores say, and does not praise a run that lost its customers."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.scenarios import Run, load, run_virtual
from tests.cli.commands import SHOP


def crashed(*sets: str) -> Run:
    return run_virtual(load(SHOP, sets))


def audited(run: Run) -> list[str]:
    """How the sagas stand in the store of orders."""
    (sagas,) = [what.value["sagas"] for _, what in of_kind(run.entries, hooks.Observed) if "sagas" in what.value]
    return list(sagas.values())


@pytest.mark.parametrize("seed", [11, 27, 63])
def test_a_saga_whose_end_was_written_but_not_announced_counts_as_ended(seed: int) -> None:
    """With these seeds orders crashes between the append of an ending and its acknowledgement."""
    run = crashed(
        f"seed={seed}",
        "load.orders.first=40",
        "faults=[{crash: orders, at: 9.07s, for: 2s}]",
        "services.orders.store.append=100ms",
        "expectations=[invariants hold, sagas.unfinished == 0]",
    )
    stand = audited(run)
    sagas = run.summary.sagas
    assert (sagas.completed, sagas.compensated) == (stand.count("completed"), stand.count("compensated"))
    assert run.summary.verdict == "met"


def test_orders_that_nobody_took_count_in_the_whole() -> None:
    run = crashed(
        "load.orders.first=40",
        "faults=[{crash: orders, at: 10s, for: 1h}]",
        "expectations=[sagas.completed >= 80%, answers.ok == 100%]",
    )
    assert run.summary.answers.unknown > 10
    assert [line.met for line in run.summary.expectations] == [False, False]
    assert run.summary.verdict == "failed"


def test_the_opening_stock_does_not_come_over_the_network() -> None:
    run = crashed("load.orders.first=3", "network.loss=100%", "faults=[]", "expectations=[answers.ok == 100%]")
    assert run.summary.answers.unknown == 3
    assert run.summary.verdict == "failed"
