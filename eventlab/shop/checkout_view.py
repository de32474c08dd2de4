"""A checkout in seven fields, as it stands or as it stood at any version of its log."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from eventlab.errors import InvalidValue, UnknownSaga
from eventlab.sagas import SagaState, Status, fold
from eventlab.sagas.events import StepCompensated, StepResolved, StepSucceeded
from eventlab.store import EventStore


class CheckoutView(msgspec.Struct, frozen=True):
    """A checkout in seven fields, each true by an outcome and never by a mere request.

    What is about to be undone is still there: it is undone when that is known. *failed_step* is None also while
    nothing has failed but somebody cancelled the checkout.
    """

    order_created: bool
    payment_reserved: bool
    inventory_reserved: bool
    shipping_scheduled: bool
    completed: bool
    compensation_needed: bool
    failed_step: str | None

    @classmethod
    def of(cls, events: Iterable[object]) -> CheckoutView:
        """Folded from the *events* of a checkout's saga, from the first to any of them."""
        log = list(events)
        stands, state = _standing(log), fold(log)
        return cls(
            order_created="create_order" in stands,
            payment_reserved="reserve_payment" in stands,
            inventory_reserved="reserve_inventory" in stands,
            shipping_scheduled="schedule_shipping" in stands,
            completed=state.status is Status.COMPLETED,
            compensation_needed=_turned_back(state),
            failed_step=state.failed_step,
        )


async def view_checkout(store: EventStore, order_id: str, version: int | None = None) -> CheckoutView:
    """How a checkout stands in the *store* of orders, or how it stood after the first *version* events of its saga.

    Raises UnknownSaga when it was never started, and InvalidValue for a version that its log has not reached.
    """
    log = await store.read(f"saga-{order_id}")
    if not log:
        raise UnknownSaga(f"no checkout of order {order_id!r} was started in store {store.name!r}")
    if version is not None and not 1 <= version <= len(log):
        raise InvalidValue("version", version, f"1 to {len(log)}")
    return CheckoutView.of(stored.event for stored in log[:version])


def _standing(log: Iterable[object]) -> dict[str, None]:
    """The steps that have succeeded, and are not known to be undone."""
    stands: dict[str, None] = {}
    for event in log:
        match event:
            case StepSucceeded(step) | StepResolved(step=step, outcome="succeeded"):
                stands[step] = None
            case StepCompensated(step) | StepResolved(step=step, outcome="compensated"):
                stands.pop(step, None)
    return stands


def _turned_back(state: SagaState) -> bool:
    undoing = (Status.COMPENSATING, Status.COMPENSATED)
    halted = state.status in (Status.STUCK, Status.ABANDONED)
    return state.failed_step is not None or (state.stuck_from if halted else state.status) in undoing
