"""A world: a clock that nobody waits for, chance from one seed, nodes that can crash, a network between them."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from datetime import UTC, datetime
from operator import index
from typing import Any, TypeVar

from .. import runtime
from ..errors import InvalidValue, SimulationError, WorldReentered
from .answers import WorldRuntime
from .budget import budgeted
from .ending import close_at_exit, close_quietly, close_unbegun
from .entropy import Audit, Entropy, Leak
from .environment import WorldEnvironment
from .fences import fenced
from .handles import SimulationTask
from .loop import SimulationLoop
from .mains import coroutine_of
from .network import Network
from .node import Node
from .recorder import Recorder
from .recording import Recording
from .scheduling import Ready, queue_for

T = TypeVar("T")


class World:
    """Run unmodified asyncio code in virtual time.

    ``World(seed=7).run(main)`` runs the coroutine function *main* to its end and returns what it
    returns, as a plain call: in a script, in a test, or in a Jupyter cell. It may be called again; then
    time, nodes and background tasks go on where they stood, but not a *main* that spent its budget or was stuck.

    *ready* says in which order tasks run that are ready at the same moment: ``"fifo"``;
    ``"shuffled"`` by the seed, or ``PCT(depth)``, which find races; ``Scripted(choices)``, which makes the
    choices of another run again. The same seed gives the same run, to the byte.

    *entropy* says what becomes of code that asks for a clock or chance that no seed answers: ``"allow"``;
    ``"list"``, to be read in `entropy`; ``"raise"``, which raises EntropyRead where it was asked. Both slow a run down.
    With *record_draws* each draw of each random stream is told to recorders that listen closely.
    *epoch*, with a time zone, is the time of day at which the world begins.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        ready: Ready = "fifo",
        entropy: Entropy = "allow",
        record_draws: bool = False,
        epoch: datetime = runtime.EPOCH,
    ) -> None:
        self.seed = _checked_seed(seed)
        self._audit = Audit(entropy)
        self.env = WorldEnvironment()
        self._queue = queue_for(ready, seed)
        self.loop = SimulationLoop(self.env, self._queue)
        self.runtime = WorldRuntime(seed, _checked_epoch(epoch), self.loop, record_draws=record_draws)
        self.context: Context = copy_context()
        """The context of what belongs to no node: messages in flight, faults, the world's own tasks."""
        self.nodes: dict[str, Node] = {}
        self.network = Network(self)
        self._running = False
        close_at_exit(self)

    @property
    def now_s(self) -> float:
        """Seconds of virtual time since the world began."""
        return self.loop.time()

    @property
    def choices(self) -> tuple[int, ...]:
        """Which of several ready tasks ran, choice for choice, for `Scripted`; none were made under ``"fifo"``."""
        return () if self._queue is None else tuple(self._queue.choices)

    @property
    def entropy(self) -> tuple[Leak, ...]:
        """What was asked that no seed answers, with place and count; nothing is noted under ``"allow"``."""
        return self._audit.leaks

    def node(self, name: str, boot: Callable[[Node], Awaitable[None]] | None = None) -> Node:
        """The node of that name, made on first asking. *boot* runs on it at every start of a life."""
        given: object = name
        if not isinstance(given, str) or not given:
            raise InvalidValue("name of the node", name, "a text that is not empty")
        if boot is not None and not callable(boot):
            raise InvalidValue(
                f"world.node({name!r}).boot", boot, "a function that takes the node and gives a coroutine"
            )
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = Node(self, name, boot)
        elif boot is not None:
            raise InvalidValue(f"world.node({name!r}).boot", boot, "a boot function only where the node is first named")
        return node

    def run(
        self,
        main: Callable[[], Coroutine[Any, Any, T]] | Coroutine[Any, Any, T],
        *,
        until_s: float | None = None,
        steps_max: int | None = None,
    ) -> T:
        """Run *main* to its end in virtual time and return its result, or raise what it raised.

        It may go on up to *until_s* on the world's clock, and for *steps_max* callbacks and steps of tasks: also a
        loop of ``sleep(0)``, which no clock would end, ends there. Raises BudgetSpent when it has not
        ended by then, Deadlock when nothing can ever run again, KeyboardInterrupt on Ctrl-C, ScriptMisfit when
        a script of choices cannot be followed, and InvalidValue once the world is closed. A *main* that
        these end never runs again; after Ctrl-C it goes on in the next run.
        """
        if self._running:
            if asyncio.iscoroutine(main):
                main.close()
            raise WorldReentered()
        if self.loop.is_closed():
            if asyncio.iscoroutine(main):
                main.close()
            raise InvalidValue("the world", "closed", "one that is still open: make a new one")
        coroutine = coroutine_of("main of World.run", main)
        self._running = True
        task: asyncio.Task[T] | None = None
        try:
            with (
                budgeted(self.loop, until_s, steps_max),
                fenced(self.loop),
                runtime.entered(self.runtime),
                _running_loop_swapped(self.loop),
                self._audit.watching(self.loop),
            ):
                # In the caller's context, so that what it prints goes where the caller's prints go.
                context = copy_context()
                task = self.loop.create_task(coroutine, name="main", context=context)
                try:
                    self.context.run(self.loop.drive, task)
                except SimulationError:  # its budget is spent, or it is stuck; after Ctrl-C it may go on
                    if not task.done():
                        self.loop.abandon(task, context)
                    raise
                finally:
                    self._silence_pending()
                    task._log_traceback = False  # its error is raised here, or was
                if self.loop.interrupted:  # in the very last step
                    raise KeyboardInterrupt
                result: T = task.result()
                return result
        finally:
            if task is None:  # interrupted before it began
                coroutine.close()
            self._running = False

    def spawn(self, coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a task that belongs to the world and to no node, so that no crash ends it."""
        return self.loop.create_task(coroutine, name=name, context=self.context.copy())

    @contextmanager
    def recording(self, *, limit: int | None = None, closely: bool = True) -> Iterator[Recording]:
        """Record what happens until the block ends, single reads of stores as well; with *limit*, the latest of it.

        For fewer kinds, or for a file, make a `Recorder`.
        """
        with Recorder(limit=limit, closely=closely, clock=self.loop.time).recording() as recorder:
            yield Recording(recorder)

    def close(self) -> None:
        """End the world: what is unfinished never runs again, and no line of it is recorded."""
        if self.loop.is_closed():
            return
        for node in self.nodes.values():
            node.incarnation.end(self.loop.graveyard)  # no more than that: its tasks and timers go with all others
        # With the loop in place, so that code which swallows its end and waits again does come to a wait.
        with _running_loop_swapped(self.loop):
            closed: set[asyncio.Task[Any]] = set()
            while pending := asyncio.all_tasks(self.loop) - closed:  # some are begun by others on their way out
                self._silence_pending()
                for task in sorted(pending, key=lambda task: getattr(task, "number", 0)):  # one may be asyncio's own
                    close_quietly(task)
                closed |= pending
        self.loop.graveyard.clear()
        self.env._queue.clear()
        self.loop.close()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _silence_pending(self) -> None:
        """A world may be thrown away with tasks unfinished; that is no news."""
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            if isinstance(task, SimulationTask) and task.incarnation is not None and task.incarnation.dead:
                close_unbegun(task)


def _checked_seed(seed: object) -> int:
    """A whole number of any type, numpy's too, as an int."""
    try:
        if not isinstance(seed, bool):
            return index(seed)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise InvalidValue("World.seed", seed, "a whole number")


def _checked_epoch(epoch: object) -> datetime:
    """A moment that is the same one on every machine, in UTC."""
    if isinstance(epoch, datetime) and epoch.tzinfo is not None:
        return epoch.astimezone(UTC)
    raise InvalidValue("World.epoch", epoch, "a datetime with a time zone, such as datetime(2026, 1, 1, tzinfo=UTC)")


@contextmanager
def _running_loop_swapped(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Make *loop* the running one, also where another is running already, as in a Jupyter cell."""
    outer = events._get_running_loop()
    outer_task = asyncio.current_task(outer) if outer is not None else None
    if outer is not None and outer_task is not None:
        asyncio.tasks._leave_task(outer, outer_task)
    events._set_running_loop(None)
    events._set_running_loop(loop)
    try:
        yield
    finally:
        events._set_running_loop(None)
        events._set_running_loop(outer)
        if outer is not None and outer_task is not None:
            asyncio.tasks._enter_task(outer, outer_task)
