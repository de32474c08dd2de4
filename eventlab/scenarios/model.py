"""A scenario as a value: what the file says, read once, with every default filled in.

Fields are named by what they mean, with their unit; the key in the file is
the same without it (`at_s` is written `at: 60s`). The kind beside a field's
type says how its text is read. What it all means is told in
`docs/scenarios.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

import msgspec

from ..resilience.codel import INTERVAL_S, TARGET_S
from ..simulation.distributions import Constant, LogNormal
from .asking import Load
from .breaking import Fault
from .expecting import Expectation
from .kinds import ExpectationKind, NumberKind, ServiceKind
from .linking import NetworkRules
from .protecting import BackoffRule, BreakerRule, FrontRule, RetryRule
from .section import AtLeastOne, Count, Duration, Lasting, Latency, Probability, Problem, Section, Text
from .units import duration_text

SHOP: tuple[str, ...] = ("users", "orders", "payments", "inventory", "shipping")
"""The shop's services, by the names that they call one another."""


class StoreRule(Section, frozen=True, kw_only=True):
    """How long a store takes, and how much its disk does at once. On the real clock the real store takes its own time.

    One that is written back later (*synchronous* is ``write-back``) acknowledges what it has not flushed;
    a crash takes what was written since it last did, every *flush_every_s*.
    """

    read: Latency = LogNormal(0.001, 0.3)
    append: Latency = LogNormal(0.004, 0.3)
    reads_at_once: AtLeastOne | None = None
    flushes_at_once: AtLeastOne | None = None
    synchronous: Literal["sound", "write-back"] = "sound"
    flush_every_s: Lasting | None = msgspec.field(name="flush_every", default=None)

    def problems(self) -> Iterator[Problem]:
        if self.synchronous == "write-back" and self.flush_every_s is None:
            yield "flush_every", "'flush_every' is missing: how often a store that is written back flushes"
        if self.synchronous == "sound" and self.flush_every_s is not None:
            yield "flush_every", "goes with 'synchronous: write-back'; a sound store flushes with every append"


class ShopService(Section, frozen=True, kw_only=True):
    """One of the shop's five services, each with a store of its own."""

    shop: Literal["users", "orders", "payments", "inventory", "shipping"]
    store: StoreRule = StoreRule()


REPLICAS_MAX = 10_000
TIMED = ("codel", "adaptive_lifo")
"""The disciplines that have a target."""


class Model(Section, frozen=True, kw_only=True):
    """A service without code: *capacity* requests at once, *queue_limit* more may wait, others are turned away.

    Each request takes a time drawn from *latency*, then calls every service
    in *calls*, one after another, and fails with probability *failure_rate*.
    With a *quorum* it calls them all at once, and so many of them have to answer.
    Of *shards* it calls one, which the request decides; what is *optional* it
    calls too, and does without where it gets no answer.
    Of several *replicas*, each has its own capacity and queue; *balance* says
    how one is chosen for a request, *discipline* whose turn is next in a queue,
    and *breakers* whether each has its own, and its own budget of retries.
    """

    latency: Latency
    capacity: AtLeastOne = 16
    queue_limit: Count = 100
    discipline: Literal["fifo", "lifo", "deadline", "codel", "adaptive_lifo"] = "fifo"
    target_s: Lasting = msgspec.field(name="target", default=TARGET_S)
    interval_s: Lasting = msgspec.field(name="interval", default=INTERVAL_S)
    failure_rate: Probability = 0.0
    calls: tuple[Annotated[str, ServiceKind(modelled=True)], ...] = ()
    optional: tuple[Annotated[str, ServiceKind(modelled=True)], ...] = ()
    shards: tuple[Annotated[str, ServiceKind(modelled=True)], ...] = ()
    quorum: AtLeastOne | None = None
    replicas: AtLeastOne = 1
    balance: Literal["random", "round_robin", "two_choices", "least_loaded"] = "round_robin"
    breakers: Literal["shared", "own"] = "shared"

    def problems(self) -> Iterator[Problem]:
        if self.discipline not in TIMED and (self.target_s, self.interval_s) != (TARGET_S, INTERVAL_S):
            key = "target" if self.target_s != TARGET_S else "interval"
            yield key, "goes with 'discipline: codel' or 'adaptive_lifo', which look at how long a request has waited"
        elif self.interval_s <= self.target_s:
            yield "interval", f"expected more than the target, {duration_text(self.target_s)}"
        if len(set(self.shards)) < len(self.shards):
            twice = next(name for name in self.shards if self.shards.count(name) > 1)
            yield "shards", f"{twice!r} is there twice"
        if self.replicas > REPLICAS_MAX:
            yield "replicas", f"expected at most {REPLICAS_MAX:,}"
        if self.quorum is None:
            return
        if self.quorum > len(self.calls):
            yield "quorum", f"expected at most {len(self.calls)}, the services in 'calls'; found {self.quorum}"
        elif len(set(self.calls)) < len(self.calls):
            twice = next(name for name in self.calls if self.calls.count(name) > 1)
            yield "calls", f"{twice!r} is there twice; in a quorum everybody counts once"


