"""What the world changes in the process while it runs, and puts back after.

* ``set`` in `asyncio.tasks` and `asyncio.taskgroups` is an ordered one, so that
  ``TaskGroup``, ``wait`` and ``as_completed`` keep one order;
* a thread started from inside a world raises; so do ``time.sleep``, under which
  nothing of the world could move, whatever starts a process, and whatever reaches for the real network;
* anyio's worker threads (Starlette's synchronous endpoints) run inline;
* Ctrl-C raises KeyboardInterrupt at the next step, also inside Jupyter;
* automatic garbage collection is off (the loop collects by count), and what
  existed before is left out of those collections; what many short worlds leave is collected between them.
"""

from __future__ import annotations

import _thread
import asyncio.taskgroups
import asyncio.tasks
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from types import FrameType
from typing import Any

from ..errors import NotSimulated
from .loop import SimulationLoop
from .ordered import OrderedSet

try:
    import _posixsubprocess
except ImportError:  # not a Unix
    _posixsubprocess = None  # type: ignore[assignment]

LEFT_BY_WORLDS_MAX = 200_000
"""So many objects the worlds of a process may leave, some 50 MB, before a collection is worth its while."""

_lock = threading.Lock()
_worlds_running = 0
_left_by_worlds, _left_by_worlds_max = 0, LEFT_BY_WORLDS_MAX
_original_start = threading.Thread.start

_PROCESS = "model it as a node: world.node(name)"
_NETWORK = "use SimulatedTransport, or eventlab.simulation.http"
_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
_FENCED: tuple[tuple[Any, str, str, str], ...] = tuple(
    fence
    for fence in (
        (time, "sleep", "time.sleep()", "use asyncio.sleep: while a thread sleeps, nothing of the world can move"),
        (os, "system", "os.system()", _PROCESS),
        (os, "fork", "os.fork()", _PROCESS),  # processes of multiprocessing, and of its pools, begin so
        (_posixsubprocess, "fork_exec", "a process", _PROCESS),  # or so
        (subprocess.Popen, "__init__", "a subprocess", _PROCESS),
        (_thread, "start_new_thread", "a thread", "use asyncio tasks"),
        (os, "forkpty", "os.forkpty()", _PROCESS),
        (os, "posix_spawn", "os.posix_spawn()", _PROCESS),
        (socket.socket, "connect", "connecting a socket", _NETWORK),
        (socket.socket, "connect_ex", "connecting a socket", _NETWORK),
        *((socket, name, "looking up a host", _NETWORK) for name in _LOOKUPS),
    )
    if hasattr(fence[0], fence[1])
)
_before: list[Any] = []
"""What stood in the place of each of those when the first world began; nothing where it is inherited."""


@contextmanager
def fenced(loop: SimulationLoop) -> Iterator[None]:
    """Keep the body inside the world of *loop*."""
    with ExitStack() as stack:
        stack.enter_context(_shared_patches())
        stack.enter_context(_collector_off())
        stack.enter_context(_interruptible(loop))
        yield


@contextmanager
def _shared_patches() -> Iterator[None]:
    """Worlds may run on several threads at once: the first puts the patches in, the last takes them out."""
    global _worlds_running
    with _lock:
        _worlds_running += 1
        if _worlds_running == 1:
            asyncio.tasks.set = asyncio.taskgroups.set = OrderedSet  # type: ignore[attr-defined]
            threading.Thread.start = _start_outside_only  # type: ignore[method-assign]
            _before[:] = [vars(owner).get(name) for owner, name, _, _ in _FENCED]
            for owner, name, what, instead in _FENCED:
                setattr(owner, name, _outside_only(getattr(owner, name), what, instead))
        inline_anyio_threads()
    try:
        yield
    finally:
        with _lock:
            _worlds_running -= 1
            if _worlds_running == 0:
                del asyncio.tasks.set, asyncio.taskgroups.set  # type: ignore[attr-defined]
                threading.Thread.start = _original_start  # type: ignore[method-assign]
                for (owner, name, _, _), real in zip(_FENCED, _before, strict=True):
                    if real is None:
                        delattr(owner, name)
                    else:
                        setattr(owner, name, real)


def _inside() -> bool:
    return isinstance(asyncio._get_running_loop(), SimulationLoop)


def _start_outside_only(self: threading.Thread) -> None:
    if _inside():
        raise NotSimulated(
            f"the thread {self.name!r}", "use asyncio tasks; asyncio.to_thread runs its function inline in a simulation"
        )
    _original_start(self)


def _outside_only(real: Callable[..., Any], what: str, instead: str) -> Callable[..., Any]:
    @wraps(real)
    def ask(*args: Any, **options: Any) -> Any:
        if _inside():
            raise NotSimulated(what, instead)
        return real(*args, **options)

    return ask


def inline_anyio_threads() -> None:
    """Let anyio, where it is loaded, run its worker functions inline inside a world. Done once, for good."""
    backend = sys.modules.get("anyio._backends._asyncio")
    if backend is None or getattr(backend, "_eventlab_inline", False):
        return
    backend._eventlab_inline = True  # type: ignore[attr-defined]
    real = backend.AsyncIOBackend.run_sync_in_worker_thread

    async def run_sync_in_worker_thread(
        cls: type, func: Callable[..., Any], args: tuple[Any, ...], *rest: Any, **options: Any
    ) -> Any:
        return func(*args) if _inside() else await real(func, args, *rest, **options)

    backend.AsyncIOBackend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)


@contextmanager
def _collector_off() -> Iterator[None]:
    was_enabled, had_frozen = gc.isenabled(), gc.get_freeze_count() > 0
    gc.disable()
    if not had_frozen:
        gc.freeze()
    try:
        yield
    finally:
        is_much = was_enabled and _have_left_much(gc.get_count()[0])
        if not had_frozen:
            gc.freeze()  # what is left goes among the old at once: nobody looks through it as if it were young
            gc.unfreeze()
        if is_much:
            gc.collect()
        if was_enabled:
            gc.enable()


def _have_left_much(objects: int) -> bool:
    """Whether worlds have left so many, a quarter of all, that Python by itself would look for garbage among the old.

    It would never come to it after many short worlds: what was frozen is taken for looked through already.
    """
    global _left_by_worlds, _left_by_worlds_max
    _left_by_worlds += objects
    if _left_by_worlds > _left_by_worlds_max:
        _left_by_worlds_max = max(LEFT_BY_WORLDS_MAX, gc.get_freeze_count() // 4)  # it counts them, one by one
        if _left_by_worlds > _left_by_worlds_max:
            _left_by_worlds = 0
            return True
    return False


@contextmanager
def _interruptible(loop: SimulationLoop) -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt between two steps of the world, so that no task is left half made.

    A second Ctrl-C raises at once, for a step that does not end. Jupyter's own handler would swallow
    the first one until the run has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is None or before is signal.SIG_IGN:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if loop.interrupted:
            signal.default_int_handler(number, frame)
        loop.interrupt()

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        loop.forget_interrupt()
