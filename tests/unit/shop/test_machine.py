"""The shop under any sequence of orders, faults, crashes, deployments and operators: the books agree in the end."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from eventlab.shop import SERVICES, ShopSettings
from eventlab.shop.messages import Line
from tests.unit.shop.operators import Help
from tests.unit.shop.troubled import CUSTOMERS, SETTINGS, STRANDS, TITLES, Troubled

OPERATIONS = (
    "ReservePayment",
    "ReserveInventory",
    "ScheduleShipping",
    "CapturePayment",
    "DispatchShipment",
    "ReleasePayment",
    "ReleaseInventory",
    "CancelShipping",
    "Checkout",
)


class ShopMachine(RuleBasedStateMachine):
    """Nothing is judged before everything has healed and come to rest."""

    policies: ClassVar[ShopSettings] = SETTINGS

    @initialize(seed=st.integers(0, 9))
    def begin(self, seed: int) -> None:
        self.shop = Troubled(seed, self.policies)

    @rule(
        customer=st.sampled_from([*CUSTOMERS, "nobody"]),
        titles=st.lists(st.sampled_from([*TITLES, "title-404"]), min_size=1, max_size=2, unique=True),
        quantity=st.integers(0, 2),
        cents=st.sampled_from([0, 999, 2500, 9000]),
    )
    def order(self, customer: str, titles: list[str], quantity: int, cents: int) -> None:
        lines = tuple(Line(title, quantity, cents) for title in titles)
        self.shop.order(f"order-{len(self.shop.asked)}", customer, lines)

    @rule(title=st.sampled_from(TITLES), pause_s=st.sampled_from([0.01, 0.03, 0.05, 0.06]))
    def order_and_wait_a_little(self, title: str, pause_s: float) -> None:
        """So that what comes next befalls a checkout that is under way."""
        self.shop.order(f"order-{len(self.shop.asked)}", "ada", (Line(title, 1, 1000),))
        self.shop.wait(pause_s)

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.3, 1.5, 20.0]))
    def wait(self, seconds: float) -> None:
        self.shop.wait(seconds)

    @rule(name=st.sampled_from(list(SERVICES)))
    def crash(self, name: str) -> None:
        self.shop.crash(name)

    @rule(name=st.sampled_from(list(SERVICES)))
    def restart(self, name: str) -> None:
        self.shop.restart(name)

    @rule()
    def deploy(self) -> None:
        self.shop.deploy()

    @rule(name=st.sampled_from(list(SERVICES)), seen_as=st.sampled_from(["silence", "broken"]))
    def cut(self, name: str, seen_as: str) -> None:
        self.shop.cut(name, seen_as)

    @rule(name=st.sampled_from(list(SERVICES)))
    def join(self, name: str) -> None:
        self.shop.join(name)

    @rule(operation=st.sampled_from(OPERATIONS), damage=st.sampled_from(["drop", "delay", "double"]))
    def spoil_next(self, operation: str, damage: Any) -> None:
        self.shop.spoil_next(operation, damage)

    @rule(title=st.sampled_from(TITLES))
    def order_and_say_all_twice(self, title: str) -> None:
        for operation in OPERATIONS:
            self.shop.spoil_next(operation, "double")
        self.order_and_wait_a_little(title, 0.0)

    @rule(
        where=st.sampled_from(list(STRANDS.values())),
        heal=st.booleans(),
        how=st.sampled_from(get_args(Help)),
    )
    def strand_and_help_out(self, where: tuple[str, float], heal: bool, how: Help) -> None:
        """Cut a service off while a checkout is under way, for longer than that is patient."""
        self.shop.strand(f"order-{len(self.shop.asked)}", *where)
        if heal:
            self.shop.join(where[0])
        for order_id in self.shop.stuck():
            self.shop.help_out(order_id, how)

    @rule(name=st.sampled_from(list(SERVICES)), factor=st.sampled_from([10.0, 200.0]))
    def slow(self, name: str, factor: float) -> None:
        self.shop.slow(name, factor)

    @precondition(lambda self: self.shop.asked)
    @rule(data=st.data(), verb=st.sampled_from(["retry", "compensate", "cancel"]))
    def by_hand(self, data: Any, verb: Any) -> None:
        self.shop.by_hand(data.draw(st.sampled_from(self.shop.asked)), verb)

    def teardown(self) -> None:
        shop = getattr(self, "shop", None)
        if shop is not None:
            with shop.world:
                assert shop.settle() == []


QUICK = settings(max_examples=60, stateful_step_count=20)


def test_whatever_befalls_the_shop_every_law_holds_in_the_end() -> None:
    run_state_machine_as_test(ShopMachine, settings=QUICK)


@pytest.mark.soak
def test_whatever_befalls_the_shop_over_many_sequences() -> None:
    run_state_machine_as_test(ShopMachine, settings=settings(stateful_step_count=30))


def test_a_shop_that_undoes_nothing_is_found_out() -> None:
    class Careless(ShopMachine):
        policies = replace(SETTINGS, compensation=False)

    thorough = settings(
        phases=[Phase.generate], max_examples=1_000, stateful_step_count=15, suppress_health_check=list(HealthCheck)
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Careless, settings=thorough)