class ModelledService(Section, frozen=True, kw_only=True):
    """A service described by how it behaves, so that a designer needs no code."""

    model: Model


class AppService(Section, frozen=True, kw_only=True):
    """Code of one's own, by the name under which `--app` brings it in. The file alone runs none of it."""

    app: Text
    store: StoreRule = StoreRule()


class BoxOffice(Section, frozen=True, kw_only=True):
    """A theatre's box office, to see conflicts with: each request sells one seat, by a command on one of few streams.

    The *seats* are shared out evenly among *sections*, each a stream of its
    own; a sale takes one of them by chance. *hold* is how long a command is
    decided, between what it read and its append. The *naive* executor appends
    without checking what was only read: a bug, to see the invariants find it.
    """

    seats: AtLeastOne = 1200
    sections: AtLeastOne = 1
    hold: Latency = Constant(0.0)
    executor: Literal["sound", "naive"] = "sound"

    def problems(self) -> Iterator[Problem]:
        if self.seats % self.sections:
            yield "sections", f"expected a number that shares {self.seats} seats out evenly; found {self.sections}"


class BoxOfficeService(Section, frozen=True, kw_only=True):
    """A service that decides commands on a store of its own, under contention."""

    boxoffice: BoxOffice
    store: StoreRule = StoreRule()


Service: TypeAlias = ShopService | ModelledService | AppService | BoxOfficeService


class Stock(Section, frozen=True, kw_only=True):
    """The catalogue, and what lies on the shelves when the run begins.

    *titles* are wanted by a Zipf law with exponent *zipf*. Each opens with
    *opening* pieces, but for *scarce* titles of middling popularity, which
    open with the share *scarce_cover* of what all orders together want.
    """

    titles: AtLeastOne = 50
    zipf: Annotated[float, NumberKind(0)] = 1.0
    opening: Count = 1000
    scarce: Count = 3
    scarce_cover: Probability = 0.5

    def problems(self) -> Iterator[Problem]:
        if self.scarce > self.titles:
            yield "scarce", f"expected at most {self.titles}, the number of titles; found {self.scarce}"


class SagaRule(Section, frozen=True, kw_only=True):
    """How checkout is carried through. With *compensation* off, nothing is undone: a bug to see the checks find.

    *by* says how services ask each other: by calls, or by one-way messages, the request and its outcome.
    What must succeed is tried for *stuck_after_s*; then the checkout is stuck, and waits for a person. There is one
    where *operator_s* says so: so long after load and faults have ended, all that is stuck is let try again.
    """

    compensation: bool = True
    step_attempts: AtLeastOne = 5
    backoff: BackoffRule = BackoffRule(base_s=0.2)
    order: Literal["payment_first", "inventory_first"] = "payment_first"
    by: Literal["call", "message"] = "call"
    stuck_after_s: Lasting = msgspec.field(name="stuck_after", default=600.0)
    operator_s: Lasting | None = msgspec.field(name="operator", default=None)


class ConflictBackoffRule(BackoffRule, frozen=True, kw_only=True):
    """Pauses after a conflict, as between other attempts; a *base_s* of nothing means at once, without any."""

    base_s: Duration = msgspec.field(name="base", default=0.01)
    cap_s: Lasting = msgspec.field(name="cap", default=1.0)


class ConflictRule(Section, frozen=True, kw_only=True):
    """How often a command that met a conflict reads and decides again, in all."""

    attempts: AtLeastOne = 5
    backoff: ConflictBackoffRule = ConflictBackoffRule()


class Policies(Section, frozen=True, kw_only=True):
    """How services deal with one another's failures."""

    call_timeout_s: Lasting = msgspec.field(name="call_timeout", default=1.0)
    retry: RetryRule = RetryRule()
    breaker: BreakerRule = BreakerRule()
    front: FrontRule = FrontRule()
    saga: SagaRule = SagaRule()
    conflicts: ConflictRule = ConflictRule()


class Scenario(Section, frozen=True, kw_only=True):
    """One question, and everything that decides its answer."""

    question: Text
    seed: Count = 1
    services: dict[str, Service]
    network: NetworkRules = NetworkRules()
    load: Load
    stock: Stock = Stock()
    faults: tuple[Fault, ...] = ()
    policies: Policies = Policies()
    expectations: tuple[Annotated[Expectation, ExpectationKind()], ...] = ()
