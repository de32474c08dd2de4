"""Users: who may order. Owns ``user-<id>``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop.keeping import ShopService
from eventlab.shop.owners import USERS, named
from eventlab.store import StoredEvent, StreamId


@event("UserRegistered")
@dataclass(frozen=True, slots=True)
class UserRegistered:
    user_id: str
    email: str
    address: str


@event("UserUpdated")
@dataclass(frozen=True, slots=True)
class UserUpdated:
    """The whole profile from now on. Its version is that of the stream."""

    user_id: str
    email: str
    address: str


class User(msgspec.Struct, frozen=True):
    """One user: what was registered, what holds now, and how many profiles there were."""

    registered: UserRegistered | None = None
    profile: UserRegistered | UserUpdated | None = None
    version: int = 0


class OnUser(Command[User]):
    """A command on one user."""

    owner = USERS

    def initial(self) -> User:
        return User()

    def apply(self, state: User, stored: StoredEvent) -> User:
        return User(state.registered or stored.event, stored.event, stored.version)


@dataclass(frozen=True)
class CreateUser(OnUser):
    """Register a user once; again with the same details changes nothing, with others it is refused."""

    user: StreamId
    details: UserRegistered

    def handle(self, state: User) -> Iterable[tuple[str, object]]:
        _check_email(self.details.email)
        if state.registered is None:
            return [(self.user, self.details)]
        if state.registered != self.details:
            raise Refused("user_exists", f"user {self.details.user_id} is registered with other details")
        return ()


@dataclass(frozen=True)
class UpdateUser(OnUser):
    """Give a user another profile; the one that holds already changes nothing."""

    user: StreamId
    details: UserUpdated

    def handle(self, state: User) -> Iterable[tuple[str, object]]:
        _check_email(self.details.email)
        if state.profile is None:
            raise Refused("unknown_user", f"nobody knows user {self.details.user_id}")
        now = (self.details.email, self.details.address)
        return [(self.user, self.details)] if now != (state.profile.email, state.profile.address) else ()


def _check_email(email: str) -> None:
    name, at, host = email.partition("@")
    if not (name and at and host) or email != email.strip():
        raise Refused("bad_email", f"{email!r} is no e-mail address", {"email": email})


class UsersService(ShopService):
    @handles(ask.CreateUser)
    async def create(self, request: ask.CreateUser, call: Call) -> ask.UserCreated:
        details = UserRegistered(request.user_id, request.email, request.address)
        await self.decide(CreateUser(_stream(request.user_id), details))
        return ask.UserCreated(request.user_id)

    @handles(ask.UpdateUser)
    async def update(self, request: ask.UpdateUser, call: Call) -> ask.UserChanged:
        details = UserUpdated(request.user_id, request.email, request.address)
        stream = _stream(request.user_id)
        done = await self.decide(UpdateUser(stream, details))
        version = done.versions.get(stream) or len(await self.store.read(stream))
        return ask.UserChanged(request.user_id, version)


def _stream(user_id: str) -> StreamId:
    return named("user", user_id)
