"""Going on with an interrupted run: what its stores hold, and what can still be said of the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..errors import RunRefused
from ..runtime import EPOCH
from ..store import open_store
from ..store.opening import without_secrets
from .expecting import BreakerDoes, Compares, Expectation, InvariantsHold, judge
from .model import Scenario
from .summary import ExpectationLine, Summary, verdict_of


@dataclass
class Before:
    """What was there: how far the run's clock had come, and the sagas that were started."""

    clock_s: float = 0.0
    sagas: set[str] = field(default_factory=set)
    events: int = 0


async def look(services: Iterable[str], store_url: str, *, resume: bool) -> Before:
    """Read every service's store. Raises RunRefused where there is an earlier run, and nobody said to resume it."""
    before = Before()
    for name in services:
        url = store_url.format(service=name)
        held = await _read(url, name, before)
        if held and not resume:
            raise RunRefused(
                f"{url} holds {held} events of an earlier run: go on with that by --resume, or choose another --store"
            )
        before.events += held
    if resume and not before.events:
        raise RunRefused(f"there is nothing to resume: the stores of {without_secrets(store_url)} are empty")
    return before


async def _read(url: str, name: str, before: Before) -> int:
    """How many events the store holds. They are stamped by the run's own clock: the last says how far it came."""
    if not _is_there(url):
        return 0
    store = open_store(url, name=name)
    after = held = 0
    try:
        while page := await store.read_all(after):
            after, held = page[-1].position, held + len(page)
            before.clock_s = max(before.clock_s, (page[-1].occurred_at - EPOCH).total_seconds())
            before.sagas.update(one.stream.removeprefix("saga-") for one in page if one.stream.startswith("saga-"))
    finally:
        await store.close()
    return held


def _is_there(url: str) -> bool:
    """Opening a SQLite file makes it; looking must not."""
    path = url.partition("?")[0].removeprefix("sqlite:///")
    return path == url.partition("?")[0] or Path(path).exists()


def judge_resumed(summary: Summary, scenario: Scenario, resumed_s: float) -> Summary:
    """The summary of a run whose first part left stores but no history, and which went on *resumed_s* after its start.

    Sagas are counted from the final reads, so that they are those of the whole run. Of all else only
    what happened since can be told: an expectation that the first part could have decided is unknown.
    """
    lines = [_judge(expectation, summary) for expectation in scenario.expectations]
    verdict = verdict_of(summary.invariants, lines)
    return msgspec.structs.replace(summary, expectations=lines, verdict=verdict, resumed_s=round(resumed_s, 6))


def _judge(expectation: Expectation, summary: Summary) -> ExpectationLine:
    line = judge(expectation, summary)
    if _told_by_stores(expectation):
        return line
    met = line.met if line.met is not None and line.met in _certain(expectation) else None
    return msgspec.structs.replace(line, met=met, measured=f"{line.measured} since the run was resumed")


def _told_by_stores(expectation: Expectation) -> bool:
    match expectation:
        case InvariantsHold():
            return True
        case Compares(path=path):
            return path.startswith("sagas.") or path in ("orders", "duration")
        case _:
            return False


def _certain(expectation: Expectation) -> tuple[bool, ...]:
    """The answers that hold for the whole run if they hold for its last part: counts only grow."""
    match expectation:
        case BreakerDoes(verb=verb):
            return (False,) if verb == "never opens" else (True,)
        case Compares(unit="", comparison=">" | ">="):
            return (True,)
        case Compares(unit="", comparison="<" | "<="):
            return (False,)
        case _:
            return ()
