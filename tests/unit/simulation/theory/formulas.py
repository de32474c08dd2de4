"""What theory says, each formula with its source."""

from __future__ import annotations

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
