"""An append on its way to the database, and what may become of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from ...errors import EventlabError
from ..model import Expectation, Receipt


class Append(msgspec.Struct):
    """An append as it waits: everything is encoded, checked and stamped, but not yet compared with the streams.

    *events* are ``(stream, id, type, schema version, data)``.
    """

    events: list[tuple[str, bytes, str, int, bytes]]
    expect: dict[str, Expectation]
    metadata: bytes
    occurred_at: str
    command_id: str | None
    fingerprint: bytes

    def lines(self, receipt: Receipt) -> tuple[tuple[str, int, str], ...]:
        """What hooks tell of each event: stream, version, type."""
        versions: dict[str, int] = {}
        lines = []
        for stream, _, type_, _, _ in reversed(self.events):
            version = versions[stream] = versions.get(stream, receipt.versions[stream] + 1) - 1
            lines.append((stream, version, type_))
        return tuple(reversed(lines))


class Busy(EventlabError):
    """Another connection is writing. Nothing happened; the store tries again, and nobody else sees this."""


Outcome: TypeAlias = Receipt | Exception
Commit: TypeAlias = Callable[[Sequence[Append]], list[Outcome]]
