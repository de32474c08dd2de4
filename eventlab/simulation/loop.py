"""An asyncio event loop whose clock and timers live in a ``simpy.Environment``.

The order is one and the same in every run: all handles that are ready, in the
order of the ready policy; then one event from SimPy's heap (a timer of
asyncio's or an event of SimPy's, by time, then priority, then age); then the
handles that it made ready; and so on. Nothing waits for real time.
"""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from heapq import heappop
from threading import get_ident
from typing import Any, TypeVar

import simpy
from simpy.core import Environment

from .. import runtime
from ..errors import Deadlock, NotSimulated
from .generators import HomedGenerators
from .handles import Handle, SimulationTask, Timer
from .heap import DELIVERY, OnHeap
from .incarnation import INCARNATION
from .interrupting import Interruptible
from .lives import Lives
from .ready import ReadyQueue
from .refusals import refuse_ways_out
from .waiting import describe_waiting

T = TypeVar("T")

_new = object.__new__
"""Handles are filled in where they are made: a constructor call would cost half as much again."""

_new_task, _make_task = asyncio.Task.__new__, asyncio.Task.__init__

_END_OF_SLEEP = asyncio.futures._set_result_unless_cancelled  # type: ignore[attr-defined]

HANDLES_PER_COLLECTION = 50_000
"""Garbage is collected every so many handles, young objects only, and all of it every tenth time.

Collecting by count, never by allocation, makes finalizers run at the same
point of every run.
"""


class SimulationLoop(OnHeap, Lives, Interruptible, HomedGenerators):
    """See the module. Threads, sockets, signals and subprocesses raise NotSimulated."""

    def __init__(self, env: Environment, ready: ReadyQueue | None = None) -> None:
        super().__init__()
        self._env = env
        self._heap: list[Any] = env._queue
        self.in_order = ready is None
        """Whether what is due at one moment runs in the order of its age; else the ready policy chooses."""
        self._ready: Any = deque() if ready is None else ready
        self._tasks_made = 0
        self.create_future = partial(asyncio.Future, loop=self)
        self._collections = 0
        self.taking: Callable[[Callable[[], Any]], Callable[[], Any]] | None = None
        """What a budget puts around the taking of the next ready handle; None costs nothing."""

    # -- asyncio's clock; its timers are in `heap`

    def time(self) -> float:
        return self._env._now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Handle:
        handle = _new(Handle)
        handle._callback, handle._args, handle._cancelled = callback, args, False
        handle._context = copy_context() if context is None else context
        self._ready.append(handle)
        return handle

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None, **options: Any
    ) -> SimulationTask[Any]:
        self._tasks_made += 1
        incarnation = INCARNATION.get() if context is None else context.get(INCARNATION)
        if name is None:  # asyncio's default names count over the whole process: they would differ after other runs
            name = f"task-{self._tasks_made}"
        task: SimulationTask[Any] = _new_task(SimulationTask)
        task.number, task.incarnation = self._tasks_made, incarnation  # asyncio hashes a task while it is being made
        _make_task(task, coro, loop=self, name=name, context=context, **options)
        return task

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    # -- running

    def __del__(self) -> None:
        """A world may be thrown away without closing it: it holds nothing of the system's."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Ctrl-C goes to whoever runs the world; the task that it happened to meet need not tell of it as well."""
        if not isinstance(context.get("exception"), KeyboardInterrupt | SystemExit):
            super().call_exception_handler(context)

    def drive(self, until: asyncio.Future[Any]) -> None:
        """Run until *until* is done. Raises Deadlock when nothing can ever run again.

        An exception of a SimPy process that nobody waits for passes through, as it does in SimPy.
        """
        self._thread_id = get_ident()
        try:
            with self._minding_generators():
                self._drive(until)
        finally:
            self._thread_id = None  # type: ignore[assignment]

    def _drive(self, until: asyncio.Future[Any]) -> None:
        # One flat loop over local names: every call saved here is saved once for each thing that ever happens.
        ready, heap, env = self._ready, self._heap, self._env
        take = ready.popleft if self.taking is None else self.taking(ready.popleft)
        in_order = self.in_order
        is_done = until.done
        collect_in = HANDLES_PER_COLLECTION
        while not is_done():
            if ready:
                handle = take()
            elif heap:
                item = heappop(heap)
                env._now = item[0]
                handle = item[3]
                if handle is DELIVERY:
                    self._run_delivery(item[4], item[5])
                    continue
                if handle.__class__ is not Timer:
                    _process(handle)
                    continue
                handle._scheduled = False
                if handle._cancelled:
                    self._dead_timers -= 1
                    continue
                if not in_order:
                    ready.append(handle)
                    self._gather_simultaneous()
                    continue
                if handle._callback is _END_OF_SLEEP:
                    # asyncio.sleep's own callback, done here: no context, no call, and it cannot raise.
                    future, result = handle._args
                    if not future.done():
                        future.set_result(result)
                    continue
            else:
                raise Deadlock(describe_waiting(self))
            if handle._cancelled or (self.fenced and self._is_held(handle)):
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                self._report(error, handle)
            collect_in -= 1
            if not collect_in:
                collect_in = HANDLES_PER_COLLECTION
                self._collect_garbage()

    def _run_delivery(self, arrive: Callable[..., None], args: tuple[Any, ...]) -> None:
        try:
            arrive(*args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._report(error, arrive)

    def _report(self, error: BaseException, what: object) -> None:
        self.call_exception_handler({"message": f"Exception in callback {what!r}", "exception": error})

    def _gather_simultaneous(self) -> None:
        """Make every timer that is due at this very moment ready, so that the policy can choose among them."""
        heap, now = self._heap, self._env._now
        while heap and heap[0][0] == now and heap[0][3].__class__ is Timer:
            timer = heappop(heap)[3]
            timer._scheduled = False
            if timer._cancelled:
                self._dead_timers -= 1
            else:
                self._ready.append(timer)

    def _collect_garbage(self) -> None:
        self._collections += 1
        gc.collect(1 if self._collections % 10 else 2)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Run *func* here and now: in a simulation, blocking code takes no time and cannot race."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            future.set_exception(error)
        return future


refuse_ways_out(SimulationLoop)


def _process(event: simpy.Event) -> None:
    """What ``Environment.step`` does with an event after it has set the clock."""
    callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
    for callback in callbacks:
        callback(event)
    if not event._ok and not hasattr(event, "_defused"):
        failure = event._value
        if isinstance(failure, BaseException):
            raise failure
        raise RuntimeError(f"a SimPy event failed with {failure!r}")


def running_loop() -> SimulationLoop:
    """The loop of the world that is running here. Raises NotSimulated outside any."""
    loop = getattr(runtime.current(), "loop", None)
    if not isinstance(loop, SimulationLoop):
        raise NotSimulated("this call", "call it from code that World.run runs")
    return loop
