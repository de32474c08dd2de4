"""States kept beside the log, so that not every event of a long stream has to be folded each time.

A kept state is a memory of what a fold came to, and may be dropped at any
time. So it is only believed while everything is as it was: the type of the
state, the versions and upcasters of the events that were folded, and the
stream itself, up to the event that was folded last. Otherwise it is passed
over, and replaced when it is time.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from ..codec import EVENTS
from ..errors import InvalidValue
from .model import StoredEvent, StreamId
from .records import Records

S = TypeVar("S")

KIND = "snapshot"
"""The kind of the records."""


class StateShape(Generic[S]):
    """How states of one kind become JSON and come back.

    *name* is what they are kept under, *version* what their maker counts, and *fold* tells whose they are.
    Raises InvalidValue for a type that JSON cannot hold.
    """

    def __init__(self, name: str, state_type: type[S] | Any, *, version: int = 1, fold: str = "") -> None:
        self.name = name
        wanted = "a dataclass, a msgspec.Struct or a built-in type that JSON can hold"
        try:
            schema = msgspec.json.schema(state_type, schema_hook=_schema_of_own)
            self._from_json = msgspec.json.Decoder(state_type, dec_hook=_from_plain).decode
        except Exception as error:  # msgspec resolves annotations here, and those can raise anything
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise InvalidValue("type of a state", state_type, f"{wanted} ({reason})") from None
        whole = msgspec.json.encode([schema, version, fold], order="deterministic")
        self.digest = hashlib.sha256(whole).hexdigest()[:32]
        """Another type, version or fold has another one."""

    def encode(self, state: S) -> bytes:
        """*state* as JSON. Raises InvalidValue for one that would not come back as it is."""
        try:
            data = _to_json(state)
            back = self._from_json(data)
        except (msgspec.MsgspecError, TypeError, ValueError, NotImplementedError, RecursionError) as error:
            raise InvalidValue(f"state of {self.name}", state, f"what its type says: {error}") from None
        if not _alike(state, back):
            raise InvalidValue(
                f"state of {self.name}", state, f"what comes back from JSON as it went; this is {back!r}"
            )
        return data

    def decode(self, data: bytes) -> S:
        state: S = self._from_json(data)
        return state


class KeptState(msgspec.Struct, frozen=True):
    """A state as it is stored: of the stream up to *version*, which is the event *last*, in JSON."""

    version: int
    last: UUID
    digest: str
    lineages: dict[str, str]
    state: msgspec.Raw


class Found(msgspec.Struct, Generic[S], frozen=True):
    """What is kept of a stream: a *state* after *version* events, if that can still be believed.

    *record* is the version of the record, 0 where there is none.
    """

    record: int = 0
    version: int = 0
    last: UUID | None = None
    state: S | None = None
    types: tuple[str, ...] = ()
    believed: bool = False

    def continued_by(self, events: Sequence[StoredEvent]) -> bool:
        """Whether *events*, read after ``version - 1``, go on where the state ends.

        They do not if the stream is shorter than it was or another one, as after a backup was restored.
        """
        return bool(events) and events[0].version == self.version and events[0].id == self.last


class Snapshots(Generic[S]):
    """The kept states of one shape, by stream."""

    def __init__(self, records: Records, shape: StateShape[S]) -> None:
        self._records, self._shape = records, shape

    async def find(self, stream: StreamId) -> Found[S]:
        """What is kept of *stream*."""
        record = await self._records.get(KIND, self._key(stream))
        if record is None:
            return Found()
        try:
            kept = _kept_from_json(record.value)
            if kept.digest != self._shape.digest or kept.lineages != lineages_of(kept.lineages):
                return Found(record.version, kept.version)
            state = self._shape.decode(bytes(kept.state))
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
            return Found(record.version)  # whatever it is, it is no state of ours
        return Found(record.version, kept.version, kept.last, state, tuple(kept.lineages), believed=True)

    async def keep(
        self, stream: StreamId, state: bytes, last: StoredEvent, lineages: dict[str, str], over: Found[S]
    ) -> None:
        """Keep *state* as its shape encodes it, folded up to the event *last*, in the place of what was *over* found.

        *lineages* are those of the events' types when they were folded. Raises VersionConflict if another
        one was kept meanwhile.
        """
        kept = KeptState(last.version, last.id, self._shape.digest, lineages, msgspec.Raw(state))
        await self._records.put(KIND, self._key(stream), msgspec.json.encode(kept), version=over.record)

    async def drop(self, stream: StreamId, found: Found[S]) -> None:
        """Remove what was *found*. Raises VersionConflict if another one was kept meanwhile."""
        await self._records.delete(KIND, self._key(stream), version=found.record)

    def _key(self, stream: StreamId) -> str:
        return f"{self._shape.name}|{stream}"


def lineages_of(types: Iterable[str]) -> dict[str, str]:
    """What is known of each event type now; see `EventRegistry.lineage`."""
    return {name: EVENTS.lineage(name) for name in sorted(types)}


def _own_to_plain(value: Any) -> str:
    if isinstance(value, StreamId):
        return str(value)
    raise NotImplementedError(f"no way to keep a {type(value).__qualname__}")


def _from_plain(kind: type, value: Any) -> Any:
    if kind is StreamId:
        return StreamId(value)
    raise NotImplementedError(f"no way back to a {kind.__qualname__}")


def _schema_of_own(kind: type) -> dict[str, Any]:
    if kind is StreamId:
        return {"type": "string"}
    raise NotImplementedError(f"no way to keep a {kind.__qualname__}")


_to_json = msgspec.json.Encoder(enc_hook=_own_to_plain).encode
_kept_from_json = msgspec.json.Decoder(KeptState).decode


def _alike(one: Any, other: Any) -> bool:
    """Whether two states are equal, and of the same types all the way down.

    A dict that counts by itself equals a plain one, but a fold that goes on with it decides otherwise.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return len(one) == len(other) and all(
            _alike(mine, theirs)
            for pair in zip(one.items(), other.items(), strict=True)
            for mine, theirs in zip(*pair, strict=True)
        )
    if isinstance(one, AbstractSet):
        return bool(one == other) and {type(each) for each in one} == {type(each) for each in other}
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_alike, one, other))
    names = _field_names(one)
    if names is None:
        return bool(one == other)
    return all(_alike(getattr(one, name, None), getattr(other, name, None)) for name in names)


def _field_names(value: Any) -> Sequence[str] | None:
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    return [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else None
