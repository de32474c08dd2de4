"""Where entropy comes from in Python: each function by itself, and what to use instead. Nothing here is called."""

from __future__ import annotations

import _socket
import _thread
import datetime
import os
import random
import secrets
import socket
import sys
import time
import uuid
from collections.abc import Callable
from opcode import opname
from types import FrameType, ModuleType
from typing import Any, NamedTuple


class Source(NamedTuple):
    """What was asked, and what a world can answer instead."""

    what: str
    instead: str


_CLOCK = "use runtime.now or runtime.monotonic"
_CHANCE = "use runtime.random_stream(name)"
_SECRET = "use runtime.secret_bytes, or runtime.random_stream(name)"
_ID = "use runtime.new_id"
_THREAD = "use asyncio tasks; asyncio.to_thread runs its function inline in a simulation"
_PROCESS = "model it as a node: world.node(name)"
_SOCKET = "use SimulatedTransport for calls, SimulatedHttpTransport for httpx, or world.network.send for messages"
_SLEEP = "use asyncio.sleep"

_NAMED: tuple[tuple[ModuleType | None, str, str, tuple[str, ...]], ...] = (
    (time, "time", _CLOCK, ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")),
    (time, "time", _CLOCK, ("time_ns", "monotonic_ns", "perf_counter_ns", "process_time_ns", "thread_time_ns")),
    (time, "time", _CLOCK, ("clock_gettime_ns",)),
    (time, "time", _SLEEP, ("sleep",)),
    (os, "os", _CLOCK, ("times",)),
    (os, "os", _SECRET, ("urandom", "getrandom")),
    (os, "os", _PROCESS, ("system", "fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve")),
    (_socket, "socket", _SOCKET, ("getaddrinfo", "getnameinfo")),
    (_socket, "socket", _SOCKET, ("gethostbyname", "gethostbyname_ex", "gethostbyaddr")),
    (_thread, "_thread", _THREAD, ("start_new_thread", "start_joinable_thread")),
    (sys.modules.get("_uuid"), "uuid", _ID, ("generate_time_safe",)),
)

BY_FUNCTION: dict[Any, Source] = {
    getattr(module, name): Source(f"{shown}.{name}()", instead)
    for module, shown, instead, names in _NAMED
    for name in names
    if hasattr(module, name)
}
"""Functions in C, each the very object that is called."""


def _of_a_date(owner: Any, name: str, frame: FrameType) -> Source | None:
    is_date = isinstance(owner, type) and issubclass(owner, datetime.date)
    return Source(f"{owner.__name__}.{name}()", _CLOCK) if is_date else None


def _of_the_global_random(owner: Any, name: str, frame: FrameType) -> Source | None:
    return _GLOBAL_RANDOM if owner is _SHARED else None


def _of_this_moment(owner: Any, name: str, frame: FrameType) -> Source | None:
    """Functions of `time` that tell of now where they are given no time: the number of arguments is in the bytecode."""
    if owner is not time:
        return None
    code, at = frame.f_code.co_code, frame.f_lasti
    asks = opname[code[at]] == "CALL" and code[at + 1] == _ARGUMENTS_WITHOUT_TIME[name]
    return Source(f"time.{name}()", _CLOCK) if asks else None


def _finder(
    find: Callable[[Any, str, FrameType], Source | None], name: str
) -> Callable[[Any, FrameType], Source | None]:
    return lambda owner, frame: find(owner, name, frame)


_ARGUMENTS_WITHOUT_TIME = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
_SHARED = random.seed.__self__  # type: ignore[attr-defined]
_GLOBAL_RANDOM = Source("the global random", _CHANCE)

BY_METHOD: dict[str, Callable[[Any, FrameType], Source | None]] = {
    **{name: _finder(_of_this_moment, name) for name in _ARGUMENTS_WITHOUT_TIME},
    **{name: _finder(_of_a_date, name) for name in ("now", "utcnow", "today")},
    **{
        name: _finder(_of_the_global_random, name) for name in ("random", "getrandbits", "seed", "getstate", "setstate")
    },
}
"""Methods in C, by their name; whose they are decides, and where that does not, how they are called.

All that the global random does ends in one of these."""

BY_CODE: dict[int, Source] = {
    id(function.__code__): Source(what, instead)
    for function, what, instead in (
        (socket.socket.__init__, "a socket", _SOCKET),
        (uuid.uuid1, "uuid.uuid1()", _ID),
        (uuid.uuid4, "uuid.uuid4()", _ID),
        (secrets.token_bytes, "secrets.token_bytes()", _SECRET),
    )
}
"""Functions in Python, by their code."""

_SEEDING = random.Random.seed.__code__
_NO_SEED = Source("random.Random() without a seed", _CHANCE)


def made_without_seed(frame: FrameType) -> Source | None:
    """Whether *frame* is a generator about to seed itself from the system."""
    if frame.f_code is not _SEEDING or frame.f_locals.get("a") is not None:
        return None
    return _GLOBAL_RANDOM if frame.f_locals.get("self") is _SHARED else _NO_SEED
