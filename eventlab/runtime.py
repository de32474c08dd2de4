"""Six questions whose answer depends on the world one is in, asked nowhere else.

:func:`now`, :func:`monotonic`, :func:`new_id`, :func:`random_stream`,
:func:`secret_bytes` and :func:`current_node` answer from the system, or, inside a simulation or on a
scaled clock, from the :class:`Runtime` that was entered on this thread.
:func:`in_simulation` says whether a simulated world is running.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import UUID, SafeUUID

_NODE: ContextVar[str] = ContextVar("eventlab_node", default="local")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of day at which worlds and scaled clocks begin, unless told otherwise. Always the same: runs repeat."""


class IdSource:
    """UUIDv7 (RFC 9562 §6.2, method 2): milliseconds, then a random number that only grows within one.

    Strictly increasing per source, also when the clock steps back: then it
    goes on from the latest millisecond that it has seen.
    """

    def __init__(self, chance: random.Random) -> None:
        self._draw = chance.getrandbits
        self._ms = -1
        self._high = 0
        self._low = 0

    def next(self, epoch_s: float) -> UUID:
        """The next id, for a moment in seconds since 1970."""
        made = _new(UUID)  # ``UUID(int=…)`` without its checks: there is one for every event
        _set_int(made, self.next_number(epoch_s))
        _set_is_safe(made, _UNKNOWN)
        return made

    def next_number(self, epoch_s: float) -> int:
        """The next id as a number: for a store that keeps no UUID, but its 16 bytes."""
        ms = int(epoch_s * 1000)
        if ms > self._ms:
            self._begin(ms)
        else:
            self._low += 1 + self._draw(32)
            if self._low > _LOW:
                self._carry()
        return self._high | self._low

    def _begin(self, ms: int) -> None:
        chance = self._draw(73)
        self._ms, self._low = ms, chance & _LOW
        self._high = ms << 80 | 0x7 << 76 | chance >> 62 << 64 | 0b10 << 62

    def _carry(self) -> None:
        self._low &= _LOW
        self._high += 1 << 64
        if not self._high >> 64 & 0xFFF:  # 2⁴¹ ids in one millisecond: borrow the next one
            self._begin(self._ms + 1)


class _OfThread(threading.local):
    """A source for each thread: two that drew from one at once could get ids out of order, or the same."""

    def __init__(self) -> None:
        self.source = IdSource(random.Random())


_LOW = (1 << 62) - 1
_UNKNOWN = SafeUUID.unknown
_new = object.__new__
_set_int, _set_is_safe = UUID.__dict__["int"].__set__, UUID.__dict__["is_safe"].__set__  # a UUID forbids assignment


