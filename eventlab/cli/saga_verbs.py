"""``eventlab saga retry|skip|resolve|compensate|cancel|purge``: doing something about a saga, with who and why."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from ..errors import (
    ArchivedStreamError,
    InvalidStreamId,
    InvalidValue,
    SagaVerbRefused,
    UnknownEventType,
    UnknownSaga,
    VersionConflict,
)
from ..metadata import carrying
from ..sagas import SagaState, Status
from ..sagas.intervening import Interventions
from ..sagas.log import stream_of
from ..sagas.step import child_id, possible_parents
from ..sagas.timeline import Timeline, read_timeline
from ..store import PortableStore, archive
from .exits import FAILED, MET
from .opened import print_line, with_store
from .saga import know, not_imported, read_or_say
from .saga_advice import advice, typed

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
    who, reason = _who(by), _reason(why)
    know(modules)

    async def act(store: PortableStore) -> tuple[int, SagaState]:
        before = len(await store.read(stream_of(saga_id)))
        if not before and not may_be_new:
            raise UnknownSaga(f"no saga {saga_id!r} was started in store {store.name!r}")
        with carrying(actor=who):
            return before, await deed(Interventions(store), who, reason)

    return _telling(url, saga_id, verb, who, lambda: with_store(url, act), as_json=as_json)


def _telling(
    url: str, saga_id: str, verb: str, who: str, act: Callable[[], tuple[int, SagaState]], *, as_json: bool
) -> int:
    try:
        before, state = act()
    except UnknownSaga as error:
        sys.stderr.write(f"{error}\neventlab saga list {typed(url)} shows which there are\n")
        return FAILED
    except UnknownEventType as error:
        raise not_imported(error) from None
    except (SagaVerbRefused, ArchivedStreamError, VersionConflict) as error:  # the last: it moved meanwhile
        sys.stderr.write(f"{error}\n")
        _say_what_would_do(url, saga_id, verb)
        return FAILED
    if as_json:
        told = {"saga": saga_id, "verb": verb, "by": who, "status": state.status, "version": state.version}
        print_line(msgspec.json.encode({**told, "is_changed": state.version != before}).decode())
    elif state.version == before:
        print_line(f"saga {saga_id} is {state.status.value} already; nothing was written")
    else:
        print_line(f"saga {saga_id}: {verb} by {who}; it is {state.status.value} now, at version {state.version}")
        if not state.status.ended:
            print_line("Nothing was called. Whoever drives the sagas of this store goes on from there.")
    return MET


def _say_what_would_do(url: str, saga_id: str, refused: str) -> None:
    """The advice is by the saga's own log alone: an ended saga that is refused to be purged is not told to be."""
    story = read_or_say(url, saga_id)
    for each in advice(url, story) if story is not None else ():
        if refused != "purge" or each.verb != "purge" or "--force" in each.command:
            sys.stderr.write(f"  {each.command}\n      {each.says}\n")


def purge(
    url: str,
    saga_id: str,
    by: str | None,
    why: str,
    force: bool,
    modules: Sequence[str] = (),
    *,
    as_json: bool,
) -> int:
    """Archive the saga's stream, if it has ended; one that is stuck is given up before, if *force*.

    Steps of it that are sagas have logs of their own: they stay, and it is said how each is purged.
    """
    who, reason = _who(by), _reason(why)
    know(modules)
    left: list[Timeline] = []

    async def act(store: PortableStore) -> tuple[int, SagaState]:
        story = await read_timeline(store, saga_id)
        await _check_purgeable(store, story, force)
        left.extend(await _own_sagas(store, story))
        state = story.state
        with carrying(actor=who):
            if story.status is Status.STUCK:
                state = await Interventions(store).abandon(saga_id, by=who, why=reason)
            await archive(store, stream_of(saga_id), reason=f"{reason} (by {who})", expect=state.version)
        return story.version, msgspec.structs.replace(state, version=state.version + 1)

    code = _telling(url, saga_id, "purge", who, lambda: with_store(url, act), as_json=as_json)
    if code == MET and not as_json:
        _say_what_stays(url, left)
    return code


async def _own_sagas(store: PortableStore, story: Timeline) -> list[Timeline]:
    """Those steps of the saga, in whatever round, that are sagas themselves and have not been set aside."""
    rounds = range(1, story.state.round + 1)
    ids = [child_id(story.saga_id, step.name, round) for step in story.steps for round in rounds if step.attempts]
    found = []
    for each in ids:
        try:
            found.append(await read_timeline(store, each))
        except (UnknownSaga, InvalidStreamId):  # the step is none; not every name of a step could be one of a stream
            continue
    return [each for each in found if not each.is_set_aside]


def _say_what_stays(url: str, left: Sequence[Timeline]) -> None:
    commands = [each.command for story in left for each in advice(url, story) if each.verb == "purge"]
    if commands:
        print_line("Steps of it that are sagas themselves stay listed, until each is purged as well:")
    for command in commands:
        print_line(f"  {command}")


async def _check_purgeable(store: PortableStore, story: Timeline, force: bool) -> None:
    status = story.status
    if story.is_set_aside:
        raise SagaVerbRefused(story.saga_id, "purge", "it has been set aside already")
    if status is Status.STUCK and not force:
        raise SagaVerbRefused(story.saga_id, "purge", "it is stuck; --force gives it up as it is before")
    if not status.ended and status is not Status.STUCK:
        raise SagaVerbRefused(story.saga_id, "purge", f"it is {status.value}; wait for its end, or cancel it")
    for parent_id, step in possible_parents(story.saga_id):
        try:
            parent = await read_timeline(store, parent_id)
        except UnknownSaga:
            continue
        if not parent.status.ended and any(each.name == step for each in parent.steps):
            raise SagaVerbRefused(
                story.saga_id, "purge", f"it is a step of saga {parent_id!r}, which is {parent.status.value}"
            )


def result_of(text: str | None) -> Any:
    """What a step is said to have given, as JSON."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise InvalidValue("--result", text, 'JSON, such as \'{"ticket": "17"}\' or \'"a text"\'') from None


def _who(by: str | None) -> str:
    if by is None:
        try:
            by = getpass.getuser()
        except (OSError, KeyError, ImportError):
            raise InvalidValue("--by", by, "a name; nobody is logged in here") from None
    if not by.strip():
        raise InvalidValue("--by", by, "the name of whoever does it")
    return by.strip()


def _reason(why: str) -> str:
    if not why.strip():
        raise InvalidValue("--why", why, "a reason, for whoever reads the log later")
    return why.strip()
