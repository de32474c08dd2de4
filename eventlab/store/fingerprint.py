"""What a command id stands for: a digest of the events that were written under it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from ..codec import Encoded
from .naming import check_command_id


def fingerprint(events: Iterable[tuple[str, Encoded]]) -> bytes:
    """The same for the same events on the same streams in the same order, and for nothing else."""
    digest = blake2b(digest_size=16)
    for stream, encoded in events:
        name = f"{stream}\0{encoded.type}\0{encoded.schema_version}".encode()
        # Lengths first: otherwise two events might read like one.
        digest.update(b"%d:%d:" % (len(name), len(encoded.data)))
        digest.update(name)
        digest.update(encoded.data)
    return digest.digest()


def fingerprint_of(command_id: str, events: Iterable[tuple[str, Encoded]]) -> bytes:
    """The fingerprint that is kept under *command_id*. Raises InvalidValue for what is no command id."""
    check_command_id(command_id)
    return fingerprint(events)
