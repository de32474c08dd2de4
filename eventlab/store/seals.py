"""Personal values in the JSON of an event, sealed and opened.

In the place of each stands what its field declares for after the erasure; the
sealed value stands in a list beside the fields, with its place and its
subject::

    {"customer": "c-17", "email": "(erased)",
     "eventlab.sealed": [{"at": ["email"], "subject": "c-17", "sealed": "…base64…"}]}

So the log is plain JSON that decodes with or without keys, whatever becomes of
the classes that wrote it. The cipher is AES-SIV (RFC 5297): the same value is
sealed to the same bytes, so that a command that is repeated is recognised;
type, place and subject are authenticated, so that no value can be moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from ..codec import EVENTS, Encoded
from ..codec.personal import SEALED, Plan, Spot, spots
from ..errors import InvalidValue

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_MARK = f'"{SEALED}":'.encode()


class SealedValue(msgspec.Struct, frozen=True):
    """A sealed value: where it stood, and about whom it tells."""

    at: tuple[str | int, ...]
    subject: str
    sealed: bytes


class _Beside(msgspec.Struct, rename={"sealed": SEALED}):
    sealed: list[SealedValue] = []


_beside = msgspec.json.Decoder(_Beside).decode


def sealed_values(data: bytes) -> list[SealedValue]:
    """What is sealed in the *data* of an event."""
    if _MARK not in data:
        return []
    try:
        return _beside(data).sealed
    except msgspec.MsgspecError:
        return []  # text that only looks like it; whoever decodes the event is told


class Sealing:
    """One event about to be sealed: first its *subjects* are to be known, then their keys."""

    def __init__(self, encoded: Encoded, plan: Plan) -> None:
        self._encoded = encoded
        self._plain = _object(encoded)
        self._kept = sealed_values(encoded.data)
        done = {value.at for value in self._kept}
        self._open = [spot for spot in spots(plan, self._plain) if spot.path not in done]
        self.subjects = {_subject(encoded.type, spot) for spot in self._open}

    def sealed(self, keys: Mapping[str, bytes]) -> Encoded:
        """The event with each personal value sealed by the key of its subject."""
        if not self._open:
            return self._encoded
        values = list(self._kept)
        for spot in self._open:
            subject = _subject(self._encoded.type, spot)
            bound = _bound(self._encoded.type, spot.path, subject)
            whole = _cipher(keys[subject]).encrypt(_to_json(spot.holder[spot.key]), bound)
            values.append(SealedValue(spot.path, subject, whole))
            spot.holder[spot.key] = spot.erased
        data = _to_json({**self._plain, SEALED: values})
        return Encoded(self._encoded.type, self._encoded.schema_version, data)


def sealing_of(encoded: Encoded) -> Sealing | None:
    """How *encoded* is sealed; None for what has nothing personal in it."""
    plan = EVENTS.plan(encoded.type, encoded.schema_version)
    if plan is not None:
        return Sealing(encoded, plan)
    if EVENTS.is_personal(encoded.type) and not sealed_values(encoded.data):
        wanted = "a registered one: where its personal fields are is unknown, and they would be stored in the clear"
        raise InvalidValue(f"schema version of event {encoded.type}", encoded.schema_version, wanted)
    return None


class BrokenSeal(Exception):
    """A sealed value that its subject's key does not open."""


def opened(type_name: str, data: bytes, values: list[SealedValue], keys: Mapping[str, bytes]) -> bytes:
    """*data* with every value in its place whose key is there; the others stay sealed. Raises BrokenSeal."""
    plain = _from_json(data)
    left = []
    for value in values:
        if value.subject not in keys:
            left.append(value)
            continue
        try:
            whole = _cipher(keys[value.subject]).decrypt(value.sealed, _bound(type_name, value.at, value.subject))
            *way, last = value.at
            holder = plain
            for step in way:
                holder = holder[step]
            holder[last] = _from_json(whole)
        except (_invalid_tag(), ValueError, LookupError, TypeError) as error:
            place = ".".join(map(str, value.at))
            raise BrokenSeal(f"the key of subject {value.subject!r} does not open {place!r}") from error
    del plain[SEALED]
    return _to_json({**plain, SEALED: left} if left else plain)


def showing_seals(data: bytes, shown: str = "(sealed)") -> bytes:
    """*data* for people: *shown* in the place of what is sealed, which is not to be taken for erased."""
    values = sealed_values(data)
    if not values:
        return data
    plain = _from_json(data)
    del plain[SEALED]
    for value in values:
        with suppress(LookupError, TypeError, ValueError):  # somebody changed it; what is there is shown
            *way, last = value.at
            holder = plain
            for step in way:
                holder = holder[step]
            holder[last] = shown
    return _to_json(plain)


def check_cipher() -> None:
    """Raise InvalidValue if the library that seals is not installed."""
    try:
        _cipher(bytes(64))
    except ImportError as error:
        raise InvalidValue("keys", "given", "cryptography: pip install 'eventlab[privacy]'") from error


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # an extra: only sealed stores need it

    return AESSIV(key)


def _invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag


def _bound(type_name: str, path: tuple[str | int, ...], subject: str) -> list[bytes]:
    """What is authenticated with a value, though it stands beside it in the clear."""
    return [type_name.encode(), _to_json(path), subject.encode()]


def _object(encoded: Encoded) -> dict[str, Any]:
    try:
        plain = _from_json(encoded.data)
    except msgspec.MsgspecError:
        plain = None
    if not isinstance(plain, dict):
        raise InvalidValue(f"event {encoded.type}", encoded.data[:20], "a JSON object: it has personal fields to seal")
    plain.pop(SEALED, None)
    return plain


def _subject(type_name: str, spot: Spot) -> str:
    if isinstance(spot.subject, bool) or not isinstance(spot.subject, (str, int)) or spot.subject == "":
        place = ".".join(map(str, spot.path))
        raise InvalidValue(f"subject of {place!r} in event {type_name}", spot.subject, "the id of a person")
    return str(spot.subject)
