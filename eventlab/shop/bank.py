"""A bank as a service. A transfer to an account of its own is one command; to another bank it is a saga.

The saga withdraws here, then deposits there, which is the point of no return. A deposit that is refused gives the
money back. In between, the money is in neither account.
"""

from __future__ import annotations

from typing import Any

import msgspec

from eventlab.errors import Refused, SagaInputDiffers
from eventlab.sagas import Saga, SagaEngine, StepContext, pivot, step
from eventlab.services import Call, Request, handles
from eventlab.shop import transfers
from eventlab.shop.banking import AccountOpened, HalfRefused, account_stream
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.owners import named


class Moved(msgspec.Struct, frozen=True):
    """How a transfer ended: ``completed``, or ``compensated`` with the reason why."""

    transfer_id: str
    status: str = "completed"
    reason: str = ""


class Open(Request[Moved], frozen=True):
    account: str
    cents: int
    ceiling_cents: int | None = None


class Transfer(Request[Moved], frozen=True):
    """From an account of the bank that is asked to one at the bank *to_bank*, which may be the same.

    Inside one bank a refusal is raised; between two it comes back as the reason of a saga that was undone.
    """

    transfer_id: str
    source: str
    to_bank: str
    target: str
    cents: int


class Deposit(Request[Moved], frozen=True):
    """What one bank asks of another. Refused with ``unknown_account`` or ``too_much``."""

    transfer_id: str
    account: str
    cents: int


class Bank(ShopService):
    """Keeps accounts in its own store, and sees to it that money which leaves it arrives, or comes back.

    With *locks* a second transfer from an account to another bank waits for the first: it decides on what is left when
    that has ended, and not on what may yet come back.
    """

    def __init__(self, context: ServiceContext, *, locks: bool = False) -> None:
        super().__init__(context)
        settings = context.settings
        pacing: dict[str, Any] = {"backoff": settings.step_backoff, "stuck_after_s": settings.stuck_after_s}
        steps = [
            step("withdraw", self._withdraw, self._give_back, undo_backoff=settings.undo_backoff, **pacing),
            pivot("deposit", self._deposit, **pacing),
        ]
        alone = _account_of if locks else None
        self.engine = SagaEngine(context.store, [Saga("transfer", steps, input_type=Transfer, locks=alone)])

    async def stop(self) -> None:
        await self.engine.stop()

    @handles(Open)
    async def open(self, request: Open, call: Call) -> Moved:
        opened = AccountOpened(request.cents, request.ceiling_cents)
        await self.decide(transfers.OpenAccount(account_stream(request.account), opened))
        return Moved(request.account)

    @handles(Transfer)
    async def transfer(self, request: Transfer, call: Call) -> Moved:
        if request.to_bank == self.name:
            return await self._transfer_here(request)
        named("withdrawal", request.transfer_id)  # the longest name made of it: who asks in vain is told here, at once
        try:
            state = await self.engine.submit("transfer", request.transfer_id, request)
        except SagaInputDiffers as error:
            raise Refused("differs", str(error), {"transfer_id": request.transfer_id}) from None
        return Moved(request.transfer_id, state.status.value, state.reason)

    async def _transfer_here(self, request: Transfer) -> Moved:
        if request.source == request.target:
            raise Refused("same_account", f"{request.source} cannot pay itself", {"account": request.source})
        source, target = account_stream(request.source), account_stream(request.target)
        command = transfers.Transfer(source, target, request.transfer_id, request.cents)
        await self.decide(command, command_id=f"transfer-{request.transfer_id}")
        return Moved(request.transfer_id)

    @handles(Deposit)
    async def deposit(self, request: Deposit, call: Call) -> Moved:
        half = named("deposit", request.transfer_id)
        await self._half(transfers.Deposit(account_stream(request.account), half, request.transfer_id, request.cents))
        return Moved(request.transfer_id)

    async def _withdraw(self, ctx: StepContext) -> None:
        wish: Transfer = ctx.input
        half = named("withdrawal", wish.transfer_id)
        await self._half(transfers.Withdraw(account_stream(wish.source), half, wish.transfer_id, wish.cents))

    async def _give_back(self, ctx: StepContext, result: Any) -> None:
        wish: Transfer = ctx.input
        await self.decide(transfers.GiveBack(named("withdrawal", wish.transfer_id), wish.transfer_id))

    async def _deposit(self, ctx: StepContext) -> None:
        wish: Transfer = ctx.input
        await self.client.call(wish.to_bank, Deposit(wish.transfer_id, wish.target, wish.cents), key=ctx.key)

    async def _half(self, command: transfers.OnHalf) -> None:
        """Carry out one half, and raise the refusal that was written down."""
        for _, written in (await self.decide(command)).events:
            if isinstance(written, HalfRefused):
                raise written.refusal()


def _account_of(wish: Transfer) -> list[str]:
    """What a transfer to another bank works on alone."""
    return [f"account-{wish.source}"]
