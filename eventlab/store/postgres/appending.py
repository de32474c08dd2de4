"""An append as the server takes it, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import TYPE_CHECKING

import msgspec
import psycopg

from ...codec import Encoded
from ...errors import ArchivedStreamError, CommandIdReused, EventlabError, VersionConflict
from ..fingerprint import fingerprint_of
from ..metadata import Metadata, to_json
from ..model import ANY, EXISTS, NONE, Expect, Expectation, Receipt
from .connecting import BINARY, TEXT, Parameter, Statement
from .encoding import BIGINT as BIGINTS
from .encoding import BYTEA, INTEGER, UUID, bigints_from, to_array, to_bigint, to_integer, to_moment
from .encoding import TEXT as TEXTS
from .functions import ANY_VERSION, ARCHIVED_STREAM, CONFLICT, REUSED, SOME_VERSION

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from ...runtime import Runtime

# Texts travel in binary: as text, they would end at their first \0, silently.
# The answer as one value, a row: to scan a function for its rows costs the server as much as two of its statements.
_ONE = Statement(
    "append_one",
    "SELECT eventlab_append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    [BINARY, TEXT, BINARY, BINARY, TEXT, BINARY, BINARY, BINARY, BINARY, BINARY],
    BINARY,
)
_MANY = Statement(
    "append",
    "SELECT * FROM eventlab_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    [BINARY, BINARY, TEXT, *[BINARY] * 9],
    BINARY,
)

_VERSIONS: Mapping[Expect, int] = {NONE: 0, ANY: ANY_VERSION, EXISTS: SOME_VERSION}
_row_from = Struct(">i Iiq Iiq Ii?").unpack
"""A row of two bigints and a boolean: how many they are, and of each its type, its length and itself."""

_stale_from_json = msgspec.json.Decoder(list[tuple[str, int]]).decode
_archived_from_json = msgspec.json.Decoder(tuple[str, int]).decode


class Append:
    """An append that is ready to be sent: checked, encoded and stamped."""

    __slots__ = ("_common", "command_id", "encoded", "expect", "parameters", "statement", "streams")

    def __init__(
        self,
        runtime: Runtime,
        encoded: list[tuple[str, Encoded]],
        expect: dict[str, Expectation],
        command_id: str | None,
        metadata: Metadata,
    ) -> None:
        self.encoded, self.expect, self.command_id = encoded, expect, command_id
        mark = None if command_id is None else fingerprint_of(command_id, encoded)
        common: tuple[Parameter, ...] = (
            to_json(metadata),
            to_moment(runtime.now()),
            None if command_id is None else command_id.encode(),
            mark,
        )
        self._common = common
        self.statement: Statement
        self.parameters: tuple[Parameter, ...]
        if len(encoded) == 1 and (not expect or (len(expect) == 1 and encoded[0][0] in expect)):
            self.streams = [encoded[0][0]]
            self.statement, self.parameters = _ONE, (*self._one(runtime), *common)
        else:
            self.streams = list(dict.fromkeys(name for name, _ in encoded))
            self.statement, self.parameters = _MANY, (*self._many(runtime), *common)

    def ask_in_full(self, runtime: Runtime) -> bool:
        """Ask the function that tells every stale stream from now on; False if it was that one already."""
        if self.statement is _MANY:
            return False
        self.statement, self.parameters = _MANY, (*self._many(runtime), *self._common)
        return True

    def _one(self, runtime: Runtime) -> tuple[Parameter, ...]:
        name, event = self.encoded[0]
        expected = _version(self.expect[name]) if self.expect else ANY_VERSION
        return (
            name.encode(),
            b"%d" % expected,
            runtime.new_ids(1)[0],
            event.type.encode(),
            b"%d" % event.schema_version,
            event.data,
        )

    def _many(self, runtime: Runtime) -> tuple[Parameter, ...]:
        places = {name: place for place, name in enumerate(self.streams, 1)}
        named = list(dict.fromkeys([*self.streams, *self.expect]))
        events = [event for _, event in self.encoded]
        return (
            to_array(TEXTS, [name.encode() for name in named]),
            to_array(BIGINTS, [to_bigint(_version(self.expect.get(name, ANY))) for name in named]),
            b"%d" % len(self.streams),
            to_array(INTEGER, [to_integer(places[name]) for name, _ in self.encoded]),
            to_array(UUID, runtime.new_ids(len(events))),
            to_array(TEXTS, [event.type.encode() for event in events]),
            to_array(INTEGER, [to_integer(event.schema_version) for event in events]),
            to_array(BYTEA, [event.data for event in events]),
        )

    def receipt(self, answer: PGresult) -> Receipt:
        """What the server wrote, or had written before."""
        first = answer.get_value(0, 0) or b""
        if self.statement is _ONE:
            *_, position, _, _, version, _, _, again = _row_from(first)
            return Receipt((position,), {self.streams[0]: version}, again)
        versions = bigints_from(answer.get_value(0, 1) or b"")
        repeated = answer.get_value(0, 2) == b"\x01"
        return Receipt(tuple(bigints_from(first)), dict(zip(self.streams, versions, strict=True)), repeated)

    def refused(self, error: psycopg.Error) -> EventlabError | None:
        """The error that our own function raised; None if the trouble is another."""
        code, facts = error.sqlstate, error.diag.message_detail or ""
        if code == CONFLICT:
            actual = dict(_stale_from_json(facts))
            return VersionConflict(
                [
                    (name, value.name if isinstance(value, Expect) else value, actual[name])
                    for name, value in self.expect.items()
                    if name in actual
                ]
            )
        if code == ARCHIVED_STREAM:
            return ArchivedStreamError(*_archived_from_json(facts))
        if code == REUSED:
            return CommandIdReused(str(self.command_id))
        return None

    def lines(self, receipt: Receipt) -> tuple[tuple[str, int, str], ...]:
        """What hooks tell of each event: stream, version, type."""
        versions = dict(receipt.versions)
        for name, _ in self.encoded:
            versions[name] -= 1
        lines = []
        for name, event in self.encoded:
            versions[name] += 1
            lines.append((name, versions[name], event.type))
        return tuple(lines)


def _version(expected: Expectation) -> int:
    return _VERSIONS[expected] if isinstance(expected, Expect) else expected


__all__: Sequence[str] = ["Append"]
