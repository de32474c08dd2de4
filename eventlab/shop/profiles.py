"""What orders know of their customers: a local copy of each user's profile, so that taking an order asks nobody.

Each profile that a user has had is a version, counted by users, who own it. The copy only ever moves to a newer
one, in whatever order they arrive: what is older than the copy, or the same again, is ignored. Each brings the
whole profile, so a version that never arrived is not missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.shop.owners import ORDERS, named
from eventlab.store import StoredEvent, StreamId


@event("CustomerProfileRecorded")
@dataclass(frozen=True, slots=True)
class CustomerProfileRecorded:
    """The copy is that *version* from now on."""

    customer_id: str
    email: str
    address: str
    version: int


Profile = CustomerProfileRecorded | None
"""The newest version that has arrived."""

FIRST = 1
"""The version of a profile with which a user was registered."""


def customer_stream(customer_id: str) -> StreamId:
    return named("customer", customer_id)


@dataclass(frozen=True)
class OnProfile(Command[Profile]):
    """A command that brings one version of a profile."""

    customer: StreamId
    profile: CustomerProfileRecorded

    owner = ORDERS

    def initial(self) -> Profile:
        return None

    def apply(self, state: Profile, stored: StoredEvent) -> Profile:
        recorded: CustomerProfileRecorded = stored.event
        return recorded

    def recorded(self, state: Profile) -> Iterable[tuple[str, object]]:
        """What to write; of one version there is one content, and another is refused."""
        known, coming = state, self.profile
        if known is not None and coming.version == known.version and coming != known:
            raise Refused(
                "customer_exists",
                f"version {known.version} of customer {coming.customer_id} is known with other details",
                {"customer_id": coming.customer_id, "version": known.version},
            )
        return [(self.customer, coming)] if known is None or coming.version > known.version else ()


@dataclass(frozen=True)
class CreateCustomerProfile(OnProfile):
    """The profile with which the user was registered."""

    def handle(self, state: Profile) -> Iterable[tuple[str, object]]:
        return self.recorded(state)


@dataclass(frozen=True)
class UpdateCustomerProfile(OnProfile):
    """A profile that the user had after that. It may be the first that arrives."""

    def handle(self, state: Profile) -> Iterable[tuple[str, object]]:
        if self.profile.version <= FIRST:
            raise Refused(
                "bad_version",
                f"version {self.profile.version} is no update: the first version of a profile is {FIRST}",
                {"version": self.profile.version},
            )
        return self.recorded(state)
