"""What telemetry costs a command on a store in memory: nothing to speak of while it is off; and what it costs when on.

Off, each place that might tell something asks whether anybody listens. How often a command asks is counted, by a
module whose switches are properties; what asking costs is measured, and stands beside the command itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmarks.harness import Goal, Row, Sample, fact, main, measure, per_unit
from eventlab import hooks
from eventlab.codec import event
from eventlab.commands import Command, execute
from eventlab.store import MemoryStore, StoredEvent, StreamId
from eventlab.telemetry import JsonLines, Metrics, logging_happenings, tracing

COMMANDS = 2_000
ROUNDS = 11
SWITCHES = ("listening", "listening_closely", "tracing")


@event("benchmarks.telemetry.Deposited")
@dataclass(frozen=True, slots=True)
class Deposited:
    cents: int


@dataclass(frozen=True)
class Deposit(Command[int]):
    """Reads one stream of a single event, and writes one more."""

    account: StreamId

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + stored.event.cents

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        return [(self.account, Deposited(1))]


def commands(count: int, around: Callable[[], AbstractContextManager[Any]] = nullcontext) -> float:
    """Microseconds for each of *count* commands, each on an account of its own."""

    async def one_after_the_other(store: MemoryStore, every: list[Deposit]) -> None:
        for command in every:
            await execute(store, command)

    with asyncio.Runner() as runner:
        store, every = MemoryStore("bank"), [Deposit(StreamId(f"account-{number}")) for number in range(count)]
        for command in every:
            runner.run(store.append([(command.account, Deposited(1))]))
        with around():
            return per_unit(lambda: runner.run(one_after_the_other(store, every)), count)


def asked() -> dict[str, int]:
    """How often one command asks each switch."""
    counts = dict.fromkeys(SWITCHES, 0)

    def switch(name: str) -> property:
        def ask(module: ModuleType) -> bool:
            counts[name] += 1
            return bool(vars(module)[name])

        return property(ask)

    @contextmanager
    def counting() -> Iterator[None]:
        before = hooks.__class__
        hooks.__class__ = type("Counting", (ModuleType,), {name: switch(name) for name in SWITCHES})  # type: ignore[assignment]
        try:
            yield
        finally:
            hooks.__class__ = before

    commands(10, counting)
    return {name: count // 10 for name, count in counts.items()}


def asking(counts: dict[str, int]) -> Callable[[], None]:
    """Asks as often as *COMMANDS* commands do, and does nothing else."""
    lines = [f"  if hooks.{name}: hooks.emit(None)" for name, count in counts.items() for _ in range(count)]
    program = "\n".join(["def ask():", f" for _ in range({COMMANDS}):", *lines])
    names: dict[str, Any] = {"hooks": hooks}
    exec(program, names)
    ask: Callable[[], None] = names["ask"]
    return ask


@contextmanager
def logs() -> Iterator[None]:
    """Logging that writes nothing of a command that went well: its happenings are DEBUG."""
    log = logging.Logger("benchmark", logging.INFO)
    handler = logging.NullHandler()
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    with logging_happenings(log):
        yield


@contextmanager
def traces() -> Iterator[None]:
    with tracing(keep=0):
        yield


def rows() -> Iterator[Row]:
    counts = asked()
    yield fact("telemetry/switches asked by a command", sum(counts.values()), "")
    bare = Sample(lambda: commands(COMMANDS))
    ask = asking(counts)
    off = Sample(lambda: per_unit(ask, COMMANDS))
    yield measure("telemetry/off", off, "telemetry/command", bare, goal=Goal(0.03), rounds=ROUNDS)
    for name, around in (("metrics", Metrics("bank").listening), ("logs", logs), ("tracing", traces)):
        on = Sample(lambda around=around: commands(COMMANDS, around))  # type: ignore[misc]
        yield measure(f"telemetry/command, {name} on", on, "telemetry/command", bare)


if __name__ == "__main__":
    main(rows)
