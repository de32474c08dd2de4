"""Leases: one holder at a time, for a while, and a number that unmasks whoever was overtaken.

Time decides only when somebody else may take over. Whether a holder still is
one is decided by its token, in the same compare-and-set that writes: a clock
that is wrong, or a process that slept, costs time and never correctness.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from .. import hooks
from ..codec.encoded import is_storable
from ..errors import InvalidValue, LeaseHeld, LeaseLost, VersionConflict
from ..errors.given import check_seconds
from ..runtime import now
from .protocol import EventStore
from .records import Record

KIND: Final = "lease"
NOBODY: Final = ""


class Lease(msgspec.Struct, frozen=True):
    """Who holds *key*, until when, under which fencing *token*, and the small *value* that it carries.

    *owner* is empty once it was released. Renewing and writing give a new one,
    but an earlier one of the same token serves as well.
    """

    key: str
    owner: str
    token: int
    expires_at: datetime
    value: Any
    version: int

    @property
    def remaining_s(self) -> float:
        """For how long it is still held, by the clock of this node; 0 when it is free."""
        return max(0.0, (self.expires_at - now()).total_seconds()) if self.owner else 0.0


class _Kept(msgspec.Struct, frozen=True):
    """A lease as its record holds it."""

    owner: str
    token: int
    expires_at: datetime
    value: Any = None


class Leases:
    """The leases of a store, among its records."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def acquire(self, key: str, *, owner: str, ttl_s: float) -> Lease:
        """Take the lease for *ttl_s* seconds. Raises LeaseHeld, with the time that is left, if somebody else has it.

        Every acquisition has a larger token than any before, also after a
        release, and also when *owner* has the lease already: the name may be
        that of a process that was started anew, and its earlier life must be
        refused like any other. Who wants to keep a lease renews it.
        """
        _check_owner(owner)
        while True:
            record = await self._store.records.get(KIND, key)
            token, value = 0, None
            if record is not None:
                held = _lease(record)
                if held.owner != owner and (remaining_s := held.remaining_s) > 0:
                    raise LeaseHeld(key, held.owner, remaining_s)
                token, value = held.token, held.value
            kept = _Kept(owner, token + 1, _after(ttl_s), value)
            try:
                lease = await self._put(key, kept, 0 if record is None else record.version)
            except VersionConflict:
                continue  # somebody else was faster, and is found there now
            self._tell(lease, "acquired")
            return lease

    async def renew(self, lease: Lease, *, ttl_s: float) -> Lease:
        """Hold it for *ttl_s* seconds from now, also when its time was over and nobody came. Raises LeaseLost."""
        until = _after(ttl_s)
        return await self._change(lease, lambda kept: msgspec.structs.replace(kept, expires_at=until))

    async def write(self, lease: Lease, value: Any, *, ttl_s: float | None = None) -> Lease:
        """Let the lease carry *value*, something small that JSON can hold; with *ttl_s* renew it as well.

        Nothing is written, and LeaseLost is raised, if somebody else has taken
        it over: checking and writing are one step.
        """
        changes = {"value": value} if ttl_s is None else {"value": value, "expires_at": _after(ttl_s)}
        return await self._change(lease, lambda kept: msgspec.structs.replace(kept, **changes))

    async def release(self, lease: Lease) -> None:
        """Give it back, so that anybody may take it at once; its value and its token stay. Raises LeaseLost."""
        free = await self._change(lease, lambda kept: msgspec.structs.replace(kept, owner=NOBODY, expires_at=now()))
        self._tell(msgspec.structs.replace(free, owner=lease.owner), "released")

    async def get(self, key: str) -> Lease | None:
        """The lease as it is kept, held or not; None if nobody ever had it."""
        record = await self._store.records.get(KIND, key)
        return None if record is None else _lease(record)

    async def all(self, prefix: str = "") -> list[Lease]:
        """Every lease whose key begins with *prefix*, held or not, in the order of the keys."""
        return [_lease(record) for record in await self._store.records.list(KIND, prefix=prefix)]

    async def forget(self, lease: Lease) -> None:
        """Remove it altogether, and with it the count of its tokens: only where nothing was ever fenced by them.

        Nothing happens if it has changed since it was read.
        """
        with suppress(VersionConflict):
            await self._store.records.delete(KIND, lease.key, version=lease.version)

    async def _change(self, lease: Lease, change: Callable[[_Kept], _Kept]) -> Lease:
        if not isinstance(lease, Lease):
            raise InvalidValue("lease", lease, "one that was acquired")
        kept, version = _Kept(lease.owner, lease.token, lease.expires_at, lease.value), lease.version
        while True:
            try:
                return await self._put(lease.key, change(kept), version)
            except VersionConflict:
                pass
            # Changed since: by the holder itself, as when one task renews and another writes, or by somebody else.
            found = await self.get(lease.key)
            if found is None or (found.owner, found.token) != (lease.owner, lease.token):
                self._tell(lease, "lost")
                raise LeaseLost(lease.key, lease.owner, lease.token, 0 if found is None else found.token)
            kept, version = _Kept(found.owner, found.token, found.expires_at, found.value), found.version

    async def _put(self, key: str, kept: _Kept, version: int) -> Lease:
        try:
            encoded = msgspec.json.encode(kept)
        except (TypeError, ValueError) as error:
            raise InvalidValue(
                f"value of lease {key!r}", kept.value, f"something that JSON can hold: {error}"
            ) from None
        record = await self._store.records.put(KIND, key, encoded, version=version)
        return _lease(record)

    def _tell(self, lease: Lease, change: str) -> None:
        if hooks.listening:
            hooks.emit(hooks.LeaseChanged(self._store.name, lease.key, lease.owner, lease.token, change))


def _lease(record: Record) -> Lease:
    kept = msgspec.json.decode(record.value, type=_Kept)
    return Lease(record.key, kept.owner, kept.token, kept.expires_at, kept.value, record.version)


def _check_owner(owner: str) -> None:
    """Refuse what is no name; a number would be kept, and nobody could read the lease again."""
    name: object = owner
    if not (isinstance(name, str) and name and is_storable(name)):
        raise InvalidValue("owner of a lease", owner, "a name")


def _after(ttl_s: float) -> datetime:
    check_seconds("ttl_s", ttl_s)
    try:
        return now() + timedelta(seconds=ttl_s)
    except OverflowError:
        raise InvalidValue("ttl_s", ttl_s, "a number of seconds that ends before the calendar does") from None
