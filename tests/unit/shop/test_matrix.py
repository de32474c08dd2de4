"""Each step against each fault: a checkout ends in bounded time, nobody is cheated, and no effect comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from eventlab.errors import InvalidValue, Refused, UnknownOutcome
from eventlab.sagas import SagaEngine, StepContext
from eventlab.services import Call, handles
from eventlab.shop import SERVICES, ServiceContext
from eventlab.shop import messages as ask
from eventlab.shop.checkout import CheckoutSteps
from eventlab.shop.matrix import FAULTS, SETTINGS, STEPS, UNDOINGS, Cell, Matrix, bound_s, fault_matrix, run_cell
from eventlab.shop.orders import OrdersService
from eventlab.shop.payments import PaymentReserved, PaymentsService
from tests.sources import ROOT

SEEDS = range(20)
EVERYWHERE = [*STEPS, *UNDOINGS]
PRINTED = [line.split() for line in (ROOT / "docs" / "shop.md").read_text(encoding="utf-8").splitlines()]


def laws_broken(cells: Iterable[Cell]) -> list[str]:
    """The names of the laws that did not hold, each once."""
    return sorted({broken.partition(":")[0] for cell in cells for broken in cell.broken})


def judged(seeds: Sequence[int], steps: Sequence[str] = tuple(STEPS), **settings: Any) -> Matrix:
    return fault_matrix(seeds, steps=steps, **settings)


@pytest.mark.parametrize("step", EVERYWHERE)
def test_whatever_befalls_a_step_every_law_holds(step: str) -> None:
    matrix = judged(SEEDS if step in STEPS else range(5), [step])
    assert [cell for cell in matrix.cells if cell.broken or not cell.struck] == []
    assert max(cell.settled_s for cell in matrix.cells) <= bound_s(SETTINGS) == 3 * 1.2 + 1
    if step in STEPS:
        assert matrix.table().splitlines()[-1].split() in PRINTED, "the page has `print(fault_matrix().table())`"


@pytest.mark.parametrize("step", EVERYWHERE)
def test_it_holds_as_well_where_services_ask_by_messages(step: str) -> None:
    matrix = judged(range(3), [step], by="message")
    assert [cell for cell in matrix.cells if cell.broken or not cell.struck] == []


@pytest.mark.soak
@pytest.mark.parametrize("by", ["call", "message"])
@pytest.mark.parametrize("step", EVERYWHERE)
@pytest.mark.parametrize("seed", range(1000, 1200, 20))
def test_whatever_befalls_a_step_every_law_holds_over_many_seeds(step: str, seed: int, by: str) -> None:
    matrix = judged(range(seed, seed + 20), [step], by=by)
    assert [cell for cell in matrix.cells if cell.broken or not cell.struck] == []


def test_before_the_point_of_no_return_it_depends_on_how_long_and_after_it_nothing_turns_back() -> None:
    matrix = judged(range(12), ["reserve_payment", "dispatch"], faults=["reply lost", "timeout, applied"])
    ended = {step: Counter[str]() for step in matrix.steps}
    for cell in matrix.cells:
        ended[cell.step][cell.outcome] += 1
    assert min(ended["reserve_payment"][outcome] for outcome in ("completed", "compensated")) >= 3
    assert set(ended["dispatch"]) == {"completed"}


def test_a_fault_that_outlasts_all_patience_leaves_the_checkout_stuck_for_all_to_see() -> None:
    impatient = replace(SETTINGS, stuck_after_s=2.0)
    matrix = judged(range(3), ["dispatch"], settings=impatient, hold_s=20.0, faults=["refused", "reply lost"])
    assert {cell.outcome for cell in matrix.cells} == {"stuck"}
    assert matrix.broken == ()


def test_the_same_seed_gives_the_same_cell() -> None:
    assert run_cell("capture_payment", "duplicated", 7) == run_cell("capture_payment", "duplicated", 7)


def test_a_step_or_a_fault_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidValue, match="step"):
        run_cell("wrap_parcel", "refused")
    with pytest.raises(InvalidValue, match="fault"):
        run_cell("dispatch", "earthquake")


# --- able to fail


class Unbelieving(OrdersService):
    """Takes every answer that did not come for a no."""

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context)

        class Steps(CheckoutSteps):
            async def _call(self, target: str, ctx: StepContext, request: Any) -> None:
                try:
                    await super()._call(target, ctx, request)
                except UnknownOutcome as error:
                    raise Refused("failed", str(error)) from None

        steps = Steps(context.store, context.client, context.settings)
        self.engine = SagaEngine(context.store, steps.sagas())


class Forgetful(OrdersService):
    """Takes nothing up again after a crash."""

    async def start(self) -> None:
        pass


class WithoutTombstones(PaymentsService):
    """Forgets a cancellation of what it does not know."""

    @handles(ask.ReleasePayment)
    async def release(self, request: ask.ReleasePayment, call: Call) -> ask.Done:
        known = await self.store.read(f"payment-{request.order_id}")
        return await super().release(request, call) if known else ask.Done(request.order_id)


class WithoutKeys(PaymentsService):
    """Does again what it is asked again."""

    @handles(ask.ReservePayment)
    async def reserve(self, request: ask.ReservePayment, call: Call) -> ask.Done:
        event = PaymentReserved(request.order_id, request.customer_id, request.amount_cents)
        await self.store.append([(f"payment-{request.order_id}", event)])
        return ask.Done(request.order_id)


def test_without_compensation_it_shows() -> None:
    matrix = judged(range(2), ["reserve_payment", "dispatch"], settings=replace(SETTINGS, compensation=False))
    heard = tuple(cell for cell in matrix.cells if cell.endings["order-2"] != "unheard")
    assert matrix.broken == heard, "the blocked order is in all of them"
    assert "no money stays reserved" in laws_broken(matrix.cells)


def test_taking_doubt_for_a_no_leaves_orphans() -> None:
    faults = ["refused", "reply lost", "timeout, applied"]
    matrix = judged(range(3), services={**SERVICES, "orders": Unbelieving}, faults=faults)
    where = {(cell.step, cell.fault) for cell in matrix.broken}
    assert {("reserve_inventory", "reply lost"), ("reserve_payment", "timeout, applied")} <= where
    assert not [step for step, fault in where if fault == "refused"]
    assert {"no money stays reserved", "stock belongs to orders"} <= set(laws_broken(matrix.cells))


def test_a_service_that_takes_nothing_up_again_leaves_checkouts_lying() -> None:
    matrix = judged(range(3), ["reserve_payment", "dispatch"], services={**SERVICES, "orders": Forgetful})
    assert {cell.fault for cell in matrix.broken} == {"crash before", "crash after"}
    assert laws_broken(matrix.cells)[0] == "every checkout ends in time, or is stuck visibly"


def test_without_tombstones_a_late_request_leaves_an_orphan() -> None:
    payments = {**SERVICES, "payments": WithoutTombstones}
    matrix = judged(range(20), ["reserve_payment"], services=payments, faults=["reply lost", "reordered"])
    assert {cell.fault for cell in matrix.broken} == {"reordered"}
    assert laws_broken(matrix.cells) == ["no money stays reserved"]


def test_without_keys_a_repetition_is_another_effect() -> None:
    matrix = judged(range(2), ["reserve_payment"], services={**SERVICES, "payments": WithoutKeys})
    assert {"reply lost", "duplicated"} <= {cell.fault for cell in matrix.broken}
    assert "one effect per key" in laws_broken(matrix.cells)


# --- the table


def test_the_table_counts_the_endings_of_each_step_under_each_fault() -> None:
    matrix = fault_matrix(range(2), steps=["dispatch", "reserve_payment"], faults=["refused", "timeout, applied"])
    assert matrix.table().splitlines() == [
        "                 refused  timeout",
        "                          applied",
        "dispatch         2●       2●",
        "reserve_payment  2◁       1● 1◁",
    ]
    assert sum(matrix.counts("dispatch", "refused").values()) == 2


def test_the_frame_has_a_row_for_each_cell() -> None:
    frame = fault_matrix(range(2), steps=["dispatch"]).to_frame()
    assert len(frame) == 2 * len(FAULTS)
    assert list(frame.columns[:4]) == ["step", "fault", "seed", "outcome"]
    assert (frame["settled_s"] <= frame["bound_s"]).all()
