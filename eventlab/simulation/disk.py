"""A disk under stores: it does so much at once, and it stalls, slows down and fills up when told to."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from .. import hooks
from ..errors import InvalidValue, StoreFailed
from .blocks import as_block
from .loop import SimulationLoop, running_loop
from .working import check_slowness, stretched_s

Kind = Literal["read", "flush"]


class Service(NamedTuple):
    """Something that a disk was asked to do. *begun* is done when its turn has come, *done* when it is."""

    takes_s: float
    begun: asyncio.Future[None]
    done: asyncio.Future[None]


class Disk:
    """What one store, or several that share it, are waited for by.

    It serves *reads_at_once* and *flushes_at_once*, further ones wait in their order; None is no limit. Its
    throughput follows: 4 at once of 2 ms each are 2000 a second. What it was asked to do it does, also for
    a node that crashed meanwhile.

    Faults are blocks, hold until the block ends, and may overlap: ``with disk.stalled(): ...``.
    """

    def __init__(
        self, name: str = "disk", *, reads_at_once: int | None = None, flushes_at_once: int | None = None
    ) -> None:
        self.name = name
        self._lanes: dict[Kind, _Lane] = {
            "read": _Lane(_checked(name, "reads_at_once", reads_at_once)),
            "flush": _Lane(_checked(name, "flushes_at_once", flushes_at_once)),
        }
        self._stalls: dict[object, float] = {}
        self._slow: dict[object, float] = {}
        self._fulls: dict[object, float] = {}
        self._blocks: dict[object, tuple[dict[object, float], str, str]] = {}
        """What holds, oldest first, by the block that ends it."""
        self._held: list[tuple[_Lane, Service]] = []
        self._loop: SimulationLoop | None = None

    @property
    def is_full(self) -> bool:
        return bool(self._fulls)

    @property
    def slowness(self) -> float:
        """How many times as long it takes as it would at full speed; without end while it is stalled."""
        return math.inf if self._stalls else math.prod(self._slow.values())

    @property
    def waiting(self) -> int:
        """How many reads and flushes wait for their turn."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @as_block
    def stalled(self) -> Iterator[None]:
        """Answer nothing until the block ends: neither what is asked meanwhile, nor what is under way."""
        with self._holding(self._stalls, "disk stall"):
            yield

    @as_block
    def slowed(self, factor: float) -> Iterator[None]:
        """Take *factor* times as long for whatever begins before the block ends. Blocks multiply."""
        check_slowness(f"slowness of disk {self.name!r}", factor)
        with self._holding(self._slow, "slow disk", f"{factor:g} times", factor):
            yield

    @as_block
    def full(self) -> Iterator[None]:
        """Have no room until the block ends: stores refuse to write, with StoreFailed, and go on to read."""
        with self._holding(self._fulls, "full disk"):
            yield

    def mend(self) -> None:
        """End now what holds. The blocks that it belongs to find nothing left to end."""
        for block in list(self._blocks):
            self._lift(block)

    def check_room(self, store: str) -> None:
        """Raises StoreFailed, as *store* would, while there is no room."""
        if self._fulls:
            raise StoreFailed(store, "the disk is full; nothing was written")

    def serve(self, kind: Kind, takes_s: float) -> Service:
        """Ask for a read or a flush of *takes_s*, more on a slow node, and be told when it begins and is done."""
        loop = self._loop = running_loop()
        if loop.slowed:
            takes_s = stretched_s(takes_s)
        service = Service(takes_s, loop.create_future(), loop.create_future())
        lane = self._lanes[kind]
        lane.waiting.append(service)
        self._advance(lane)
        return service

    def _advance(self, lane: _Lane) -> None:
        while lane.waiting and not self._stalls and (lane.limit is None or lane.busy < lane.limit):
            service = lane.waiting.popleft()
            if service.begun.cancelled() or service.done.cancelled():
                continue
            lane.busy += 1
            _resolve(service.begun)
            takes_s = service.takes_s * math.prod(self._slow.values())
            assert self._loop is not None  # somebody has asked
            self._loop.deliver(takes_s, self._end, (lane, service))

    def _end(self, lane: _Lane, service: Service) -> None:
        if self._stalls:
            self._held.append((lane, service))
            return
        lane.busy -= 1
        _resolve(service.done)
        self._advance(lane)

    def _go_on(self) -> None:
        """Take up again what can be; under another stall it is held as before."""
        held, self._held = self._held, []
        for lane, service in held:
            self._end(lane, service)
        for lane in self._lanes.values():
            self._advance(lane)

    @contextmanager
    def _holding(
        self, faults: dict[object, float], fault: str, detail: str = "", factor: float = 1.0
    ) -> Iterator[None]:
        block = object()
        faults[block], self._blocks[block] = factor, (faults, fault, detail)
        self._tell(fault, detail, on=True)
        try:
            yield
        finally:
            self._lift(block)

    def _lift(self, block: object) -> None:
        """End what a block began, unless that is over."""
        if block in self._blocks:
            faults, fault, detail = self._blocks.pop(block)
            del faults[block]
            self._go_on()
            self._tell(fault, detail, on=False)

    def _tell(self, fault: str, detail: str, *, on: bool) -> None:
        if hooks.listening:
            hooks.emit(hooks.StorageChanged(self.name, fault, on, detail))


class _Lane:
    """Reads, or flushes: how many are under way, and those that wait for one of them to end."""

    __slots__ = ("busy", "limit", "waiting")

    def __init__(self, limit: int | None) -> None:
        self.limit, self.busy = limit, 0
        self.waiting: deque[Service] = deque()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _checked(disk: str, name: str, limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise InvalidValue(f"{name} of disk {disk!r}", limit, "at least 1, or None for no limit")
    return limit
