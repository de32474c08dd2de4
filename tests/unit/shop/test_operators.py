"""A checkout is stuck, and somebody does something about it: what then holds no longer is what that word suspends."""

from __future__ import annotations

from typing import get_args

import pytest

from eventlab.shop import check_shop
from eventlab.shop.messages import CapturePayment
from tests.unit.shop.operators import STAKES, Help
from tests.unit.shop.troubled import STRANDS, Troubled

ENDS = {
    ("capture_payment", "rule out"): "compensated",
    ("capture_payment", "deny"): "compensated",
}
"""Where it does not end as it would have, had nobody said more than that it be tried again."""


@pytest.mark.parametrize("how", get_args(Help))
@pytest.mark.parametrize("step", STRANDS)
def test_of_a_checkout_that_was_stuck_exactly_those_laws_fail_which_an_operator_answers_for(
    step: str, how: Help
) -> None:
    shop = Troubled(seed=1)
    with shop.world:
        shop.strand("order-1", *STRANDS[step])
        assert shop.stuck() == ["order-1"]
        shop.join(STRANDS[step][0])
        shop.help_out("order-1", how)
        shop.crash("orders")  # a word outlives whoever heard it
        assert shop.settle() == []

        audits = shop.world.run(shop.audits)
        usual = "completed" if step in ("capture_payment", "dispatch") else "compensated"
        end = "abandoned" if how == "abandon" else ENDS.get((step, how), usual)
        assert audits["orders"]["sagas"] == {"order-1": end}

        failing = {result.name for result in check_shop(audits) if result.valid is not True}
        said = how in ("skip", "believe") and (step, how) != ("capture_payment", "skip")  # no pivot is skipped
        answered = [law(audits).name for law in STAKES[step].laws] if said else []
        assert failing == {*answered, *(["every checkout ends"] if how == "abandon" else [])}


def test_a_capture_that_is_denied_though_it_happened_leaves_its_undoing_stuck_then_money_without_an_order() -> None:
    shop = Troubled(seed=1)
    with shop.world:
        shop.strand("order-1", *STRANDS["capture_payment"])
        shop.join("payments")
        shop.world.run(lambda: shop.operator.call("payments", CapturePayment("order-1")))
        seen = []
        hows: tuple[Help, ...] = ("deny", "skip")
        for how in hows:
            shop.help_out("order-1", how)
            assert shop.settle() == []
            audits = shop.world.run(shop.audits)
            failing = {result.name for result in check_shop(audits) if result.valid is not True}
            seen.append((audits["orders"]["sagas"]["order-1"], failing))
        assert seen == [("stuck", {"every checkout ends"}), ("compensated", {"money is conserved"})]
