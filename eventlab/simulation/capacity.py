"""So many at once, the others in a queue: a machine's processors, a pool of connections, a counter with clerks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, get_args

from .. import hooks, runtime
from ..errors import DeadlinePassed, InvalidValue, LoadShed, Unavailable
from ..resilience.codel import INTERVAL_S, TARGET_S, CoDel, ControlledLine
from ..resilience.deadline import current_deadline_s
from .incarnation import INCARNATION, Incarnation
from .queues import Discipline, Queue, queue_of
from .usage import Meter, Usage
from .working import check_work, stretched_s


class Capacity:
    """Serves *servers* at once; up to *queue_limit* more wait, and further ones are refused.

    *discipline* says whose turn is next: ``fifo``, ``lifo``, the smallest ``priority``, or the nearest
    ``deadline``. That one alone looks at deadlines: it drops a request when its own is over. ``codel`` and
    ``adaptive_lifo`` are ``fifo`` until the queue stands, as `resilience.CoDel` judges with *target_s* and
    *interval_s*; then whoever has waited for twice the target is dropped when a server is free, with LoadShed, and the
    second serves whoever came last. A target is to be longer than a service. A service that has begun is never
    interrupted. In a world and on asyncio's own loop alike::

        disk = Capacity(servers=2, queue_limit=100, name="disk")
        await disk.serve(0.004)
        async with disk.use():
            ...

    Whoever is cancelled leaves; a crash of a node takes its requests with it, and gives back what they held.
    """

    def __init__(
        self,
        servers: int = 1,
        *,
        queue_limit: int | None = None,
        discipline: Discipline = "fifo",
        name: str = "capacity",
        target_s: float = TARGET_S,
        interval_s: float = INTERVAL_S,
    ) -> None:
        if not servers >= 1 or servers % 1:
            raise InvalidValue(f"{name}.servers", servers, "a whole number, at least 1")
        if queue_limit is not None and (not queue_limit >= 0 or queue_limit % 1):
            raise InvalidValue(f"{name}.queue_limit", queue_limit, "a whole number from 0, or None for no limit")
        if discipline not in get_args(Discipline):
            raise InvalidValue(f"{name}.discipline", discipline, f"one of {', '.join(get_args(Discipline))}")
        self.name, self.servers, self.queue_limit, self.discipline = name, servers, queue_limit, discipline
        self.in_service = 0
        self._by_deadline = discipline == "deadline"
        self._queue: Queue = queue_of(discipline, CoDel(target_s, interval_s, name))
        self._shedding = self._queue if isinstance(self._queue, ControlledLine) else None
        self._meter = Meter(0.0)
        self._clock: Callable[[], float] = _unused
        """That of the world in which it is first used: it may be built, and its usage be read, outside."""

    def __repr__(self) -> str:
        return f"<Capacity {self.name}: {self.in_service} of {self.servers} in service, {self.waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many stand in the queue now."""
        return len(self._queue)

    @property
    def present(self) -> int:
        """How many are here now, waiting or in service."""
        return self.in_service + len(self._queue)

    def use(self, *, priority: float = 0, deadline_s: float | None = None) -> Place:
        """A server for as long as the ``async with`` block lasts, waited for in the queue.

        *priority* counts under that discipline, the smaller first; *deadline_s* is absolute, on
        `runtime.monotonic`, and the one that came with the call if it is left out. Entering raises
        Unavailable when the queue is full, and DeadlinePassed when the deadline is over.
        """
        return Place(self, priority, deadline_s)

    async def serve(self, service_s: float, *, priority: float = 0, deadline_s: float | None = None) -> None:
        """Wait for a server and work for *service_s* seconds, or longer on a slow node. Raises as `use` does."""
        check_work(f"service_s of {self.name}", service_s)
        place = Place(self, priority, deadline_s)
        self._enter(place)
        if place.wakes is not None:
            await self._turn(place, place.wakes)
        try:
            await asyncio.sleep(stretched_s(service_s))
        except BaseException:
            self._leave(place, served=False)
            raise
        self._leave(place, served=True)

    @property
    def usage(self) -> Usage:
        """How it was used since it was first asked for a server, or since `measure_afresh`."""
        return self._measured(self._clock()).usage(self.servers)

    def measure_afresh(self) -> None:
        """Forget what was counted, as at the end of a warm-up. Whoever is there stays, and counts on leaving."""
        self._meter = Meter(self._clock())

    def _measured(self, now_s: float) -> Meter:
        """The counts up to now: to be asked for before anything changes."""
        self._meter.passed(now_s, len(self._queue), self.in_service)
        return self._meter

    def _enter(self, place: Place) -> None:
        """Begin to serve, or put *place* into the queue: then it has a future, done when its turn has come."""
        clock = self._clock
        if clock is _unused:
            clock = self._clock = runtime.current().monotonic
            self._meter = Meter(clock())
        now_s = place.came_s = clock()
        meter = self._measured(now_s)
        meter.arrived += 1
        if self._by_deadline:
            self._take_deadline(place, meter, now_s)
        if self.in_service < self.servers:
            self._begin(place, meter, now_s)
        elif self.queue_limit is not None and self.waiting >= self.queue_limit:
            meter.refused += 1
            raise Unavailable(self.name, f"its queue is full ({self.waiting} waiting)")
        else:
            place.state, place.wakes = WAITING, asyncio.get_running_loop().create_future()
            self._queue.put(place, place.rank)
        life = INCARNATION.get()
        if life is not None:
            place.life = life
            life.belongings[place] = None

    def _take_deadline(self, place: Place, meter: Meter, now_s: float) -> None:
        deadline_s = current_deadline_s() if place.deadline_s is None else place.deadline_s
        place.rank = math.inf if deadline_s is None else deadline_s
        if place.rank <= now_s:
            meter.dropped += 1
            raise DeadlinePassed(self.name, "the deadline was over before it was asked")

    async def _turn(self, place: Place, wakes: asyncio.Future[None]) -> None:
        """Wait in the queue until *place* is served."""
        timer = None
        if self._by_deadline and place.rank < math.inf:
            timer = asyncio.get_running_loop().call_later(place.rank - place.came_s, self._expire, place)
        try:
            await wakes
        except BaseException:
            self._leave(place, served=False)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if hooks.tracing:
            hooks.emit_traced(hooks.TurnCame(self.name, runtime.monotonic() - place.came_s))

    def _begin(self, place: Place, meter: Meter, now_s: float) -> None:
        place.state = SERVED
        self.in_service += 1
        meter.began += 1
        meter.waited_s += now_s - place.came_s

    def _leave(self, place: Place, *, served: bool) -> None:
        """*place* is over, in whatever state it was. It may be told so twice."""
        state, place.state = place.state, OVER
        if place.life is not None:
            place.life.belongings.pop(place, None)
        if state == OVER:
            return
        now_s = self._clock()
        meter = self._measured(now_s)
        if served:
            meter.served += 1
            meter.stayed_s += now_s - place.came_s
        else:
            meter.abandoned += 1
        if state == WAITING:
            self._queue.remove(place)
        else:
            self.in_service -= 1
            if self._queue:
                self._serve_next(meter, now_s)

    def _serve_next(self, meter: Meter, now_s: float) -> None:
        """Give a server that has become free to whoever's turn it is."""
        if self._shedding is not None:
            for place in self._shedding.shed(now_s):
                self._drop(place, meter, LoadShed(self.name, "it waited too long in a queue that stands", self.waiting))
        while self._queue:
            place = self._queue.take()
            wakes = place.wakes
            if self._by_deadline and place.rank <= now_s:
                self._drop(place, meter, self._late())
            elif wakes.done():  # cancelled at this very moment
                place.state = OVER
                meter.abandoned += 1
            else:
                self._begin(place, meter, now_s)
                wakes.set_result(None)
                return

    def _expire(self, place: Place) -> None:
        if place.state == WAITING:
            meter = self._measured(self._clock())
            self._queue.remove(place)
            self._drop(place, meter, self._late())

    def _late(self) -> DeadlinePassed:
        return DeadlinePassed(self.name, "the deadline was over while it waited its turn")

    def _drop(self, place: Place, meter: Meter, why: Unavailable) -> None:
        place.state = OVER
        meter.dropped += 1
        wakes = place.wakes
        if wakes is not None and not wakes.done():
            wakes.set_exception(why)
            wakes.exception()  # seen: whoever waits may be dead before it is told


def _unused() -> float:
    return 0.0


NEW, WAITING, SERVED, OVER = range(4)


class Place:
    """What one request holds of a capacity: a place in its queue, then a server."""

    __slots__ = ("_capacity", "came_s", "deadline_s", "life", "rank", "state", "wakes")

    def __init__(self, capacity: Capacity, priority: float, deadline_s: float | None) -> None:
        if priority != priority or deadline_s != deadline_s:
            raise InvalidValue(
                f"priority or deadline_s of {capacity.name}", (priority, deadline_s), "a number, not nan"
            )
        self._capacity, self.rank, self.deadline_s = capacity, priority, deadline_s
        self.state, self.came_s = NEW, 0.0
        self.wakes: asyncio.Future[None] | None = None
        self.life: Incarnation | None = None

    async def __aenter__(self) -> None:
        self._capacity._enter(self)
        if self.wakes is not None:
            await self._capacity._turn(self, self.wakes)

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        self._capacity._leave(self, served=not cancelled)

    def abandon(self, graveyard: list[Any]) -> None:
        """Its node has died: the server is free for others."""
        self._capacity._leave(self, served=False)
