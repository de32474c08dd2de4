"""Stories of threads that any breaker for plain functions can be put through, and what was seen in each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from eventlab.errors import CircuitOpen
from eventlab.naive.breaker import CircuitIsOpen

THREADS = 8
PATIENCE_S = 20


class PlainBreaker(Protocol):
    def run(self, f: Callable[..., Any], *args: object) -> Any: ...


def together(works: Sequence[Callable[[], object]]) -> None:
    """Each on a thread of its own, which begins when all are there."""
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], object]) -> None:
        gate.wait(PATIENCE_S)
        work()

    threads = [threading.Thread(target=begin, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)


def all_inside_at_once(breaker: PlainBreaker, patience_s: float = PATIENCE_S) -> bool:
    """Eight calls of which none ends before all have begun. Do they end?"""
    inside = threading.Barrier(THREADS)
    met: list[bool] = []

    def meet() -> None:
        try:
            inside.wait(patience_s)
        except threading.BrokenBarrierError:
            return
        met.append(True)

    together([lambda: breaker.run(meet)] * THREADS)
    return len(met) == THREADS


def hammered(breaker: PlainBreaker) -> int:
    """Eight threads ask a half-open breaker again and again while no probe ends. How many calls are inside?"""
    done = threading.Event()
    inside, counting = 0, threading.Lock()
    hammering = threading.Barrier(THREADS + 1)

    def probe() -> None:
        nonlocal inside
        with counting:
            inside += 1
        hammering.wait(PATIENCE_S)
        done.wait(PATIENCE_S)

    def hammer() -> None:
        for _ in range(200):
            try:
                breaker.run(probe)
            except (CircuitOpen, CircuitIsOpen):
                continue
            return
        hammering.wait(PATIENCE_S)
        done.wait(PATIENCE_S)

    threads = [threading.Thread(target=hammer) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    hammering.wait(PATIENCE_S)  # each thread has a call inside, or was rejected two hundred times
    seen = inside
    done.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    return seen
