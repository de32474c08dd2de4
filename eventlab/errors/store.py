"""What can go wrong with streams and their store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .base import GiveUp, Retriable, UnknownOutcome


class VersionConflict(Retriable):
    """One or more streams are not at the version that the writer had read.

    *conflicts* holds ``(stream, expected, actual)`` for every stale stream;
    *expected* is a version, or the name of an expectation.
    """

    def __init__(self, conflicts: Sequence[tuple[str, int | str, int]]) -> None:
        super().__init__(conflicts)
        self.conflicts = tuple(conflicts)

    _of = "stream"

    def __str__(self) -> str:
        return "; ".join(
            f"{self._of} {name!r} is at version {at}, expected {want}" for name, want, at in self.conflicts
        )


class RecordConflict(VersionConflict):
    """A record is not at the version that the writer had read. Its name in *conflicts* is ``kind/key``."""

    _of = "record"


class StoreBusy(Retriable):
    """Another writer held the database for longer than this one may wait."""

    def __init__(self, url: str, waited_s: float) -> None:
        super().__init__(url, waited_s)
        self.url, self.waited_s = url, waited_s

    def __str__(self) -> str:
        return f"{self.url} stayed locked by another writer for {self.waited_s:g} s; nothing was written"


class InvalidStreamId(GiveUp, ValueError):
    """Not a name for a stream."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text, self.reason = text, reason

    def __str__(self) -> str:
        return f"{self.text!r} cannot name a stream: {self.reason}"


class ForeignStreamError(GiveUp):
    """A command declares a stream of another service. Ask that service, or keep a local copy."""

    def __init__(self, owner: str, stream: str, owned: Iterable[str]) -> None:
        super().__init__(owner, stream, tuple(owned))
        self.owner, self.stream, self.owned = owner, stream, tuple(owned)

    def __str__(self) -> str:
        return (
            f"{self.owner} does not own stream {self.stream!r}; it owns the categories "
            f"{', '.join(self.owned) or '(none)'}: call the service that owns it, or keep a local copy"
        )


class CommandIdReused(GiveUp):
    """The same command id came with other events than the first time."""

    def __init__(self, command_id: str) -> None:
        super().__init__(command_id)
        self.command_id = command_id

    def __str__(self) -> str:
        return f"command id {self.command_id!r} was used before for different events"


class UnknownEventType(GiveUp):
    """No event is registered under that name and schema version; version 0 stands for a class without any."""

    def __init__(self, type_name: str, schema_version: int, where: str = "") -> None:
        super().__init__(type_name, schema_version, where)
        self.type_name, self.schema_version, self.where = type_name, schema_version, where

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        if not self.schema_version:
            return f"{self.type_name!r}{place} is no registered event; put @event(name) above its class"
        return f"no event is registered as {self.type_name!r} version {self.schema_version}{place}"


class UndecodableEvent(GiveUp):
    """Stored bytes do not fit the event that is registered for them."""

    def __init__(self, type_name: str, reason: str, where: str = "") -> None:
        super().__init__(type_name, reason, where)
        self.type_name, self.reason, self.where = type_name, reason, where

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"event {self.type_name!r}{place} cannot be decoded: {self.reason}"


class EventDamaged(GiveUp):
    """The bytes of a stored event are not those that were written: its checksum does not fit."""

    def __init__(self, store: str, position: int, stream: str, version: int, expected: int, found: int) -> None:
        super().__init__(store, position, stream, version, expected, found)
        self.store, self.position, self.stream, self.version = store, position, stream, version
        self.expected, self.found = expected, found

    def __str__(self) -> str:
        return (
            f"the event at position {self.position} of {self.store}, stream {self.stream!r} version {self.version}, "
            f"is damaged: its checksum is {self.found:08x}, and {self.expected:08x} was written"
        )


class StoreFailed(GiveUp):
    """The database refused for good: it is full, read-only, corrupt or of a newer schema."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class AppendUnknown(UnknownOutcome):
    """The connection was lost while committing. The receipt of the command id tells which it was."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; whether the events were written is unknown"


class HandlerCancelled(UnknownOutcome):
    """Something that a handler waited for was cancelled, while the worker that called the handler was not."""

    def __init__(self, group: str, position: int) -> None:
        super().__init__(group, position)
        self.group, self.position = group, position

    def __str__(self) -> str:
        return (
            f"the handler of group {self.group!r} ended with a CancelledError at position {self.position}, though "
            f"nobody cancelled the worker: something that it waited for was; whether its work is done is unknown"
        )


class StoreUnavailable(Retriable):
    """The database server was not reached, or went away before anything was asked of it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"{self.url} was not reached: {self.reason}; nothing was written"


class ArchivedStreamError(GiveUp):
    """An append to a stream that was archived. It can be read, and is never written again."""

    def __init__(self, stream: str, version: int) -> None:
        super().__init__(stream, version)
        self.stream, self.version = stream, version

    def __str__(self) -> str:
        return f"stream {self.stream!r} was archived at version {self.version}: it can be read, but not appended to"


class SchemaOutdated(StoreFailed):
    """The tables are missing or older than this program needs, and are not changed without being asked."""

    def __init__(self, url: str, found: int, needed: int) -> None:
        has = f"its tables have version {found}" if found else "it has no tables of eventlab yet"
        super().__init__(url, f"{has}, and this program needs version {needed}; run: eventlab store migrate {url}")
        self.args = (url, found, needed)
        self.found, self.needed = found, needed


class SchemaTooNew(StoreFailed):
    """The tables were made by a newer program. Opening them might damage them, so it is refused."""

    def __init__(self, url: str, found: int, known: int) -> None:
        super().__init__(
            url, f"its tables have version {found}, newer than {known}, the newest that this program knows; update it"
        )
        self.args = (url, found, known)
        self.found, self.known = found, known


class ExportInvalid(GiveUp, ValueError):
    """A line of an export that cannot be taken in. Neither it nor any later line was written."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        super().__init__(source, line, reason)
        self.source, self.line, self.reason = source, line, reason

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.reason}"
