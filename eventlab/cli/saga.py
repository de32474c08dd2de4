"""``eventlab saga list|show|diagram``: looking."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import typer

from .. import runtime
from ..errors import InvalidValue, RunRefused, UnknownEventType, UnknownSaga
from ..sagas import Status
from ..sagas.listing import Listed, listed
from ..sagas.locks import LockQueue, Locks
from ..sagas.timeline import Timeline, read_timeline
from ..store import PortableStore
from .exits import FAILED, MET
from .opened import print_line, printing, with_store
from .saga_advice import Advice, advice, typed
from .saga_lines import lines, lock_lines
from .saga_marks import plain, span
from .store_checks import import_module

T = TypeVar("T")


def list_(
    url: str,
    wanted: Sequence[Status],
    definition: str | None,
    older_than: str | None,
    limit: int,
    modules: Sequence[str],
    *,
    as_json: bool,
) -> None:
    know(modules)
    now = runtime.now()
    before = None if older_than is None else now - _age(older_than)

    async def look(store: PortableStore) -> list[Listed]:
        return await listed(
            store, wanted=wanted or tuple(Status), definition=definition, started_before=before, limit=limit + 1
        )

    found = with_store(url, look)
    with printing():
        for each in found[:limit]:
            print_line(msgspec.json.encode(_brief(each)).decode() if as_json else _row(each, now))
    if len(found) > limit:
        sys.stderr.write(f"there are more than these {limit}; a larger --limit shows them, oldest first\n")
    elif not found:
        sys.stderr.write("there is no such saga\n")


def _age(text: str) -> timedelta:
    from ..scenarios.units import Misread, duration_s

    try:
        return timedelta(seconds=duration_s(text))
    except (Misread, OverflowError):
        raise InvalidValue("--older-than", text, "a duration such as 90s, 15min or 2h") from None


def _row(each: Listed, now: datetime) -> str:
    story = each.story
    if story is None:
        return f"{'unreadable':<12}  {'':<10}  {'':<24}  {each.saga_id}  {plain(each.trouble)}"
    state = story.state
    since = span(max((now - story.since).total_seconds(), 0.0))
    definition = f"{state.definition} v{state.definition_version}" if state.definition else ""
    return f"{story.status.value:<12}  {since:>10}  {definition:<24}  {each.saga_id}  {plain(story.reason)}".rstrip()


def _brief(each: Listed) -> dict[str, Any]:
    story = each.story
    if story is None:
        return {"saga": each.saga_id, "status": None, "trouble": each.trouble}
    state = story.state
    return {
        "saga": each.saga_id,
        "status": story.status,
        "since": story.since,
        "started_at": story.started_at,
        "definition": state.definition,
        "definition_version": state.definition_version,
        "version": story.version,
        "failed_step": state.failed_step,
        "in_doubt": story.in_doubt,
        "reason": story.reason,
    }


def show(
    url: str, saga_id: str, at_version: int | None, at: datetime | None, modules: Sequence[str], *, as_json: bool
) -> int:
    know(modules)

    async def look(store: PortableStore) -> tuple[Timeline, dict[str, LockQueue]]:
        story = await read_timeline(store, saga_id, to=at_version, at=at)
        if at is None:
            _within(story, at_version)
        is_now = at_version is None and at is None and not story.status.ended
        return story, await Locks(store).queues(story.state.locks) if is_now else {}

    found = _or_say(url, look)
    if found is None:
        return FAILED
    story, queues = found
    may = advice(url, story) if at_version is None and at is None else []
    with printing():
        if as_json:
            locks = {thing: [place.saga_id for place in queue.places] for thing, queue in queues.items()}
            told = {**facts(story), "locks": locks, "may": [each._asdict() for each in may]}
            print_line(msgspec.json.encode(told).decode())
        else:
            for line in (*lines(story, runtime.now()), *lock_lines(saga_id, queues), *_may_do(may)):
                typer.echo(line)
    return MET


def _may_do(may: Sequence[Advice]) -> Iterator[str]:
    if may:
        yield ""
        yield "what you may do now"
        for each in may:
            yield f"  {each.command}"
            yield f"      {each.says}"


def diagram(url: str, saga_id: str, svg: Path, at_version: int | None, modules: Sequence[str]) -> int:
    from ..figures import describe_saga_diagram, draw_saga_diagram, style
    from .files import new_file, taken

    if svg.exists():
        raise taken(svg)
    know(modules)
    story = read_or_say(url, saga_id, at_version)
    if story is None:
        return FAILED
    _within(story, at_version)
    figure = draw_saga_diagram(story).get_figure(root=True)
    assert figure is not None
    with new_file(svg) as out:
        out.write(style.svg(figure).encode())
    print_line(describe_saga_diagram(story))
    return MET


def _within(story: Timeline, at_version: int | None) -> None:
    """Refuse a version that the log has not come to: what is shown would not be as it was then."""
    if at_version is not None and story.version < at_version:
        raise InvalidValue("--at-version", at_version, f"at most {story.version}, where the log of this saga ends")


def read_or_say(url: str, saga_id: str, to: int | None = None, at: datetime | None = None) -> Timeline | None:
    """The saga's story, up to version *to* or the moment *at*; None, once it was said why, where there is none."""
    return _or_say(url, lambda store: read_timeline(store, saga_id, to=to, at=at))


def _or_say(url: str, look: Callable[[PortableStore], Awaitable[T]]) -> T | None:
    try:
        return with_store(url, look)
    except UnknownSaga as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.write(f"eventlab saga list {typed(url)} shows which there are\n")
    except UnknownEventType as error:
        raise not_imported(error) from None
    return None


def not_imported(error: UnknownEventType) -> RunRefused:
    """What would help, where intents are events of somebody's own."""
    return RunRefused(f"{error}; --import the module that declares it")


def facts(story: Timeline) -> dict[str, Any]:
    """All of the story, for programs."""
    state = story.state
    return {
        "saga": story.saga_id,
        "definition": state.definition,
        "definition_version": state.definition_version,
        "input": state.input,
        "status": story.status,
        "since": story.since,
        "reason": story.reason,
        "failed_step": state.failed_step,
        "in_doubt": story.in_doubt,
        "started_at": story.started_at,
        "last_at": story.last_at,
        "took_s": story.took_s,
        "version": story.version,
        "is_set_aside": story.is_set_aside,
        "steps": [
            {
                "name": step.name,
                "kind": step.kind,
                "needs": step.needs,
                "status": step.status,
                "in_doubt": step.in_doubt,
                "since": step.since,
                "result": step.result,
                "reason": step.reason,
                "attempts": step.attempts,
                "undo_attempts": step.undo_attempts,
            }
            for step in story.steps
        ],
        "phases": story.phases,
        "verbs": story.verbs,
    }


def know(modules: Sequence[str]) -> None:
    """Import what declares the events that a log may hold; intents may be events of one's own, as the shop's are."""
    import eventlab.shop  # noqa: F401

    for module in modules:
        import_module(module)
