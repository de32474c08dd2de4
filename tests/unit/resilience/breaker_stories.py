"""Short stories that any breaker can be put through, and what was seen in each.

The sound breaker and the naive one live through the same ones and come out differently.
Both are built to open at the fifth failure in a row and to stay open for five seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from eventlab.errors import CircuitOpen, Refused, Unavailable
from eventlab.naive.breaker import CircuitIsOpen
from eventlab.testing.clock import ManualClock

OPEN_S = 5.0


class AnyBreaker(Protocol):
    async def call(self, f: Callable[..., Awaitable[Any]], *args: object) -> Any: ...


class Outside(Exception):
    """The error of a target that is down."""


async def works() -> str:
    return "answer"


async def fails() -> str:
    raise Outside("down")


async def declines() -> str:
    raise Refused("declined")


async def when(gate: asyncio.Event, then: Callable[[], Awaitable[str]]) -> str:
    await gate.wait()
    return await then()


async def quietly(breaker: AnyBreaker, f: Callable[..., Awaitable[Any]], *args: object) -> BaseException | None:
    """One call, and its error, if any."""
    try:
        await breaker.call(f, *args)
    except Exception as error:
        return error
    return None


async def rejects(breaker: AnyBreaker) -> bool:
    """Whether the breaker keeps a call from happening that would succeed."""
    return isinstance(await quietly(breaker, works), (CircuitOpen, CircuitIsOpen))


async def trip(breaker: AnyBreaker) -> None:
    for _ in range(5):
        await quietly(breaker, fails)


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def reached_by_a_hundred(breaker: AnyBreaker) -> int:
    """A hundred callers come at once. How many are inside together?"""
    gate, inside = asyncio.Event(), 0

    async def probe() -> None:
        nonlocal inside
        inside += 1
        await gate.wait()

    callers = [asyncio.create_task(quietly(breaker, probe)) for _ in range(100)]
    await settle()
    reached = inside
    gate.set()
    await asyncio.gather(*callers)
    return reached


async def herd(breaker: AnyBreaker, clock: ManualClock) -> int:
    """A hundred callers come the moment the open time is over. How many reach the target?"""
    await trip(breaker)
    clock.advance(OPEN_S)
    return await reached_by_a_hundred(breaker)


async def late_success(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """A call that began before the circuit opened succeeds after it. Does the circuit still reject?"""
    gate = asyncio.Event()
    straggler = asyncio.create_task(breaker.call(when, gate, works))
    await settle()
    await trip(breaker)
    gate.set()
    assert await straggler == "answer"
    return await rejects(breaker)


async def late_failure(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """A call that began before the circuit opened fails while probes are out. Does the circuit reject again?"""
    old, probing = asyncio.Event(), asyncio.Event()
    straggler = asyncio.create_task(quietly(breaker, when, old, fails))
    await settle()
    await trip(breaker)
    clock.advance(OPEN_S)
    probe = asyncio.create_task(quietly(breaker, when, probing, works))
    await settle()
    old.set()
    await straggler
    rejected = await rejects(breaker)
    probing.set()
    await probe
    return rejected


async def caught_between_check_and_act(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """A caller comes in the moment five failures arrive. Is the open period kept?"""
    gate, mine = asyncio.Event(), asyncio.Event()
    failing = [asyncio.create_task(quietly(breaker, when, gate, fails)) for _ in range(5)]
    await settle()
    caught = asyncio.create_task(quietly(breaker, when, mine, works))
    gate.set()
    await settle()
    kept = await rejects(breaker)
    mine.set()
    await asyncio.gather(caught, *failing)
    return kept


async def declined_cards(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """Fifty customers are refused by a target in good health. Does the circuit reject the next one?"""
    for _ in range(50):
        await quietly(breaker, declines)
    return await rejects(breaker)


async def four_in_five(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """Four calls of five fail, for ever. Does the circuit ever open?"""
    for _ in range(10):
        for f in (fails, fails, fails, fails, works):
            if isinstance(await quietly(breaker, f), (CircuitOpen, CircuitIsOpen)):
                return True
    return False


async def hands_set_forward(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """The wall clock is set an hour forward while the circuit is open. Does it still reject?"""
    await trip(breaker)
    clock.step(3600)
    return await rejects(breaker)


async def hands_set_back(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """The wall clock is set an hour back, then the open time passes. Does it still reject?"""
    await trip(breaker)
    clock.step(-3600)
    clock.advance(OPEN_S)
    return await rejects(breaker)


async def whose_exception(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """A call raises. Does the caller get that very exception?"""
    mine = Unavailable("payments", "cable cut")

    async def raises() -> None:
        raise mine

    return await quietly(breaker, raises) is mine


async def cancelled_probes(breaker: AnyBreaker, clock: ManualClock) -> int:
    """Ten probes are cancelled one after the other. How many of a hundred callers get through then?"""
    await trip(breaker)
    clock.advance(OPEN_S)
    for _ in range(10):
        probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
        await settle()
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
    return await reached_by_a_hundred(breaker)


async def one_lucky_probe(breaker: AnyBreaker, clock: ManualClock) -> bool:
    """The target answers one call of three. Three probes later: does the circuit reject?"""
    await trip(breaker)
    clock.advance(OPEN_S)
    gates = [asyncio.Event() for _ in range(3)]
    ends = (fails, fails, works)
    probes = [asyncio.create_task(quietly(breaker, when, gate, end)) for gate, end in zip(gates, ends, strict=True)]
    await settle()
    for gate, probe in zip(gates, probes, strict=True):
        gate.set()
        await probe
    return await rejects(breaker)
