"""Records in a table beside the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

from ..records import Record, check_asked, check_record, conflict
from .connecting import BINARY, TEXT, Parameter, Session, Statement
from .encoding import from_bigint

T = TypeVar("T")
Arguments: TypeAlias = list[Parameter]
Found: TypeAlias = list[Record]

_GET = Statement(
    "record_get", "SELECT kind, key, version, value FROM records WHERE kind = $1 AND key = $2", [BINARY] * 2, BINARY
)
_INSERT = Statement(
    "record_insert",
    "INSERT INTO records (kind, key, version, value) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING RETURNING version",
    [BINARY] * 3,
)
_UPDATE = Statement(
    "record_update",
    "UPDATE records SET version = version + 1, value = $3 WHERE kind = $1 AND key = $2 AND version = $4 RETURNING key",
    [BINARY, BINARY, BINARY, TEXT],
)
_DELETE = Statement(
    "record_delete",
    "DELETE FROM records WHERE kind = $1 AND key = $2 AND version = $3 RETURNING key",
    [BINARY, BINARY, TEXT],
)
_LIST = Statement(
    "record_list",
    "SELECT kind, key, version, value FROM records WHERE kind = $1 AND starts_with(key, $2) ORDER BY key",
    [BINARY] * 2,
    BINARY,
)


class Run(Protocol):
    """Runs what is asked of a connection."""

    async def __call__(self, ask: Callable[[Session], Awaitable[T]]) -> T: ...


class PostgresRecords:
    """Each change is a statement of its own, and so a transaction of its own.

    A connection that is lost meanwhile raises AppendUnknown for a change:
    reading the record tells. `get` and `list` are asked again by themselves.
    """

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def get(self, kind: str, key: str) -> Record | None:
        found = await self._select(_GET, kind, key)
        return found[0] if found else None

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        check_record(kind, key, version, value)
        arguments: Arguments = [kind.encode(), key.encode(), bytes(value)]
        if version == 0:
            changed = await self._change(_INSERT, arguments)
        else:
            changed = await self._change(_UPDATE, [*arguments, b"%d" % version])
        if not changed:
            raise await self._conflict(kind, key, version)
        return Record(kind, key, version + 1, value)

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        check_record(kind, key, version)
        deleted = await self._change(_DELETE, [kind.encode(), key.encode(), b"%d" % version])
        if not deleted and (version or await self.get(kind, key) is not None):
            raise await self._conflict(kind, key, version)

    async def list(self, kind: str, *, prefix: str = "") -> Found:
        return await self._select(_LIST, kind, prefix)

    async def _select(self, statement: Statement, kind: str, key: str) -> Found:
        check_asked(kind, key)

        async def ask(session: Session) -> Found:
            answer = await session.ask(statement, [kind.encode(), key.encode()])
            rows = [[answer.get_value(row, at) or b"" for at in range(4)] for row in range(answer.ntuples)]
            return [Record(row[0].decode(), row[1].decode(), from_bigint(row[2])[0], row[3]) for row in rows]

        return await self._read(ask)

    async def _change(self, statement: Statement, arguments: Arguments) -> bool:
        async def ask(session: Session) -> bool:
            return (await session.ask(statement, arguments)).ntuples == 1

        return await self._write(ask)

    async def _conflict(self, kind: str, key: str, version: int) -> Exception:
        found = await self.get(kind, key)
        return conflict(kind, key, version, 0 if found is None else found.version)
