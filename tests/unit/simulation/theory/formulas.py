"""What theory says, each formula with its source."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import comb, exp, factorial


def erlang_c(servers: int, offered: float) -> float:
    """The probability that a request waits in M/M/c (Erlang 1917); *offered* is λ/μ."""
    full = offered**servers / factorial(servers) * servers / (servers - offered)
    return full / (sum(offered**k / factorial(k) for k in range(servers)) + full)


def pollaczek_khinchine(per_s: float, mean_s: float, squared_cv: float) -> float:
    """The mean wait in the queue of M/G/1 (Pollaczek 1930, Khinchine 1932)."""
    rho = per_s * mean_s
    return rho * mean_s * (1 + squared_cv) / (2 * (1 - rho))


def two_choices(rho: float, level: int) -> float:
    """The share of servers with *level* requests or more, where the emptier of two is chosen (Mitzenmacher 2001)."""
    return float(rho ** (2**level - 1))


def calls_of_a_request(attempts: int, layers: int, failing: float) -> float:
    """Calls of the last of *layers* which each make up to *attempts*, where one fails with probability *failing*.

    Each layer makes 1 + p + … + p^(a−1) calls on average and fails with p^a, so over layers the product telescopes into
    one geometric sum over all a^layers attempts; at p = 1 they are all made.
    """
    every = attempts**layers
    return float(every) if failing == 1 else (1 - failing**every) / (1 - failing)


def conflict(rivals_per_s: float, hold_s: float) -> float:
    """That at least one of Poisson rivals writes within a hold."""
    return 1 - exp(-rivals_per_s * hold_s)


def available(nodes: int, needed: int, up_s: float, down_s: float) -> float:
    """That *needed* of independent nodes are up: a sum of binomials (Barlow & Proschan 1975)."""
    up = up_s / (up_s + down_s)
    return sum(comb(nodes, k) * up**k * (1 - up) ** (nodes - k) for k in range(needed, nodes + 1))


def mg1_stay(per_s: float, service: Mapping[float, float], share: float, *, step_s: float = 0.005) -> float:
    """How long *share* of all stay at most in M/G/1, where service takes so many seconds with such a probability.

    The transform of Pollaczek and Khinchine says that the wait is a sum of remainders of services, geometrically many
    of them (Kleinrock 1975, §5.7); it is added up on a grid of *step_s*, by Panjer's recursion
    (1981), and the service upon it.
    """
    mean_s = sum(took_s * chance for took_s, chance in service.items())
    rho, cells = per_s * mean_s, round(max(service) / step_s)
    longer = [sum(p for took_s, p in service.items() if took_s > (k + 0.5) * step_s) for k in range(cells)]
    density = [0.0, *(chance * step_s / mean_s for chance in longer), 0.0]
    remainder = [(a + b) / 2 for a, b in pairwise(density)]
    wait, before, k = [(1 - rho) / (1 - rho * remainder[0])], 0.0, 0
    while True:
        stay = sum(p * wait[k - at] for took_s, p in service.items() if (at := round(took_s / step_s)) <= k)
        if before + stay >= share:  # what is at a point of the grid lies around it
            return step_s * (k - 0.5 + (share - before) / stay)
        before, k = before + stay, k + 1
        wait.append(
            rho / (1 - rho * remainder[0]) * sum(remainder[j] * wait[k - j] for j in range(1, min(k, cells) + 1))
        )
