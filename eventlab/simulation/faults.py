"""Faults as data: what breaks, when, and for how long. Played on a world, or on a transport's links."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import ClassVar, Protocol, TypeAlias

import msgspec

from .. import hooks, runtime
from ..errors import InvalidValue
from .links import Links
from .links import Partition as PartitionRule


class Timed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What holds from *at_s* for *for_s*. Refused when built: a time before the run, an end that does not come."""

    at_s: float
    for_s: float

    name: ClassVar[str]

    def __post_init__(self) -> None:
        if not 0 <= self.at_s < math.inf:
            raise InvalidValue(
                f"{type(self).__name__}.at_s", self.at_s, "a time from the start of the run, not negative"
            )
        if not 0 < self.for_s < math.inf:
            raise InvalidValue(f"{type(self).__name__}.for_s", self.for_s, "a duration above nothing")
        self._check()

    @property
    def ends_s(self) -> float:
        """When it is lifted."""
        return self.at_s + self.for_s

    def _check(self) -> None:
        """Raises InvalidValue for what this kind cannot be."""


class PartitionFault(Timed, frozen=True, kw_only=True, tag="partition"):
    """No message passes between *left* and *right*; with *one_way*, none from *left* to *right*."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    one_way: bool = False

    name = "partition"

    def __str__(self) -> str:
        return str(PartitionRule(self.left, self.right, one_way=self.one_way))


class CrashFault(Timed, frozen=True, kw_only=True, tag="crash"):
    """*node* falls silent and is restarted when the time is over."""

    node: str

    name = "crash"

    def __str__(self) -> str:
        return self.node


Fault: TypeAlias = PartitionFault | CrashFault


class Crashable(Protocol):
    """What can crash and restart a node by its name."""

    def crash(self, node: str) -> None: ...
    async def restart(self, node: str) -> None: ...


async def play(faults: Sequence[Fault], links: Links, nodes: Crashable | None = None) -> None:
    """Let every fault take hold and be lifted at its time; return when the last one is lifted.

    Times are those of the run's own clock, which may be on its way already: what is over by now is
    left out, and what should hold by now takes hold at once.
    """
    async with asyncio.TaskGroup() as group:
        for fault in faults:
            if fault.at_s + fault.for_s > runtime.monotonic():
                group.create_task(_play_one(fault, links, nodes))


async def _play_one(fault: Fault, links: Links, nodes: Crashable | None) -> None:
    await _until(fault.at_s)
    if hooks.listening:
        hooks.emit(hooks.FaultBegan(fault.name, str(fault)))
    try:
        if isinstance(fault, PartitionFault):
            with links.rule(PartitionRule(fault.left, fault.right, one_way=fault.one_way)):
                await _until(fault.at_s + fault.for_s)
        else:
            if nodes is None:
                raise InvalidValue("faults", f"crash of {fault.node}", "a clock on which nodes can crash")
            nodes.crash(fault.node)
            await _until(fault.at_s + fault.for_s)
            await nodes.restart(fault.node)
    finally:
        if hooks.listening:
            hooks.emit(hooks.FaultEnded(fault.name, str(fault)))


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - runtime.monotonic()))
