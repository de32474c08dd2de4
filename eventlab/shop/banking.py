"""Accounts at a bank, and what moves money: inside one bank in one append, between two by halves that can be undone.

A transfer between two banks is two commands on two stores. Each half has a stream of its own, ``withdrawal-…`` at
the one bank and ``deposit-…`` at the other, by which a repetition is known, and what comes after its cancellation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.shop.owners import named
from eventlab.store import Owner, StoredEvent, StreamId

BANK = Owner("bank", owns=("account", "withdrawal", "deposit", "saga", "lock"))
"""Every bank owns these, each in its own store."""


@event("AccountOpened")
@dataclass(frozen=True, slots=True)
class AccountOpened:
    """It holds so much, and never may hold more than its ceiling; None: as much as one likes."""

    cents: int
    ceiling_cents: int | None


@event("MoneyWithdrawn")
@dataclass(frozen=True, slots=True)
class MoneyWithdrawn:
    transfer_id: str
    cents: int


@event("MoneyDeposited")
@dataclass(frozen=True, slots=True)
class MoneyDeposited:
    transfer_id: str
    cents: int


@event("MoneyGivenBack")
@dataclass(frozen=True, slots=True)
class MoneyGivenBack:
    transfer_id: str
    cents: int


@event("WithdrawalMade")
@dataclass(frozen=True, slots=True)
class WithdrawalMade:
    """The first half of a transfer is done: the money is on its way."""

    transfer_id: str
    account: str
    cents: int


@event("DepositMade")
@dataclass(frozen=True, slots=True)
class DepositMade:
    """The second half is done: the money has arrived."""

    transfer_id: str
    account: str
    cents: int


@event("HalfRefused")
@dataclass(frozen=True, slots=True)
class HalfRefused:
    """Remembered, so that a message that comes late is not served after the transfer was told no."""

    transfer_id: str
    code: str
    reason: str

    def refusal(self) -> Refused:
        return Refused(self.code, self.reason, {"transfer_id": self.transfer_id})


@event("WithdrawalUndone")
@dataclass(frozen=True, slots=True)
class WithdrawalUndone:
    """The money is back; if it had not left, it never will."""

    transfer_id: str


Half = WithdrawalMade | DepositMade | HalfRefused | WithdrawalUndone | None


class Account(msgspec.Struct, frozen=True):
    """What an account holds, and what it may hold at most."""

    cents: int
    ceiling_cents: int | None = None

    def after(self, event: object) -> Account:
        match event:
            case MoneyWithdrawn(cents=cents):
                return replace(self, cents=self.cents - cents)
            case MoneyDeposited(cents=cents) | MoneyGivenBack(cents=cents):
                return replace(self, cents=self.cents + cents)
        return self


def account_after(events: Iterable[StoredEvent], account: Account | None = None) -> Account | None:
    """How an account stands after *events*; None while it has not been opened."""
    for stored in events:
        match stored.event:
            case AccountOpened(cents, ceiling_cents):
                account = Account(cents, ceiling_cents)
            case event if account is not None:
                account = account.after(event)
    return account


class Ledger(msgspec.Struct, frozen=True):
    """The accounts that were read, and how this half of the transfer stands."""

    accounts: dict[str, Account] = {}
    half: Half = None

    def withdrawn(self, account: str, cents: int) -> int:
        """What *account* is left with. Raises Refused."""
        left = self._known(account).cents - cents
        if left < 0:
            raise Refused("too_little", f"{account} has {left + cents} cents, and not {cents}", {"account": account})
        return left

    def deposited(self, account: str, cents: int) -> int:
        """What *account* then holds. Raises Refused."""
        known = self._known(account)
        if known.ceiling_cents is not None and known.cents + cents > known.ceiling_cents:
            raise Refused("too_much", f"{account} may not hold {known.cents + cents} cents", {"account": account})
        return known.cents + cents

    def _known(self, account: str) -> Account:
        if account not in self.accounts:
            raise Refused("unknown_account", f"there is no {account} here", {"account": account})
        return self.accounts[account]


class OnLedger(Command[Ledger]):
    """A command on accounts."""

    owner = BANK

    def initial(self) -> Ledger:
        return Ledger({})

    def apply(self, state: Ledger, stored: StoredEvent) -> Ledger:
        if not stored.stream.startswith("account-"):
            return replace(state, half=stored.event)
        account = account_after([stored], state.accounts.get(stored.stream))
        if account is not None:
            state.accounts[stored.stream] = account  # this fold's own dict: `initial` made it
        return state


def checked_cents(cents: int) -> int:
    """Raises Refused for an amount that cannot be moved."""
    if cents < 1:
        raise Refused("bad_amount", f"{cents} cents cannot be moved", {"cents": cents})
    return cents


def account_stream(name: str) -> StreamId:
    return named("account", name)
