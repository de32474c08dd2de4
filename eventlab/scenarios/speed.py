"""How fast a real run's clock may go before the machine, and not the scenario, decides what happens.

Real work counts *speed* times on a scaled clock: at speed 60 a commit of 10 ms
takes 600 ms of the run. So the disk and the processor may be busy at most half
of the time, and a timeout must last at least ten commits.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec

from ..codec import event
from ..errors import AppendUnknown, RunRefused, StoreFailed
from ..runtime import Runtime
from ..store import EventStore, open_store

COMMITS_PER_SAGA = 14
"""Appends of one checkout to the busiest store, that of orders with the saga's log. Stores commit side by side."""

WORK_PER_SAGA_S = 0.015
"""Time on the processor for one checkout: a dozen messages and some twenty appends, without waiting for the disk."""

WORK_PER_REQUEST_S = 0.001
"""Time on the processor for one request to a modelled service: it keeps nothing, and only waits."""

BUSY_MAX = 0.5
COMMITS_PER_TIMEOUT_MIN = 10
COMMIT_WITHOUT_FLUSH_S = 0.0003
PROBES = 15
ROUNDS = 3

_WALL = Runtime()


@event("CommitProbed", version=1)
class CommitProbed(msgspec.Struct, frozen=True):
    """Written to a scratch store to see how long a commit takes here."""

    number: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What a run asks of the machine: arrivals per second and the shortest timeout, both on the run's own clock."""

    arrivals_per_s: float
    timeout_s: float
    commits_per_saga: int = COMMITS_PER_SAGA
    work_per_saga_s: float = WORK_PER_SAGA_S

    def speed_max(self, commit_s: float) -> float:
        """The largest speed at which the machine decides nothing, if a commit takes *commit_s* of real time."""
        by_load = BUSY_MAX / (self.arrivals_per_s * self._arrival_s(commit_s))
        by_timeout = self.timeout_s / (COMMITS_PER_TIMEOUT_MIN * commit_s) if commit_s else math.inf
        return min(by_load, by_timeout)

    def why(self, speed: float, commit_s: float) -> str:
        """What is wrong with a *speed* above the largest, in words."""
        busy = self.arrivals_per_s * speed * self._arrival_s(commit_s)
        if busy > BUSY_MAX:
            return (
                f"{self.arrivals_per_s * speed:.6g} arrivals a second, each {1000 * self._arrival_s(commit_s):.3g} ms "
                f"of work, would keep it {100 * busy:.0f} % busy, and at most {100 * BUSY_MAX:g} % does no harm"
            )
        return (
            f"a timeout of {self.timeout_s:g} s would last {self.timeout_s / speed / commit_s:.2g} commits "
            f"of {1000 * commit_s:.3g} ms, and at least {COMMITS_PER_TIMEOUT_MIN} do no harm"
        )

    def _arrival_s(self, commit_s: float) -> float:
        """How long one arrival keeps the machine busy."""
        return max(self.commits_per_saga * commit_s, self.work_per_saga_s)


def check_speed(speed: float, pace: Pace, commit_s: float, *, flushes: bool) -> None:
    """Refuse a *speed* that would tell a story about this machine's disk. *flushes*: whether commits wait for it."""
    limit = pace.speed_max(commit_s)
    if speed <= limit:
        return
    would_do = [f"--speed {_rounded_down(limit):g}"]
    if flushes and speed <= pace.speed_max(COMMIT_WITHOUT_FLUSH_S):
        would_do.append("a store URL that ends in ?synchronous=NORMAL, which does not wait for the disk")
    raise RunRefused(
        f"at speed {speed:g} this machine would decide the outcome: {pace.why(speed, commit_s)}. "
        f"What would do: {', or '.join(would_do)}"
    )


def commit_time_s(url_template: str) -> float:
    """Real seconds that one commit takes beside the stores of *url_template*, measured on a scratch store.

    `{service}` in the template stands for each service's name. The scratch store is gone afterwards.
    """
    location, question, options = url_template.partition("?")
    prefix = "sqlite:///"
    if not location.startswith(prefix):
        return 0.0
    folder = Path(location.removeprefix(prefix).format(service="probe")).parent
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".eventlab-probe-", dir=folder))
    except OSError as error:
        _refuse_folder(folder, error)
    try:
        return asyncio.run(_probe(f"{prefix}{scratch / 'probe.db'}{question}{options}"))
    except (StoreFailed, AppendUnknown) as error:
        raise RunRefused(f"the stores cannot be kept in {folder}: {error.args[1]}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


async def _probe(url: str) -> float:
    """The calmest of a few rounds: what else the machine happens to do at this moment refuses no run."""
    store = open_store(url, name="probe")
    try:
        return min([await _median_commit_s(store) for _ in range(ROUNDS)])
    finally:
        await store.close()


async def _median_commit_s(store: EventStore) -> float:
    took_s = []
    for number in range(PROBES):
        began_s = _WALL.monotonic()
        await store.append([("probe-1", CommitProbed(number))])
        took_s.append(_WALL.monotonic() - began_s)
    return statistics.median(took_s)


def _refuse_folder(folder: Path, error: OSError) -> NoReturn:
    raise RunRefused(f"the stores cannot be kept in {folder}: {error.strerror}") from None


def _rounded_down(speed: float) -> float:
    """Two digits that a person would type, never above *speed*."""
    if speed <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(speed)) - 1)
    return float(f"{math.floor(speed / step) * step:.2g}")
