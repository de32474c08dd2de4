"""What somebody may do about a saga as it stands, with the command to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from ..sagas import SagaState, Status
from ..sagas.timeline import Timeline
from ..sagas.verbs import possible
from ..store.opening import without_secrets


class Advice(NamedTuple):
    """One thing that one may do, and how."""

    verb: str
    says: str
    command: str


def advice(url: str, story: Timeline) -> list[Advice]:
    """All that would not be refused now."""
    if story.is_set_aside:
        return []
    subject = f"{typed(url)} {shlex.quote(story.saga_id)}"
    return [Advice(verb, says, _command(verb, subject, more)) for verb, says, *more in _ways(story.state)]


def typed(url: str) -> str:
    """*url* as it stands in a command to type: whole for a shell, and without what is secret."""
    return shlex.quote(without_secrets(url))


def _command(verb: str, subject: str, more: list[str]) -> str:
    """An id that looks like an option stands behind a ``--``, and every option before that."""
    why = '--why "…"'
    if " -" not in subject:
        return " ".join(["eventlab saga", verb, subject, *more, why])
    options = [each for each in more if each.startswith("--")]
    plain = [each for each in more if not each.startswith("--")]
    return " ".join(["eventlab saga", verb, *options, why, "--", subject, *plain])


def _ways(state: SagaState) -> Iterator[tuple[str, ...]]:
    """Verb, what it means here, and the arguments that it takes."""
    verbs, step, undoing = possible(state), state.stuck_step, state.stuck_from is Status.COMPENSATING
    if state.status.ended:
        yield "purge", "set it aside for good: it can be read, and is not listed any more"
    if "retry" in verbs:
        yield "retry", "try again, with new patience"
    if "resolve" in verbs:
        yield from _resolutions(state, f"{step}")
    if "skip" in verbs:
        yield "skip", f"leave {step} as it is, and undo the rest" if undoing else f"go on without {step}"
    if "compensate" in verbs and state.status is Status.STUCK:
        yield "compensate", "turn back, and undo what was done"
    elif "cancel" in verbs:
        yield "cancel", "turn it back, so that it has no effect in the end"
    if "abandon" in verbs:
        yield "purge", "give it up as it is, and set it aside", "--force"


def _resolutions(state: SagaState, step: str) -> Iterator[tuple[str, ...]]:
    """What one may say of the step that is stuck."""
    if state.stuck_from is Status.COMPENSATING:
        yield "resolve", f"{step} is undone: somebody has looked, or has done it by hand", "compensated"
        return
    yield "resolve", f"{step} has happened: somebody has looked, or has done it by hand", "succeeded"
    if all(each.kind != "retriable" for each in state.outline if each.name == step):
        yield "resolve", f"{step} has not happened, and never will: turn back, as if it had been refused", "failed"
