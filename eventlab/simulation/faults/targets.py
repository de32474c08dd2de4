"""What faults befall: nodes, disks and stores, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from ...errors import InvalidValue, NodeCrashed
from ..disk import Disk
from ..storage import SimulatedStore

if TYPE_CHECKING:
    from ..node import Node
    from ..world import World

T = TypeVar("T")


class Breakable(Protocol):
    """What can break nodes, disks and stores, and mend them."""

    def crash(self, node: str) -> None: ...
    async def restart(self, node: str) -> None: ...
    def node(self, name: str) -> Node: ...
    def disk(self, name: str) -> Disk: ...
    def store(self, name: str) -> SimulatedStore: ...


class Targets:
    """The nodes of *world*, and *disks* and *stores* by their names. Raises InvalidValue for what is none of these."""

    def __init__(
        self,
        world: World,
        disks: Mapping[str, Disk] | None = None,
        stores: Mapping[str, SimulatedStore] | None = None,
    ) -> None:
        self._world = world
        self._disks, self._stores = _by_name("disks", disks, Disk), _by_name("stores", stores, SimulatedStore)

    def crash(self, node: str) -> None:
        self.node(node).crash()

    async def restart(self, node: str) -> None:
        """Until it is up, or has crashed again: whoever crashed it then restarts it."""
        target = self.node(node)
        if not target.is_up:
            booted = target.restart()
            life = target.incarnation
            try:
                await booted
            except NodeCrashed:
                if not life.dead:  # its boot met the crash of another node
                    raise

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

    def store(self, name: str) -> SimulatedStore:
        """The store of that name. Raises InvalidValue if there is none."""
        if name not in self._stores:
            raise InvalidValue("fault, store", name, f"one of the stores {', '.join(self._stores) or '(none)'}")
        return self._stores[name]


def _by_name(what: str, given: Mapping[str, T] | None, kind: type[T]) -> Mapping[str, T]:
    if given is None:
        return {}
    named: object = given
    if not isinstance(named, Mapping) or not all(isinstance(one, kind) for one in named.values()):
        raise InvalidValue(f"{what} that faults may befall", given, f"a dict with a {kind.__name__} for each name")
    return given
