"""What a bank decides: a transfer in one append where both accounts are its own, or one half of a transfer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from eventlab.errors import Refused
from eventlab.shop.banking import (
    AccountOpened,
    DepositMade,
    HalfRefused,
    Ledger,
    MoneyDeposited,
    MoneyGivenBack,
    MoneyWithdrawn,
    OnLedger,
    WithdrawalMade,
    WithdrawalUndone,
    checked_cents,
)
from eventlab.store import StreamId


@dataclass(frozen=True)
class OpenAccount(OnLedger):
    account: StreamId
    opened: AccountOpened

    def handle(self, state: Ledger) -> Iterable[tuple[str, object]]:
        return () if self.account in state.accounts else [(self.account, self.opened)]


@dataclass(frozen=True)
class Transfer(OnLedger):
    """Both accounts lie in one store: out of the one and into the other is one append, and nobody sees half of it."""

    source: StreamId
    target: StreamId
    transfer_id: str
    cents: int

    check_reads = True

    def handle(self, state: Ledger) -> Iterable[tuple[str, object]]:
        cents = checked_cents(self.cents)
        state.withdrawn(self.source, cents)
        state.deposited(self.target, cents)
        return [
            (self.source, MoneyWithdrawn(self.transfer_id, cents)),
            (self.target, MoneyDeposited(self.transfer_id, cents)),
        ]


@dataclass(frozen=True)
class OnHalf(OnLedger):
    """One half of a transfer. What was refused stays refused, and the refusal is an event."""

    account: StreamId
    half: StreamId
    transfer_id: str
    cents: int

    @abstractmethod
    def made(self) -> WithdrawalMade | DepositMade:
        """What is remembered when it is done."""

    @abstractmethod
    def moved(self, state: Ledger) -> object:
        """What the account remembers. Raises Refused."""

    def handle(self, state: Ledger) -> Iterable[tuple[str, object]]:
        match state.half:
            case None:
                try:
                    moved = self.moved(state)
                except Refused as refusal:
                    return [(self.half, HalfRefused(self.transfer_id, refusal.code, refusal.message))]
                return [(self.account, moved), (self.half, self.made())]
            case HalfRefused() as refused:
                raise refused.refusal()
            case WithdrawalUndone():
                raise Refused("cancelled", f"transfer {self.transfer_id} was cancelled before")
            case made if made != self.made():
                raise Refused("differs", f"transfer {self.transfer_id} was asked for before, differently")
        return ()


@dataclass(frozen=True)
class Withdraw(OnHalf):
    """The first half: the money leaves, and is in transit from then on."""

    def made(self) -> WithdrawalMade:
        return WithdrawalMade(self.transfer_id, self.account, self.cents)

    def moved(self, state: Ledger) -> MoneyWithdrawn:
        state.withdrawn(self.account, checked_cents(self.cents))
        return MoneyWithdrawn(self.transfer_id, self.cents)


@dataclass(frozen=True)
class Deposit(OnHalf):
    """The second half: the money arrives."""

    def made(self) -> DepositMade:
        return DepositMade(self.transfer_id, self.account, self.cents)

    def moved(self, state: Ledger) -> MoneyDeposited:
        state.deposited(self.account, checked_cents(self.cents))
        return MoneyDeposited(self.transfer_id, self.cents)


@dataclass(frozen=True)
class GiveBack(OnLedger):
    """Undo the first half. No ceiling turns away what an account had before."""

    half: StreamId
    transfer_id: str

    def related_streams(self, state: Ledger) -> Iterable[StreamId]:
        return [StreamId(state.half.account)] if isinstance(state.half, WithdrawalMade) else ()

    def handle(self, state: Ledger) -> Iterable[tuple[str, object]]:
        match state.half:
            case WithdrawalMade(_, account, cents):
                yield account, MoneyGivenBack(self.transfer_id, cents)
                yield self.half, WithdrawalUndone(self.transfer_id)
            case None:
                yield self.half, WithdrawalUndone(self.transfer_id)
