"""Which of several like servers a request is sent to."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Literal, Protocol, TypeAlias, TypeVar, get_args

from ..errors import InvalidValue

Balance: TypeAlias = Literal["random", "round_robin", "two_choices", "least_loaded"]
"""How a server is chosen: by chance; in turn; the emptier of two by chance; or the emptiest of all.

Two choices cost two questions, and do most of what asking everybody does: the share of servers with *i* or more
requests falls from ρ^i to ρ^(2^i − 1) (Mitzenmacher 2001, "The power of two choices in randomized load balancing").
"""


class Loaded(Protocol):
    """Whatever can say how many requests are with it, waiting or served."""

    @property
    def present(self) -> int: ...


S = TypeVar("S", bound=Loaded)


def balancer(balance: Balance, servers: Sequence[S], chance: Callable[[], random.Random]) -> Callable[[], S]:
    """Gives a server for each request. Where there is one only, or the turn decides, *chance* is not asked.

    Of servers that are equally loaded, two choices take the one drawn first, and the least loaded one is drawn by
    chance, as a fixed order would fill the first ones.
    """
    if balance not in get_args(Balance):
        raise InvalidValue("balance", balance, f"one of {', '.join(get_args(Balance))}")
    if len(servers) == 1:
        return lambda: servers[0]
    if balance == "round_robin":
        turn = cycle(servers)
        return lambda: next(turn)
    if balance == "random":
        return lambda: servers[chance().randrange(len(servers))]
    if balance == "two_choices":
        return lambda: _emptier(servers, chance())
    return lambda: _emptiest(servers, chance())


def _emptier(servers: Sequence[S], chance: random.Random) -> S:
    """The emptier of two different ones."""
    first = chance.randrange(len(servers))
    second = chance.randrange(len(servers) - 1)
    one, other = servers[first], servers[second + (second >= first)]
    return other if other.present < one.present else one


def _emptiest(servers: Sequence[S], chance: random.Random) -> S:
    least = min(server.present for server in servers)
    lightest = [server for server in servers if server.present == least]
    return lightest[chance.randrange(len(lightest))]
