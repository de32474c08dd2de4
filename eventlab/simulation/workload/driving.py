"""Putting a load on something: each request begins at its moment, whatever became of those before it."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ... import runtime
from .arriving import arrivals
from .loads import ClosedLoad, Load, OpenLoad, Replay


class Arrival(NamedTuple):
    """A request whose time has come: its *number*, from 1 on, and the moment at which it was meant to.

    *at_s* is on the scale of `runtime.monotonic()`: measure latency from there. On a real clock the loop may have come
    late to it, and a measurement that begins when the loop had time would leave out just the waits that were long
    (Tene 2013 calls that coordinated omission). Of a closed load, *user* tells who asks, from 1 on, and *number* how
    often that user has; of an open one, *user* is 0.
    """

    number: int
    at_s: float
    user: int = 0


Ask = Callable[[Arrival], Awaitable[Any]]
"""Makes one request, and returns when it has its answer. What it raises ends the load."""


async def drive(
    load: Load, request: Ask, *, chance: random.Random | None = None, begins_s: float | None = None
) -> None:
    """Call *request* for every request of the load, and return when each has its answer.

    An open load and a replay never wait for answers: when these are late, requests pile up, as people do at a door.
    *chance* is what an open load draws its arrivals from, the stream ``arrivals`` by default; users of a
    closed one think by streams of their own, ``thinking/client-1`` and so on. The load's time counts from
    *begins_s* on `runtime.monotonic()`, by default from now.
    """
    if begins_s is None:
        begins_s = runtime.monotonic()
    if isinstance(load, ClosedLoad):
        await _together(load, request, begins_s)
    else:
        await _spread(load, request, chance or runtime.random_stream("arrivals"), begins_s)


async def _spread(load: OpenLoad | Replay, request: Ask, chance: random.Random, begins_s: float) -> None:
    async with asyncio.TaskGroup() as group:
        for number, after_s in enumerate(arrivals(load, chance), start=1):
            at_s = begins_s + after_s
            await asyncio.sleep(max(0.0, at_s - runtime.monotonic()))
            group.create_task(_made(request, Arrival(number, at_s)))


async def _together(load: ClosedLoad, request: Ask, begins_s: float) -> None:
    ends_s = begins_s + (math.inf if load.for_s is None else load.for_s)
    async with asyncio.TaskGroup() as group:
        for user in range(1, load.users + 1):
            group.create_task(_user(load, request, user, ends_s))


async def _user(load: ClosedLoad, request: Ask, user: int, ends_s: float) -> None:
    chance = runtime.random_stream(f"thinking/client-{user}")
    number = 0
    while load.each is None or number < load.each:
        number += 1
        await request(Arrival(number, runtime.monotonic(), user))
        if number != load.each:
            await asyncio.sleep(load.thinking.sample(chance))
        if runtime.monotonic() >= ends_s:
            return


async def _made(request: Ask, arrival: Arrival) -> None:
    await request(arrival)
