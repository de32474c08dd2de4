"""``eventlab saga purge``: setting an ended saga aside, alone or with those of its steps that are sagas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ..errors import InvalidStreamId, SagaVerbRefused, UnknownSaga
from ..metadata import carrying
from ..sagas import SagaState, Status
from ..sagas.intervening import Interventions
from ..sagas.log import stream_of
from ..sagas.step import child_id, possible_parents
from ..sagas.timeline import Timeline, read_timeline
from ..store import PortableStore, archive
from .exits import FAILED, MET
from .opened import print_line, with_store
from .saga import know
from .saga_advice import advice
from .saga_verbs import done_or_said, reason_of, tell, who_of


@dataclass
class Purge:
    """One such command: who asks for it and why, and how far it may go."""

    url: str
    saga_id: str
    who: str
    why: str
    force: bool = False
    """Whether one that is stuck may be given up, as it is, before it is set aside."""
    children: bool = False
    """Whether its steps that are sagas go with it, and theirs with them."""
    gone: list[str] = field(default_factory=list)
    """Those that went with it."""
    left: list[Timeline] = field(default_factory=list)
    """Steps of it that are sagas, and stay listed."""

    async def act(self, store: PortableStore) -> tuple[int, SagaState]:
        """Its version before, and how it stands afterwards. Raises SagaVerbRefused before anything is written.

        It goes last: if this is cut short, the same command finishes it.
        """
        story = await read_timeline(store, self.saga_id)
        within = await _within(store, story) if self.children else []
        if not (story.is_set_aside and within):
            _check_over(self.saga_id, story, self.force, "it")
        await _check_no_parent(store, story)
        for each in within:
            _check_over(self.saga_id, each, self.force, f"saga {each.saga_id!r} within it")
        if not self.children:
            self.left += [each for each in await _own_sagas(store, story) if not each.is_set_aside]
        with carrying(actor=self.who):
            state = await self._given_up(store, story)
            for each in reversed(within):
                await self._set_aside(store, await self._given_up(store, each), f", with saga {self.saga_id}")
                self.gone.append(each.saga_id)
            if not story.is_set_aside:
                state = await self._set_aside(store, state)
        return story.version, state

    async def _given_up(self, store: PortableStore, story: Timeline) -> SagaState:
        if story.status is not Status.STUCK:
            return story.state
        return await Interventions(store).abandon(story.saga_id, by=self.who, why=self.why)

    async def _set_aside(self, store: PortableStore, state: SagaState, more: str = "") -> SagaState:
        reason = f"{self.why} (by {self.who}{more})"
        await archive(store, stream_of(state.saga_id), reason=reason, expect=state.version)
        return msgspec.structs.replace(state, version=state.version + 1)


def purge(
    url: str,
    saga_id: str,
    by: str | None,
    why: str,
    force: bool,
    modules: Sequence[str] = (),
    *,
    as_json: bool,
    children: bool = False,
) -> int:
    """Archive the saga's stream, if it has ended; one that is stuck is given up before, if *force*.

    Steps of it that are sagas have logs of their own. With *children* they go with it, if all of them have ended (or
    are stuck, and *force*); without, they stay, and it is said how each is purged.
    """
    asked = Purge(url, saga_id, who_of(by), reason_of(why), force, children)
    know(modules)
    done = done_or_said(url, saga_id, "purge", lambda: with_store(url, asked.act))
    if done is None:
        return FAILED
    before, state = done
    more = {
        "is_changed": bool(asked.gone) or state.version != before,
        "children": asked.gone,
        "left": [each.saga_id for each in asked.left],
    }
    if as_json or state.version != before:
        tell(saga_id, "purge", asked.who, *done, as_json=as_json, more=more)
    if not as_json:
        if asked.gone:
            print_line(f"set aside with it, as steps of it or of those: {', '.join(reversed(asked.gone))}")
        _say_what_stays(asked)
    return MET


async def _own_sagas(store: PortableStore, story: Timeline) -> list[Timeline]:
    """Those steps of the saga, in whatever round, that are sagas themselves."""
    rounds = range(1, story.state.round + 1)
    ids = [child_id(story.saga_id, step.name, round) for step in story.steps for round in rounds if step.attempts]
    found = []
    for each in ids:
        try:
            found.append(await read_timeline(store, each))
        except (UnknownSaga, InvalidStreamId):  # the step is none; not every name of a step could be one of a stream
            continue
    return found


async def _within(store: PortableStore, story: Timeline) -> list[Timeline]:
    """All sagas within it, each before those within that, but for those that have been set aside."""
    found = await _own_sagas(store, story)
    for each in found:
        found += await _own_sagas(store, each)
    return [each for each in found if not each.is_set_aside]


def _say_what_stays(asked: Purge) -> None:
    commands = [each.command for story in asked.left for each in advice(asked.url, story) if each.verb == "purge"]
    if commands:
        print_line("Steps of it that are sagas themselves stay listed, until each is purged too, or all by --children:")
    for command in commands:
        print_line(f"  {command}")


def _check_over(saga_id: str, story: Timeline, force: bool, it: str) -> None:
    status = story.status
    if story.is_set_aside:
        raise SagaVerbRefused(saga_id, "purge", f"{it} has been set aside already")
    if status is Status.STUCK and not force:
        raise SagaVerbRefused(saga_id, "purge", f"{it} is stuck; --force gives it up as it is before")
    if not status.ended and status is not Status.STUCK:
        raise SagaVerbRefused(saga_id, "purge", f"{it} is {status.value}; wait for its end, or cancel it")


async def _check_no_parent(store: PortableStore, story: Timeline) -> None:
    """That no saga under way may yet have to undo it."""
    for parent_id, step in possible_parents(story.saga_id):
        try:
            parent = await read_timeline(store, parent_id)
        except UnknownSaga:
            continue
        if not parent.status.ended and any(each.name == step for each in parent.steps):
            raise SagaVerbRefused(
                story.saga_id, "purge", f"it is a step of saga {parent_id!r}, which is {parent.status.value}"
            )
