"""The network of a world: messages take time, get lost, and outlive their sender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from .. import hooks
from ..errors import InvalidValue, Unavailable
from .degrading import Degradation
from .distributions import Distribution
from .link import Link
from .links import Links
from .partitions import Cut, Flapping, InFlight, Isolation, MajoritiesRing, Partition, SeenAs
from .presets import Preset
from .sizes import OfSize
from .way import Lost

if TYPE_CHECKING:
    from .world import World

Broke = Callable[..., None]


class Network:
    """Carries messages between the nodes of one world. A message in flight belongs to the world, not to its sender.

    *cuts_seen_as* says what the ends of a cut notice where the cut itself does not say: ``"silence"``,
    or that the connection is ``"broken"``.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.links = Links(lambda name: world.runtime.make_stream(f"network/{name}"), clock=world.loop.time)
        self.links.took_hold = self._took_hold
        self.links.nodes = lambda: world.nodes
        self.exchanges: dict[asyncio.Future[Any], tuple[str, str, Callable[[Any, str], BaseException], Any]] = {}
        """Who waits for an answer from whom: ``(source, target, error, subject)``. A broken connection raises
        ``error(subject, reason)`` there."""
        self._sent = 0

    @property
    def cuts_seen_as(self) -> SeenAs:
        """As on `links`. Raises InvalidValue for what is neither."""
        return self.links.cuts_seen_as

    @cuts_seen_as.setter
    def cuts_seen_as(self, seen_as: SeenAs) -> None:
        self.links.cuts_seen_as = seen_as

    def set_latency(self, latency: Distribution, *, loss: float = 0.0) -> None:
        """The manners of every link that has none of its own."""
        self.links.default = Link(latency, loss)

    def set_link(self, source: str, target: str, link: Link, *, both_ways: bool = True) -> None:
        """Give the link between two nodes manners of its own. Raises InvalidValue for a node that there is not."""
        self.links.set_link(source, target, link, both_ways=both_ways)

    def use(self, preset: Preset, placement: Mapping[str, str] | None = None) -> None:
        """Give links the manners of *preset*: those among the nodes of *placement*, which says where each one is.

        Without a placement every link that has no manners of its own, for a preset of a single place. Raises
        InvalidValue for a node or a place that there is not, and for what is no preset.
        """
        if not isinstance(preset, Preset):
            raise InvalidValue("preset of the network", preset, "a Preset, such as REGIONS")
        if placement is None:
            if len(preset.places) > 1:
                expected = f"where each node is: one of {', '.join(preset.places)}"
                raise InvalidValue(f"placement in {preset.name}", placement, expected)
            (self.links.default,) = preset.links.values()
            return
        self.links.check("placement", *placement)
        for source, target, link in list(preset.between(placement)):
            self.links.set_link(source, target, link, both_ways=False)

    def partition(
        self,
        left: Iterable[str],
        right: Iterable[str],
        *,
        one_way: bool = False,
        in_flight: InFlight = "arrives",
        seen_as: SeenAs | None = None,
    ) -> AbstractContextManager[Cut]:
        """Drop every message between *left* and *right* until the block ends. Nodes in neither still reach all.

        Messages in flight still arrive, unless *in_flight* is ``"lost"``. Raises InvalidValue for a node
        that the world does not have.
        """
        return self.cut(Partition(left, right, one_way=one_way, in_flight=in_flight, seen_as=seen_as))

    def isolate(
        self, node: str, *, in_flight: InFlight = "arrives", seen_as: SeenAs | None = None
    ) -> AbstractContextManager[Cut]:
        """Cut *node* off from all others until the block ends."""
        return self.cut(Isolation(node, in_flight=in_flight, seen_as=seen_as))

    def majorities_ring(
        self, nodes: Iterable[str], *, in_flight: InFlight = "arrives", seen_as: SeenAs | None = None
    ) -> AbstractContextManager[Cut]:
        """Let every one of *nodes* see a majority, and no two the same one, until the block ends."""
        ring = tuple(nodes)
        self.links.check(MajoritiesRing.what, *ring)
        return self.cut(MajoritiesRing(ring, in_flight=in_flight, seen_as=seen_as))

    def flapping(self, cut: Cut, *, period_s: float, duty: float = 0.5) -> AbstractContextManager[Cut]:
        """Let *cut* hold for the first *duty* of each *period_s*, until the block ends."""
        return self.cut(Flapping(cut, period_s, duty))

    def cut(self, cut: Cut) -> AbstractContextManager[Any]:
        """Install any cut until the block ends. Raises InvalidValue for a node that the world does not have."""
        self.links.check(cut.what, *cut.nodes())
        return self.links.rule(cut)

    def degraded(self, degradation: Degradation) -> AbstractContextManager[Degradation]:
        """Let links be worse than they are until the block ends. Raises InvalidValue for a node that there is not."""
        return self.links.degraded(degradation)

    def send(self, source: str, target: str, payload: Any, *, size_bytes: int | None = None) -> None:
        """Send a one-way message: *payload* comes out of the target's ``inbox``, later or never.

        Its size, where a link's bandwidth asks for it, is *size_bytes*, or that of its JSON. Raises Unavailable
        when the connection is seen to be broken, InvalidValue for a node that there is not or a size below 0.
        """
        nodes = self._world.nodes
        node = nodes.get(target)
        if node is None or source not in nodes:
            end, name = ("target", target) if node is None else ("source", source)
            raise InvalidValue(f"Network.send {end}", name, f"one of the nodes {self._names()}")
        body = payload if size_bytes is None else _of_size(size_bytes)
        self.carry(source, target, type(payload).__name__, _into_inbox, node, payload, body=body, broke=_refuse_to_send)

    def carry(
        self,
        source: str,
        target: str,
        what: str,
        arrive: Callable[..., None],
        *args: Any,
        body: object = None,
        broke: Broke | None = None,
    ) -> None:
        """Send a message, and call ``arrive(*args)`` as the world's own code when it gets there.

        It has the size of *body*. ``broke(reason, *args)`` is called at once when the connection is seen to be broken.
        """
        links = self.links
        if not links.rules:
            way = links.ways.get((source, target)) or links.way(source, target)
            if way.plain:
                self._sent = number = self._sent + 1
                delay_s = way.sample(way.chance)
                if hooks.listening:
                    hooks.emit(hooks.MessageSent(number, source, target, what))
                    arrive, args = _arrived, (number, arrive, args)
                self._world.loop.deliver(delay_s, arrive, args, source, target)
                return
        self._carry_with_care(source, target, what, arrive, args, body, broke)

    def _carry_with_care(
        self,
        source: str,
        target: str,
        what: str,
        arrive: Callable[..., None],
        args: tuple[Any, ...],
        body: object,
        broke: Broke | None,
    ) -> None:
        """All that may befall a message, and telling of it."""
        journey = self.links.journey(source, target, what, body)
        number = self._next()
        if hooks.listening:
            hooks.emit(hooks.MessageSent(number, source, target, what))
        if isinstance(journey, Lost):
            if hooks.listening:
                hooks.emit(hooks.MessageLost(number, journey.reason))
            if journey.broken and broke is not None:
                broke(journey.reason, *args)
            return
        if journey.held_s and hooks.listening:
            hooks.emit(hooks.MessageHeldBack(number, journey.held_s))
        deliver = self._world.loop.deliver
        deliver(journey.delay_s, _arrived, (number, arrive, args), source, target)
        if journey.copy_s is not None:
            copy = self._next()
            if hooks.listening:
                hooks.emit(hooks.MessageDuplicated(number, copy))
            deliver(journey.copy_s, _arrived, (copy, arrive, args), source, target)

    def _next(self) -> int:
        self._sent += 1
        return self._sent

    def _took_hold(self, cut: Cut) -> None:
        """A cut began, or began anew: what was under way meets it now."""
        if cut.in_flight == "arrives" and not cut.breaks:
            return
        if cut.in_flight == "lost":
            for arrive, args in self._world.loop.take_back(cut.cuts):
                if arrive is _arrived and hooks.listening:
                    hooks.emit(hooks.MessageLost(args[0], str(cut)))
        if cut.breaks:
            self._break(cut)
        if cut.again_every_s is not None:
            again = self._world.context.copy()
            self._world.loop.call_later(cut.again_every_s, self._takes_hold_again, cut, context=again)

    def _takes_hold_again(self, cut: Cut) -> None:
        if any(rule is cut for rule in self.links.rules):
            self._took_hold(cut)

    def _break(self, cut: Cut) -> None:
        """Tell everybody who waits for an answer across *cut* that none will come."""
        for future, (source, target, error, subject) in list(self.exchanges.items()):
            if cut.cuts(source, target) or cut.cuts(target, source):
                del self.exchanges[future]
                if not future.done():
                    future.set_exception(error(subject, str(cut)))
                    future.exception()  # seen: the caller's node may have crashed meanwhile

    def _names(self) -> str:
        return ", ".join(self._world.nodes) or "(none yet)"


def _of_size(size_bytes: object) -> OfSize:
    if not isinstance(size_bytes, int) or size_bytes < 0:
        raise InvalidValue("Network.send size_bytes", size_bytes, "a whole number of bytes, 0 or more")
    return OfSize(size_bytes)


def _arrived(number: int, arrive: Callable[..., None], args: tuple[Any, ...]) -> None:
    if hooks.listening:
        hooks.emit(hooks.MessageArrived(number))
    arrive(*args)


def _into_inbox(node: Any, payload: Any) -> None:
    if node.is_up:
        node.inbox.put(payload)


def _refuse_to_send(reason: str, node: Any, payload: Any) -> None:
    raise Unavailable(node.name, f"the connection is broken, {reason}")
