"""What faults befall: nodes and disks, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ...errors import InvalidValue
from ..disk import Disk

if TYPE_CHECKING:
    from ..node import Node
    from ..world import World


class Breakable(Protocol):
    """What can break nodes and disks, and mend them."""

    def crash(self, node: str) -> None: ...
    async def restart(self, node: str) -> None: ...
    def node(self, name: str) -> Node: ...
    def disk(self, name: str) -> Disk: ...


class Targets:
    """The nodes of *world*, and *disks* by their names."""

    def __init__(self, world: World, disks: Mapping[str, Disk] | None = None) -> None:
        self._world, self._disks = world, disks or {}

    def crash(self, node: str) -> None:
        self.node(node).crash()

    async def restart(self, node: str) -> None:
        if not self.node(node).is_up:
            await self.node(node).restart()

    def node(self, name: str) -> Node:
        """The node of that name. Raises InvalidValue if the world has none."""
        if name not in self._world.nodes:
            raise InvalidValue("fault, node", name, f"one of the nodes {', '.join(self._world.nodes) or '(none yet)'}")
        return self._world.nodes[name]

    def disk(self, name: str) -> Disk:
        """The disk of that name. Raises InvalidValue if there is none."""
        if name not in self._disks:
            raise InvalidValue("fault, disk", name, f"one of the disks {', '.join(self._disks) or '(none)'}")
        return self._disks[name]
