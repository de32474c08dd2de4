"""What a store is asked for, looked at before any database is: each refuses the same, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from ..codec.encoded import is_storable
from ..errors import InvalidStreamId, InvalidValue
from .naming import NUMBER_MAX


def check_position(after: int) -> None:
    """Refuse what is no position or version to begin after."""
    if not _is_within(after, 0):
        raise _wrong("after", after)


def check_page(after: int, limit: int) -> None:
    """Refuse a page that starts before the beginning or holds nothing."""
    check_position(after)
    if not _is_within(limit, 1):
        raise _wrong("limit", limit)


def check_until(until: int) -> None:
    """Refuse what is no position to end at."""
    if not _is_within(until, 0):
        raise _wrong("until", until)


def window_of(
    plain: Callable[[str], str],
    stream: str,
    after: int,
    to: int | None,
    at: datetime | None,
    backwards: bool,
    limit: int | None,
) -> str:
    """The *plain* name of the stream. Refuses a part of it that has no beginning, no end or no place in time."""
    if not _is_within(after, 0):
        raise _wrong("after", after)
    if limit is not None and not _is_within(limit, 1):
        raise _wrong("limit", limit)
    if to is not None and not _is_within(to, 0):
        raise _wrong("to", to)
    if at is not None and not is_moment(at):
        raise InvalidValue("at", at, "an aware moment, as datetime(…, tzinfo=UTC)")
    said: object = backwards
    if said is not False and said is not True:
        raise InvalidValue("backwards", backwards, "True or False")
    try:
        return plain(stream)
    except TypeError:  # it is not even hashable
        raise InvalidStreamId(repr(stream), "a name is text") from None


def plain_names(streams: Sequence[str], plain: Callable[[str], str]) -> list[str]:
    """The *plain* names of *streams*. Raises InvalidValue for what holds none, as a name alone, which is letters."""
    if not isinstance(streams, str):
        try:
            return [plain(stream) for stream in streams]
        except TypeError:
            pass
    raise InvalidValue("streams to read", streams, "a sequence of names, as ['order-17', 'stock-3']")


def beginnings(after: Mapping[str, int] | None, plain: Callable[[str], str]) -> dict[str, int]:
    """After which version to begin with which stream, by plain names."""
    if not after:
        return {}
    if not isinstance(after, Mapping):
        raise InvalidValue("after", after, "a mapping of streams to the version after which each begins")
    begin = {plain(name): version for name, version in after.items()}
    for version in begin.values():
        check_position(version)
    return begin


def check_receipts(after: str, limit: int) -> None:
    """Refuse a page of receipts that begins after no command id, or holds nothing."""
    text: object = after
    if not (isinstance(text, str) and is_storable(text)):
        raise InvalidValue("after", after, "a command id, or '' to begin with the first")
    check_page(0, limit)


def _wrong(name: str, number: object) -> InvalidValue:
    return InvalidValue(name, number, "1 or more" if name == "limit" else "a number from 0 on")


def _is_within(number: object, least: int) -> bool:
    return isinstance(number, int) and least <= number <= NUMBER_MAX


def is_moment(at: object) -> bool:
    """Whether it is a moment in UTC, too: the first and the last of the calendar need not be."""
    try:
        return isinstance(at, datetime) and at.tzinfo is not None and at.astimezone(UTC) is not None
    except OverflowError:
        return False
