"""So many calls in a time, and so many at once after a pause.

The generic cell rate algorithm (ITU-T I.371, *virtual scheduling*): one number, the moment at which the next call would
come if all came evenly, is all that is remembered. Unlike a counter of a fixed window it knows no border at which two
bursts may meet.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import TypeVar

from .. import hooks, runtime
from ..errors import DeadlinePassed, InvalidValue, RateLimited
from ..errors.given import check_seconds
from .deadline import remaining_s
from .waiting import Turn, Waiter

T = TypeVar("T")

GRACE_S = 1e-9
"""Who comes so much too early is in time: the sum of a moment and a wait is not always the moment after the wait."""


class RateLimiter:
    """In any *t* seconds at most ``burst + rate_per_s * t`` calls pass; time is the monotonic clock's.

    Whoever has to wait waits in the order of coming, for at most *wait_max_s*. Whether that will do is known at once;
    if not, or if the ambient deadline is nearer, it is rejected with `RateLimited`, which says how long it would have
    been. Who leaves while it waits has used nothing, and the others move up::

        mails = RateLimiter("mails", rate_per_s=10, burst=20, wait_max_s=1)
        await mails.acquire()
        if mails.try_acquire(cost=5): ...
        await mails.call(send, mail)
    """

    kind = "rate_limit"

    def __init__(self, name: str, rate_per_s: float, *, burst: float = 1, wait_max_s: float = 0.0) -> None:
        if not 0 < rate_per_s < float("inf"):
            raise InvalidValue("RateLimiter.rate_per_s", rate_per_s, "a number of calls a second, above 0")
        if not 1 <= burst < float("inf"):
            raise InvalidValue("RateLimiter.burst", burst, "at least one call")
        check_seconds("RateLimiter.wait_max_s", wait_max_s, zero_too=True, endless_too=True)
        self.name, self.rate_per_s, self.burst, self.wait_max_s = name, rate_per_s, burst, wait_max_s
        self._even_s = -float("inf")
        """When the next call would come, if those that have passed had come evenly."""
        self._queue: OrderedDict[Waiter, float] = OrderedDict()
        self._queued_cost = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<RateLimiter {self.name}: {self.rate_per_s:g} a second, burst {self.burst:g}, {self.waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many wait for their turn now."""
        return len(self._queue)

    def wait_s(self, cost: float = 1) -> float:
        """How long a call of that *cost* would have to wait if it came now. 0 means that it would pass."""
        if not 0 < cost <= self.burst:
            raise InvalidValue(f"cost of a call of {self.name}", cost, f"above 0, and at most the burst {self.burst:g}")
        now_s = runtime.monotonic()
        if self._even_s - now_s > self.burst / self.rate_per_s + GRACE_S:
            self._even_s = now_s  # no calls lead so far ahead: this clock is another one, that of a new world
        if not self._queue and self._even_s <= now_s:
            return 0.0
        left_s = self._opens_s(self._queued_cost + cost) - now_s
        if self._queue:
            return max(left_s, GRACE_S)
        return left_s if left_s > GRACE_S else 0.0

    def try_acquire(self, cost: float = 1) -> bool:
        """Pass now, or not at all. Nobody passes by those who wait."""
        if self.wait_s(cost) > 0:
            return False
        self._pass(cost)
        return True

    async def acquire(self, cost: float = 1, *, wait_max_s: float | None = None) -> None:
        """Pass, or wait for it for at most *wait_max_s* (as the limiter says, when left out). Raises `RateLimited`."""
        wait_s = self.wait_s(cost)
        if wait_s <= 0:
            self._pass(cost)
            return
        left_s = remaining_s()
        wait_max_s = self.wait_max_s if wait_max_s is None else wait_max_s
        if wait_s > wait_max_s + GRACE_S or (left_s is not None and wait_s >= left_s):
            raise self._rejection(wait_s)
        waiter = Waiter(runtime.monotonic(), None)
        self._queue[waiter] = cost
        self._queued_cost += cost
        self._schedule()
        turn = await waiter.wait(self._leave, partial(self._give_back, cost))
        if turn is Turn.TOO_LATE:  # who slept through its turn
            raise DeadlinePassed(self.name, "the deadline passed while it waited for its rate")

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` when its turn has come."""
        await self.acquire()
        return await f(*args)

    def _opens_s(self, cost: float) -> float:
        """From when on so much may pass."""
        return self._even_s + (cost - self.burst) / self.rate_per_s

    def _pass(self, cost: float) -> None:
        self._even_s = max(self._even_s, runtime.monotonic()) + cost / self.rate_per_s

    def _schedule(self) -> None:
        """Wake up when the turn of the first in the queue has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            opens_s = self._opens_s(next(iter(self._queue.values())))
            self._timer = asyncio.get_running_loop().call_later(max(0, opens_s - runtime.monotonic()), self._turn)

    def _turn(self) -> None:
        """Let pass who may."""
        now_s = runtime.monotonic()
        while self._queue:
            waiter, cost = next(iter(self._queue.items()))
            if self._opens_s(cost) > now_s + GRACE_S:
                break
            self._remove(waiter)
            if waiter.tell(Turn.COME):
                self._pass(cost)
        self._schedule()

    def _leave(self, waiter: Waiter) -> None:
        if waiter in self._queue:
            first = next(iter(self._queue)) is waiter
            self._remove(waiter)
            if first:
                self._schedule()

    def _remove(self, waiter: Waiter) -> None:
        self._queued_cost -= self._queue.pop(waiter)
        if not self._queue:
            self._queued_cost = 0.0

    def _give_back(self, cost: float) -> None:
        """Who was let pass in this very step has left instead."""
        self._even_s -= cost / self.rate_per_s
        self._schedule()

    def _rejection(self, wait_s: float) -> RateLimited:
        error = RateLimited(self.name, wait_s)
        if hooks.listening:
            hooks.emit(hooks.CallRejected(self.name, self.kind, error.reason, self.waiting))
        return error


class RateLimiters:
    """One `RateLimiter` for each key, such as a customer: ``await limiters.of(customer).acquire()``.

    At most *keys_max* are remembered; the one that was asked for the longest ago is forgotten first. Nothing is lost
    by that unless more keys than that are used within ``burst / rate_per_s`` seconds: after such a time without a call
    a limiter is as good as new.
    """

    def __init__(
        self, name: str, rate_per_s: float, *, burst: float = 1, wait_max_s: float = 0.0, keys_max: int = 10_000
    ) -> None:
        if not keys_max >= 1 or keys_max % 1:
            raise InvalidValue("RateLimiters.keys_max", keys_max, "a whole number, at least 1")
        self.name, self.keys_max = name, keys_max
        self._make = partial(RateLimiter, rate_per_s=rate_per_s, burst=burst, wait_max_s=wait_max_s)
        self._make(name)  # what is wrong with the settings is told now
        self._limiters: OrderedDict[Hashable, RateLimiter] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._limiters)

    def of(self, key: Hashable) -> RateLimiter:
        """The limiter of *key*, a new one if there is none."""
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = self._make(f"{self.name} of {key}")
            if len(self._limiters) > self.keys_max:
                self._limiters.popitem(last=False)
        else:
            self._limiters.move_to_end(key)
        return limiter
