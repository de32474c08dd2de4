"""The shop's policies, those that are not the client's own."""

from __future__ import annotations

from typing import Literal

import msgspec

from eventlab.commands import DEFAULT_RETRY, ConflictRetry
from eventlab.errors import InvalidValue
from eventlab.resilience.backoff import Backoff, Exponential

StepOrder = Literal["payment_first", "inventory_first"]


class ShopSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the shop deals with failures, conflicts and customers.

    Timeouts, retries and breakers of single calls belong to the client.
    *compensation* False plants a bug: a checkout that fails undoes nothing,
    and says that it did.
    """

    step_attempts: int = 5
    step_backoff: Backoff = Exponential(0.2, cap_s=5.0)
    undo_backoff: Backoff = Exponential(0.2, cap_s=5.0)
    stuck_after_s: float = 600.0
    order: StepOrder = "payment_first"
    compensation: bool = True
    conflicts: ConflictRetry = DEFAULT_RETRY
    decline_above_cents: int | None = None

    def __post_init__(self) -> None:
        if self.decline_above_cents is not None and self.decline_above_cents < 0:
            raise InvalidValue("decline_above_cents", self.decline_above_cents, "0 or more, or None")
        if self.order not in ("payment_first", "inventory_first"):
            raise InvalidValue("order", self.order, "'payment_first' or 'inventory_first'")


DEFAULT_SETTINGS = ShopSettings()
