"""A saga drawn in lines: its steps from the top down, the point of no return, what was undone, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..sagas import StepStatus
from ..sagas.attempts import Attempt
from ..sagas.locks import LockQueue
from ..sagas.timeline import StepTimeline, Timeline
from .saga_marks import beside, coloured, double_line, forward_mark, moment, plain, signed, span, undo_mark

RESULT_CHARACTERS_MAX = 60
WIDTH = 72

_COLOURS = {"completed": "blue", "compensated": "yellow", "stuck": "red", "compensating": "yellow", "running": ""}


def lines(story: Timeline, now: datetime) -> Iterator[str]:
    """The whole picture. *now* tells how long ago things were."""
    yield from _head(story, now)
    yield ""
    yield from _forward(story)
    undone = [step for step in story.steps if step.undo_attempts or step.status is StepStatus.LEFT]
    if undone:
        yield ""
        yield "undone, in this order"
        yield from _backward(story, sorted(undone, key=_undone_at))
    yield from _doubt(story)
    if story.verbs:
        yield ""
        yield "by hand"
        for verb in story.verbs:
            on = f" {verb.step}" if verb.step else ""
            as_ = f" as {verb.outcome}" if verb.outcome else ""
            yield f"  {moment(verb.at)}  {verb.event}{on}{as_} by {plain(verb.by)}: {plain(verb.why)}"


def _head(story: Timeline, now: datetime) -> Iterator[str]:
    status, state = story.status.value, story.state
    definition = f" of {state.definition} v{state.definition_version}" if state.definition else ""
    told = coloured(status, _COLOURS.get(status, ""), bold=True)
    after = f" after {span(story.took_s)}" if story.took_s is not None else ""
    yield f"saga {story.saga_id}{definition}: {told}{after}, since {moment(story.since)} ({_ago(story.since, now)})"
    if story.turned_back_because:
        yield f"turned back because of {plain(story.turned_back_because)}"
    if story.reason != story.turned_back_because:
        yield plain(story.reason)
    for savepoint, times in story.state.rolled_back.items():
        yield f"went back to save-point {savepoint} {f'{times} times' if times > 1 else 'once'}"
    aside = "; it has been set aside" if story.is_set_aside else ""
    began = f"started {moment(story.started_at)}" if state.definition else "never started"
    yield f"{began}; its log is at version {story.version}{aside}"


def _ago(at: datetime, now: datetime) -> str:
    return f"{span(max((now - at).total_seconds(), 0.0))} ago"


def _forward(story: Timeline) -> Iterator[str]:
    names = [_name(story, index) for index in range(len(story.steps))]
    width = max(map(len, names), default=0)
    for step, name in zip(story.steps, names, strict=True):
        if step.kind == "pivot":
            yield double_line("pivot: once it has happened nothing is undone", WIDTH)
        mark = forward_mark(step)
        result = "" if step.result is None or mark.word != "done" else _short(step.result)
        reason = step.attempts[-1].reason if step.attempts and mark.word != "done" else ""
        yield _line(story, signed(mark), name.ljust(width), mark.word, step.attempts, result or reason or _said(step))


def _said(step: StepTimeline) -> str:
    """What the log says of a step that was never tried, such as why it was skipped."""
    return "" if step.attempts else step.reason


def _undone_at(step: StepTimeline) -> int:
    return step.undo_attempts[0].version if step.undo_attempts else 0


def _backward(story: Timeline, undone: Sequence[StepTimeline]) -> Iterator[str]:
    width = max(len(step.name) for step in undone)
    for step in undone:
        mark = undo_mark(step)
        reason = "" if mark.word == "undone" else step.reason
        if step.is_again:
            reason = "before it went back to a save-point"
        yield _line(story, signed(mark), step.name.ljust(width), mark.word, step.undo_attempts, reason)


def _line(story: Timeline, sign: str, name: str, word: str, attempts: Sequence[Attempt], detail: str) -> str:
    tried = when = ""
    if attempts:
        tried = f"{len(attempts)} attempt{'s' if len(attempts) > 1 else ''}"
        when = f"at +{span((attempts[0].asked_at - story.started_at).total_seconds())}"
        if (ended_at := attempts[-1].ended_at) is not None:
            when += f" for {span((ended_at - attempts[0].asked_at).total_seconds())}"
    return f"  {sign} {name}  {word:<12}  {tried:<12}  {when:<22}  {plain(detail)}".rstrip()


def _name(story: Timeline, index: int) -> str:
    """The step's name, marked when it does not wait for the one above it."""
    step = story.steps[index]
    is_beside = index > 0 and bool(step.kind) and story.steps[index - 1].name not in step.needs
    return beside() + step.name if is_beside else step.name


def _doubt(story: Timeline) -> Iterator[str]:
    doubtful = [name for name in story.in_doubt if not story.status.ended]
    if doubtful:
        yield ""
        yield f"in doubt: {', '.join(doubtful)}. It may have happened or not; nobody can say until it is asked again."


def lock_lines(saga_id: str, queues: Mapping[str, LockQueue]) -> Iterator[str]:
    """What the saga works on alone, or whom it waits for, and who waits for it."""
    if queues:
        yield ""
    for thing, queue in queues.items():
        names = [place.saga_id for place in queue.places]
        if names[:1] == [saga_id]:
            yield f"holds {thing}; {', '.join(names[1:]) or 'nobody'} waits for it"
        elif saga_id in names:
            yield f"waits for {thing}, behind {', '.join(names[: names.index(saga_id)])}"


def _short(result: Any) -> str:
    text = msgspec.json.encode(result).decode()
    return text if len(text) <= RESULT_CHARACTERS_MAX else text[: RESULT_CHARACTERS_MAX - 1] + "…"
