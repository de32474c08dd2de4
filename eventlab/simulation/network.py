"""The network of a world: messages take time, get lost, and outlive their sender."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import hooks
from ..errors import InvalidValue
from ..services.fate import FateRule
from .distributions import Distribution
from .links import Link, Links, Partition

if TYPE_CHECKING:
    from .world import World


class Network:
    """Carries messages between the nodes of one world. A message in flight belongs to the world, not to its sender."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.links = Links(lambda name: world.runtime.make_stream(f"network/{name}"))
        self._sent = 0

    def set_latency(self, latency: Distribution, *, loss: float = 0.0) -> None:
        """The manners of every link that has none of its own."""
        self.links.default = Link(latency, loss)

    @contextmanager
    def partition(self, left: Iterable[str], right: Iterable[str], *, one_way: bool = False) -> Iterator[FateRule]:
        """Drop every message between *left* and *right* until the block ends. Messages in flight still arrive."""
        rule = Partition(left, right, one_way=one_way)
        for name in (*rule.left, *rule.right):
            if name not in self._world.nodes:
                raise InvalidValue(
                    "partition", name, f"one of the nodes {', '.join(self._world.nodes) or '(none yet)'}"
                )
        with self.links.rule(rule):
            yield rule

    def send(self, source: str, target: str, payload: Any) -> None:
        """Send a one-way message: *payload* comes out of the target's ``inbox``, later or never."""
        node = self._world.nodes.get(target)
        if node is None:
            raise InvalidValue("Network.send target", target, f"one of the nodes {', '.join(self._world.nodes)}")
        self.carry(source, target, type(payload).__name__, self._into_inbox, node, payload)

    def carry(self, source: str, target: str, what: str, arrive: Callable[..., None], *args: Any) -> None:
        """Send a message, and call ``arrive(*args)`` as the world's own code when it gets there."""
        self._sent = number = self._sent + 1
        delay_s = self.links.delay_s(source, target, what)
        loop = self._world.loop
        if not hooks.listening:
            if not isinstance(delay_s, str):
                loop.deliver(delay_s, arrive, args)
            return
        hooks.emit(hooks.MessageSent(number, source, target, what))
        if isinstance(delay_s, str):
            hooks.emit(hooks.MessageLost(number, delay_s))
        else:
            loop.deliver(delay_s, self._arrived, (number, arrive, args))

    @staticmethod
    def _arrived(number: int, arrive: Callable[..., None], args: tuple[Any, ...]) -> None:
        if hooks.listening:
            hooks.emit(hooks.MessageArrived(number))
        arrive(*args)

    @staticmethod
    def _into_inbox(node: Any, payload: Any) -> None:
        if node.is_up:
            node.inbox.put(payload)
