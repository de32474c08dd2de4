"""``eventlab saga retry|skip|resolve|compensate|cancel``: doing something about a saga, with who and why."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from ..errors import (
    ArchivedStreamError,
    InvalidValue,
    SagaVerbRefused,
    UnknownEventType,
    UnknownSaga,
    VersionConflict,
)
from ..metadata import carrying
from ..sagas import SagaState
from ..sagas.intervening import Interventions
from ..sagas.log import stream_of
from ..store import PortableStore
from .exits import FAILED, MET
from .opened import print_line, with_store
from .saga import know, not_imported, read_or_say
from .saga_advice import advice, typed

T = TypeVar("T")

Deed = Callable[[Interventions, str, str], Awaitable[SagaState]]
"""What is done, by whom and why."""


def intervene(
    url: str,
    saga_id: str,
    verb: str,
    deed: Deed,
    by: str | None,
    why: str,
    modules: Sequence[str] = (),
    *,
    as_json: bool,
    may_be_new: bool = False,
) -> int:
    """Do it, and tell how the saga then stands. What would be refused says what would do instead."""
    who, reason = who_of(by), reason_of(why)
    know(modules)

    async def act(store: PortableStore) -> tuple[int, SagaState]:
        before = len(await store.read(stream_of(saga_id)))
        if not before and not may_be_new:
            raise UnknownSaga(f"no saga {saga_id!r} was started in store {store.name!r}")
        with carrying(actor=who):
            return before, await deed(Interventions(store), who, reason)

    done = done_or_said(url, saga_id, verb, lambda: with_store(url, act))
    if done is None:
        return FAILED
    tell(saga_id, verb, who, *done, as_json=as_json)
    return MET


def done_or_said(url: str, saga_id: str, verb: str, act: Callable[[], T]) -> T | None:
    """What *act* gives; None where it was refused, and that was said, with what would do instead."""
    try:
        return act()
    except UnknownSaga as error:
        sys.stderr.write(f"{error}\neventlab saga list {typed(url)} shows which there are\n")
    except UnknownEventType as error:
        raise not_imported(error) from None
    except (SagaVerbRefused, ArchivedStreamError, VersionConflict) as error:  # the last: it moved meanwhile
        sys.stderr.write(f"{error}\n")
        _say_what_would_do(url, saga_id, verb)
    return None


def tell(
    saga_id: str, verb: str, who: str, before: int, state: SagaState, *, as_json: bool, more: Mapping[str, Any] = {}
) -> None:
    """How the saga stands after the verb; for programs, with what *more* there is to tell."""
    if as_json:
        told = {"saga": saga_id, "verb": verb, "by": who, "status": state.status, "version": state.version}
        print_line(msgspec.json.encode({**told, "is_changed": state.version != before, **more}).decode())
    elif state.version == before:
        print_line(f"saga {saga_id} is {state.status.value} already; nothing was written")
    else:
        print_line(f"saga {saga_id}: {verb} by {who}; it is {state.status.value} now, at version {state.version}")
        if not state.status.ended:
            print_line("Nothing was called. Whoever drives the sagas of this store goes on from there.")


def _say_what_would_do(url: str, saga_id: str, refused: str) -> None:
    """The advice is by the saga's own log alone: an ended saga that is refused to be purged is not told to be."""
    story = read_or_say(url, saga_id)
    for each in advice(url, story) if story is not None else ():
        if refused != "purge" or each.verb != "purge" or "--force" in each.command:
            sys.stderr.write(f"  {each.command}\n      {each.says}\n")


def result_of(text: str | None) -> Any:
    """What a step is said to have given, as JSON."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise InvalidValue("--result", text, 'JSON, such as \'{"ticket": "17"}\' or \'"a text"\'') from None


def who_of(by: str | None) -> str:
    if by is None:
        try:
            by = getpass.getuser()
        except (OSError, KeyError, ImportError):
            raise InvalidValue("--by", by, "a name; nobody is logged in here") from None
    if not by.strip():
        raise InvalidValue("--by", by, "the name of whoever does it")
    return by.strip()


def reason_of(why: str) -> str:
    if not why.strip():
        raise InvalidValue("--why", why, "a reason, for whoever reads the log later")
    return why.strip()
