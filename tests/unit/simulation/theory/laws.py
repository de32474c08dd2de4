"""The laws of theory that the simulator is held against: what is expected, how it is measured, and a planted error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from math import exp
from typing import Any

from eventlab.simulation import Constant, Exponential, LogNormal
from eventlab.simulation.statistics import SINGLE, Estimate, Replications, replicate
from tests.unit.simulation.theory import formulas
from tests.unit.simulation.theory.queues import queue, tails
from tests.unit.simulation.theory.systems import amplification, conflicts, quorum

CONFIDENCE = 0.999
REPLICATIONS = 16


@dataclass(frozen=True)
class Law:
    """*metric* of *run* is *expected* on average. The *planted* one differs by a factor, or in its policy."""

    what: str
    source: str
    expected: float
    run: Callable[[int], Any]
    planted: Callable[[int], Any]
    metric: str = SINGLE
    replications: int = REPLICATIONS

    def measured(self) -> Estimate:
        return _replicated(self.run, self.replications).estimate(self.metric, confidence=CONFIDENCE)

    def with_the_planted_error(self) -> Estimate:
        return _replicated(self.planted, self.replications).estimate(self.metric, confidence=CONFIDENCE)

    @property
    def row(self) -> str:
        """Its line in the table of docs/theory.md."""
        return f"| {self.what} | {self.expected:.4g} | {self.measured().interval} | {self.source} |"


@cache
def _replicated(run: Callable[[int], Any], replications: int) -> Replications:
    return replicate(run, replications=replications)


def _queues() -> list[Law]:
    mm1 = partial(queue, per_s=0.5, law=Exponential(1), for_s=1300, from_s=100)
    slow1 = partial(queue, per_s=0.5, law=Exponential(1.2), for_s=1300, from_s=100)
    mm3 = partial(queue, per_s=2.1, law=Exponential(1), servers=3, for_s=330, from_s=30)
    slow3 = partial(queue, per_s=2.1, law=Exponential(1.2), servers=3, for_s=330, from_s=30)
    waits = formulas.erlang_c(3, 2.1)
    source, tail = "Erlang 1917; Kleinrock 1975, §3.2", "Kleinrock 1975, §5.12"
    erlang = "Erlang 1917 (C formula); Kleinrock 1975, §3.5"
    pk = "Pollaczek 1930, Khinchine 1932; Kleinrock 1975, §5.6"
    laws = [
        Law("M/M/1, ρ = 0.5: requests present, L", source, 1.0, mm1, slow1, "L"),
        Law("M/M/1, ρ = 0.5: time from coming to leaving, W (s)", source, 2.0, mm1, slow1, "W"),
        Law("M/M/1, ρ = 0.5: share that waits longer than 1 s", tail, 0.5 * exp(-0.5), mm1, slow1, "waiting longer"),
        Law("M/M/3, ρ = 0.7: share that waits", erlang, waits, mm3, slow3, "waiting"),
        Law("M/M/3, ρ = 0.7: wait in the queue, Wq (s)", erlang, waits / 0.9, mm3, slow3, "Wq"),
        Law("M/M/3, ρ = 0.7: requests present, L", erlang, 2.1 + 2.1 * waits / 0.9, mm3, slow3, "L"),
    ]
    sigma = 0.8
    median_s = exp(-sigma * sigma / 2)  # so that the mean is 1
    bell, slow_bell = LogNormal(median_s, sigma), LogNormal(1.2 * median_s, sigma)
    for name, law, slower, squared_cv in (
        ("M/D/1", Constant(1.0), Constant(1.2), 0.0),
        ("M/G/1 with log-normal service (σ = 0.8)", bell, slow_bell, exp(sigma**2) - 1),
    ):
        run = partial(queue, per_s=0.5, law=law, for_s=1100, from_s=100)
        planted = partial(queue, per_s=0.5, law=slower, for_s=1100, from_s=100)
        wait_s = formulas.pollaczek_khinchine(0.5, 1.0, squared_cv)
        laws.append(Law(f"{name}, ρ = 0.5: wait in the queue, Wq (s)", pk, wait_s, run, planted, "Wq"))
    return laws


def _choices() -> list[Law]:
    laws = []
    for rho, level, lasting_s in ((0.5, 2, 45.0), (0.7, 2, 45.0), (0.8, 3, 70.0)):
        run, planted = (
            partial(tails, rho=rho, replicas=40, balance=balance, for_s=lasting_s, from_s=lasting_s / 3)
            for balance in ("two_choices", "random")
        )
        what = f"two choices, ρ = {rho}: share of replicas with {level} or more"
        laws.append(Law(what, "Mitzenmacher 2001", formulas.two_choices(rho, level), run, planted, f"s{level}", 8))
    return laws


def _systems() -> list[Law]:
    rivals = {"rivals_per_s": 5.0, "commands": 200}
    storm = {"layers": 3, "attempts": 3, "requests": 25}
    copies = {"nodes": 5, "needed": 3, "up_s": 90.0, "reads": 60, "apart_s": 100.0}
    return [
        Law(
            "one command against Poisson rivals, λ·hold = 0.5: share that conflicts",
            "1 − e^(−λ·hold)",
            formulas.conflict(5.0, 0.1),
            partial(conflicts, hold_s=0.1, **rivals),
            partial(conflicts, hold_s=0.13, **rivals),
        ),
        Law(
            "3 layers that try 3 times, all calls fail: calls of the last service",
            "attempts^layers",
            formulas.calls_of_a_request(3, 3, 1.0),
            partial(amplification, failing=1.0, **storm),
            partial(amplification, failing=1.0, **{**storm, "attempts": 2}),
            replications=4,
        ),
        Law(
            "3 layers that try 3 times, half of the calls fail: calls of the last service",
            "geometric sum, (1 − p^(a^layers)) / (1 − p)",
            formulas.calls_of_a_request(3, 3, 0.5),
            partial(amplification, failing=0.5, **{**storm, "requests": 60}),
            partial(amplification, failing=0.6, **{**storm, "requests": 60}),
        ),
        Law(
            "3 of 5 nodes, each up for 90 s and down for 30 s: share of reads that a quorum answers",
            "sum of binomials; Barlow & Proschan 1975",
            formulas.available(5, 3, 90.0, 30.0),
            partial(quorum, down_s=30.0, **copies),
            partial(quorum, down_s=40.0, **copies),
        ),
    ]


LAWS: Mapping[str, Law] = {law.what: law for law in [*_queues(), *_choices(), *_systems()]}