def seeded(seed: int, name: str) -> random.Random:
    """A random stream that depends on *seed* and *name* alone, on any machine and hash seed."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))


class Runtime:
    """Answers from the system. Worlds and scaled clocks override what they know better."""

    simulated = False

    def __init__(self) -> None:
        self._streams: dict[str, random.Random] = {}
        self._ids = _OfThread()

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def epoch_s(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def new_id(self) -> UUID:
        return self._ids.source.next(time.time())

    def new_ids(self, count: int) -> list[bytes]:
        """What *count* calls of `new_id` would give, as bytes: for a store that writes many events at once."""
        epoch_s, next_number = self.epoch_s(), self._id_source().next_number
        if count == 1:
            return [next_number(epoch_s).to_bytes(16, "big")]
        return [next_number(epoch_s).to_bytes(16, "big") for _ in range(count)]

    def _id_source(self) -> IdSource:
        return self._ids.source

    def draw_anew(self) -> None:
        """In a forked process, which would else make the ids of its parent, and of all that were forked from it."""
        self._ids = _OfThread()
        for stream in self._streams.values():
            stream.seed()

    def make_stream(self, name: str) -> random.Random:
        """A fresh generator for *name*; seeded runtimes derive it from their seed."""
        return random.Random()

    def random_stream(self, name: str) -> random.Random:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = self.make_stream(name)
        return stream


class SeededRuntime(Runtime):
    """A runtime on a clock of seconds since *epoch*, with every draw derived from *seed*.

    Streams and ids are kept per node, so that what happens on one node moves no draw of another.
    """

    def __init__(self, seed: int, epoch: datetime, clock: Callable[[], float]) -> None:
        super().__init__()
        self.seed = seed
        self.epoch = epoch
        self._epoch_s = epoch.timestamp()
        self._clock = clock
        self._now = 0.0, epoch
        self._id_sources: dict[str, IdSource] = {}
        self.monotonic = clock  # type: ignore[method-assign]  # asked for every record: one call less

    def now(self) -> datetime:
        at_s = self._clock()
        if at_s != self._now[0]:  # in virtual time much happens at one moment
            self._now = at_s, datetime.fromtimestamp(self._epoch_s + at_s, UTC)
        return self._now[1]

    def epoch_s(self) -> float:
        return self._epoch_s + self._clock()

    def new_id(self) -> UUID:
        return self._id_source().next(self._epoch_s + self._clock())

    def _id_source(self) -> IdSource:
        node = _NODE.get()
        source = self._id_sources.get(node)
        if source is None:  # a clock that is ahead on one node makes no id of another one younger
            source = self._id_sources[node] = IdSource(self.make_stream(f"{node}/runtime/ids"))
        return source

    def make_stream(self, name: str) -> random.Random:
        return seeded(self.seed, name)

    def random_stream(self, name: str) -> random.Random:
        return super().random_stream(f"{_NODE.get()}/{name}")


_SYSTEM = Runtime()
_SYSTEM.monotonic = time.monotonic  # type: ignore[method-assign]  # asked for every call: one call less
if hasattr(os, "register_at_fork"):  # not on every system
    os.register_at_fork(after_in_child=_SYSTEM.draw_anew)


class _Here(threading.local):
    # Not looked up through the running loop: before Python 3.12 asking for that costs a system call each time.
    runtime: Runtime = _SYSTEM


_here = _Here()


def current() -> Runtime:
    """The runtime that was entered on this thread, or the system's."""
    return _here.runtime


@contextmanager
def entered(runtime: Runtime) -> Iterator[None]:
    """Let *runtime* answer on this thread until the block ends: for whoever runs an event loop on another clock."""
    before, _here.runtime = _here.runtime, runtime
    try:
        yield
    finally:
        _here.runtime = before


def now() -> datetime:
    """The time of day, aware, in UTC. In a simulation: the node's, with its skew."""
    return _here.runtime.now()


def monotonic() -> float:
    """Seconds on a clock that never steps. Only differences mean anything; also on plain threads."""
    return _here.runtime.monotonic()


def new_id() -> UUID:
    """A UUIDv7, increasing within a process, repeatable for a seed in a simulation."""
    return _here.runtime.new_id()


def random_stream(name: str) -> random.Random:
    """The generator for one component's chance: the same object each time it is asked for by name.

    Give every component a name of its own, so that one more draw here moves no draw there.
    """
    return _here.runtime.random_stream(name)


def secret_bytes(count: int) -> bytes:
    """Bytes that nobody can guess, for keys; inside a simulation drawn from its seed, so that runs repeat."""
    if in_simulation():
        return random_stream("runtime/secrets").randbytes(count)
    return secrets.token_bytes(count)


def current_node() -> str:
    """The node whose code is running; ``"local"`` outside any."""
    return _NODE.get()


@contextmanager
def on_node(name: str) -> Iterator[None]:
    """Run the body, and the tasks it starts, as code of node *name*."""
    token = _NODE.set(name)
    try:
        yield
    finally:
        _NODE.reset(token)


def in_simulation() -> bool:
    """Whether a simulated world is running here."""
    return current().simulated
