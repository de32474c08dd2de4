"""What a command id stands for: a digest of the events that were written under it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from ..codec import Encoded


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
