"""Users: who may order. Owns ``user-<id>``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop.keeping import ShopService
from eventlab.shop.owners import USERS
from eventlab.store import StoredEvent, StreamId


@event("UserRegistered")
@dataclass(frozen=True, slots=True)
class UserRegistered:
    user_id: str
    email: str
    address: str


@dataclass(frozen=True)
class CreateUser(Command[UserRegistered | None]):
    """Register a user once; again with the same details changes nothing, with others it is refused."""

    user: StreamId
    details: UserRegistered

    owner = USERS

    def initial(self) -> UserRegistered | None:
        return None

    def apply(self, state: UserRegistered | None, stored: StoredEvent) -> UserRegistered | None:
        registered: UserRegistered = stored.event
        return registered

    def handle(self, state: UserRegistered | None) -> Iterable[tuple[str, object]]:
        email = self.details.email
        name, at, host = email.partition("@")
        if not (name and at and host) or email != email.strip():
            raise Refused("bad_email", f"{email!r} is no e-mail address", {"email": email})
        if state is None:
            return [(self.user, self.details)]
        if state != self.details:
            raise Refused("user_exists", f"user {state.user_id} is registered with other details")
        return ()


class UsersService(ShopService):
    @handles(ask.CreateUser)
    async def create(self, request: ask.CreateUser, call: Call) -> ask.UserCreated:
        details = UserRegistered(request.user_id, request.email, request.address)
        await self.decide(CreateUser(StreamId(f"user-{request.user_id}"), details))
        return ask.UserCreated(request.user_id)
