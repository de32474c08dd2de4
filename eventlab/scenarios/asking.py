"""The load of a scenario as a value: what the system is asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec

from ..simulation import workload
from ..simulation.distributions import Constant
from ..simulation.workload import REQUESTS_MAX, Profile, Ramp, Replay, Spike, Steady, expected_requests
from .kinds import FileKind, ServiceKind
from .section import (
    AtLeastOne,
    AtLeastTwo,
    Duration,
    Factor,
    Lasting,
    Latency,
    Problem,
    Rate,
    RateOrNone,
    Section,
    Text,
)
from .units import duration_text, rate_text


class OrdersLoad(Section, frozen=True, kw_only=True):
    """Recorded orders: the *first* of a file, its days pressed together until they come at *rate_per_s* on average."""

    file: Annotated[str, FileKind()]
    first: AtLeastOne = 500
    rate_per_s: Rate = msgspec.field(name="rate", default=2.0)


class RampRule(Section, frozen=True, kw_only=True):
    """The rate goes from one to another along a straight line, in *over_s*; then the second goes on."""

    from_per_s: RateOrNone = msgspec.field(name="from")
    to_per_s: RateOrNone = msgspec.field(name="to")
    over_s: Lasting = msgspec.field(name="over")

    def problems(self) -> Iterator[Problem]:
        if self.from_per_s == self.to_per_s == 0:
            yield "to", "expected a rate above zero, as the ramp begins at zero"

    def as_rate(self) -> Ramp:
        return Ramp(self.from_per_s, self.to_per_s, self.over_s)


class SpikeRule(Section, frozen=True, kw_only=True):
    """*rate_per_s*, but *peak_per_s* from *at_s* on for a while."""

    rate_per_s: RateOrNone = msgspec.field(name="rate")
    peak_per_s: Rate = msgspec.field(name="peak")
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_rate(self) -> Spike:
        return Spike(self.rate_per_s, self.peak_per_s, self.at_s, self.for_s)


class Step(Section, frozen=True, kw_only=True):
    """One rate of a profile, and how long it lasts."""

    rate_per_s: RateOrNone = msgspec.field(name="rate")
    for_s: Lasting = msgspec.field(name="for")


class ReplayRule(Section, frozen=True, kw_only=True):
    """Requests as they were recorded: the numbers of a *file*, or of one *column* of it.

    They are moments, or gaps between requests, in *unit_s*. Their time is
    pressed together *faster* times, or until they come at *rate_per_s* on
    average.
    """

    file: Annotated[str, FileKind()]
    column: Text | None = None
    holds: Literal["times", "gaps"] = "times"
    unit_s: Lasting = msgspec.field(name="unit", default=1.0)
    faster: Factor = 1.0
    rate_per_s: Rate | None = msgspec.field(name="rate", default=None)

    def problems(self) -> Iterator[Problem]:
        if self.rate_per_s is not None and self.faster != 1:
            yield "faster", "expected either 'faster' or 'rate'; both say how far the time is pressed together"

    def read(self, path: Path) -> Replay:
        """The requests of the file at *path*. Raises InvalidValue naming the line that holds none."""
        found = Replay.from_file(path, self.column, holds=self.holds, unit_s=self.unit_s)
        return found.faster(self.faster) if self.rate_per_s is None else found.at_rate(self.rate_per_s)


class OpenLoad(Section, frozen=True, kw_only=True):
    """Requests to one modelled service that come whether or not earlier ones were answered, for a while or so many."""

    exactly_one: ClassVar[tuple[str, ...]] = ("rate", "ramp", "spike", "profile", "replay")

    target: Annotated[str, ServiceKind(modelled=True)]
    rate_per_s: Rate | None = msgspec.field(name="rate", default=None)
    ramp: RampRule | None = None
    spike: SpikeRule | None = None
    profile: tuple[Step, ...] | None = None
    replay: ReplayRule | None = None
    for_s: Lasting | None = msgspec.field(name="for", default=None)
    count: AtLeastOne | None = None
    arrivals: Literal["poisson", "constant"] = "poisson"

    def problems(self) -> Iterator[Problem]:
        if self.count is not None and self.count > REQUESTS_MAX:
            yield "count", f"expected at most {REQUESTS_MAX:,}"
        if self.replay is not None:
            return
        if self.profile is not None and not any(step.rate_per_s for step in self.profile):
            yield "profile", "expected at least one step with a rate above zero"
        elif self.for_s is not None and self.count is None:
            yield from self._too_many(self.for_s)
        elif self.count is None:
            yield "for", "every load ends; say how long it goes on, 'for', or how many requests there are, 'count'"

    def _too_many(self, for_s: float) -> Iterator[Problem]:
        count, lasting = expected_requests(self._rate(), for_s), duration_text(for_s)
        if count > REQUESTS_MAX:
            rates = "these rates" if self.rate_per_s is None else rate_text(self.rate_per_s)
            yield "for", f"{rates} for {lasting} are {count:,.0f} requests; expected at most {REQUESTS_MAX:,}"

    def as_load(self, recorded: Replay | None = None) -> workload.OpenLoad | Replay:
        """The load itself. What was *recorded* is in a file, and comes from whoever has read that."""
        if recorded is not None:
            return recorded
        spacing: Literal["poisson", "even"] = "poisson" if self.arrivals == "poisson" else "even"
        return workload.OpenLoad(self._rate(), self.for_s, self.count, spacing)

    def cut(self, recorded: Replay) -> Replay:
        """So much of what was recorded as this load asks for. Raises InvalidValue where that is nothing."""
        return recorded.cut(self.for_s, self.count)

    def _rate(self) -> workload.Rate:
        if self.ramp is not None:
            return self.ramp.as_rate()
        if self.spike is not None:
            return self.spike.as_rate()
        if self.profile is not None:
            return Profile(tuple((step.for_s, step.rate_per_s) for step in self.profile))
        assert self.rate_per_s is not None  # one of them is there
        return Steady(self.rate_per_s)


class ClosedLoad(Section, frozen=True, kw_only=True):
    """So many *clients*, who all ask when the run begins; each waits for the answer, thinks, and asks again.

    *each* is how often one client asks, in all.
    """

    target: Annotated[str, ServiceKind(modelled=True)]
    clients: AtLeastOne
    each: AtLeastOne
    thinking: Latency = Constant(0.0)

    def problems(self) -> Iterator[Problem]:
        if (count := self.clients * self.each) > REQUESTS_MAX:
            yield "each", f"{self.clients:,} clients make {count:,} requests; expected at most {REQUESTS_MAX:,}"


class UshersLoad(Section, frozen=True, kw_only=True):
    """Ushers of a box office: all come on duty, then each, *each* times, is *working* until he asks to go home.

    He may while the next usher is on duty, the first being next to the last;
    then he is *away* for a while, and comes back.
    """

    target: Annotated[str, ServiceKind(modelled=True)]
    count: AtLeastTwo = 2
    each: AtLeastOne
    working: Latency
    away: Latency

    def problems(self) -> Iterator[Problem]:
        if (count := self.count * self.each) > REQUESTS_MAX:
            yield "each", f"{self.count:,} ushers make {count:,} requests; expected at most {REQUESTS_MAX:,}"


class Load(Section, frozen=True, kw_only=True):
    """What the system is asked to do; one kind of load."""

    exactly_one: ClassVar[tuple[str, ...]] = ("orders", "open", "closed", "ushers")

    orders: OrdersLoad | None = None
    open: OpenLoad | None = None
    closed: ClosedLoad | None = None
    ushers: UshersLoad | None = None
