"""Metrics of a service, out of what happens and out of what is asked at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from .. import hooks, runtime
from ..errors import InvalidValue
from ..hooks import Happening
from .asking import answers, read_all
from .families import ERROR_KINDS, FAMILIES, LAG
from .feeding import Feeding
from .lag import Consumer, Lags
from .numbers import Labels, Numbers, Sample, samples_of
from .scraping import Scrapes

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

VALUES_MAX = 100
"""So many values of each label that comes from outside are told apart, unless told otherwise."""


class Metrics:
    """The metrics of *service*, for Prometheus; without a name each happening counts for the node that it happened on.

    ``with metrics.listening(): ...`` counts what happens; the ``record_…`` methods count what you tell. Both may be
    done on any thread. *registry* is the official client's; left out, it is one of its own. Several services may share
    one: each sample is labelled with its service.

    *consumers* are followed in time by what is told of them: see `Consumer`. Of each label that comes from outside
    *values_max* values are told apart; the rest is ``other``, and `eventcore_labels_folded_total` counts it.
    """

    def __init__(
        self,
        service: str | None = None,
        registry: CollectorRegistry | None = None,
        *,
        consumers: Iterable[Consumer] = (),
        values_max: int = VALUES_MAX,
    ) -> None:
        if service == "":
            raise InvalidValue("Metrics.service", service, "a name, or None for that of each node")
        if values_max < 1:
            raise InvalidValue("Metrics.values_max", values_max, "1 or more")
        followed = tuple(consumers)
        for each in followed:
            if not isinstance(each, Consumer):
                raise InvalidValue("Metrics.consumers", each, "a Consumer, such as Consumer('mailer', store='orders')")
        self.service = service
        self._node: str | None = None
        self._listens = False
        self._numbers = Numbers(values_max)
        self._lags = Lags(followed)
        self._feeding = Feeding(self._numbers, self._lags)
        self._clock = runtime.monotonic
        self._registry = registry
        if registry is not None:
            self._register(registry)

    @property
    def registry(self) -> CollectorRegistry:
        """The official registry, for ``prometheus_client.start_http_server`` and the like. Any thread may scrape it.

        A gauge that has to be awaited is told there as it was when `export_metrics` last awaited it.
        """
        if self._registry is None:
            from .prometheus import new_registry

            self._registry = new_registry()
            self._register(self._registry)
        return self._registry

    @contextmanager
    def listening(self, *, node: str | None = None) -> Iterator[Metrics]:
        """Count what happens until the block ends; with *node*, what happens there and nothing else.

        Raises InvalidValue within another such block of these metrics: everything would be counted twice.
        """
        with self._heard_by(self.hear):
            self._node = node
            yield self

    @contextmanager
    def scraping_every(self, every_s: float, *, clock: Callable[[], float] | None = None) -> Iterator[Scrapes]:
        """Count what happens, and keep what the numbers were every *every_s* seconds, until the block ends.

        Nothing is started and nobody is woken for it, so in a world a run is the same with it and without: when
        something happens after a moment at which to scrape, the numbers from before it are kept for that moment.
        Gauges that are asked for are not among them: nobody asked at that moment. Moments are those of *clock*, as
        ``lambda: world.now_s``, and go on to what it says at the end. Left out, they are seconds of the world that
        runs, or else since the block began, and end with the last thing that happened. Raises as `listening` does.
        """
        scrapes = Scrapes(self, every_s, begun_s=None if clock is None else clock())
        with self._heard_by(scrapes.hear):
            yield scrapes
        if clock is not None:
            scrapes.go_on_to(clock())

    @contextmanager
    def _heard_by(self, listener: Callable[[Happening], None]) -> Iterator[None]:
        if self._listens:
            expected = "one block of listening() or scraping_every(), which counts as well"
            raise InvalidValue("who listens for these metrics", "asked for twice", expected)
        self._listens = True
        try:
            with hooks.listen(listener):
                yield
        finally:
            self._listens = False

    def hear(self, what: Happening) -> None:
        """A listener: count what happens now."""
        self._clock = runtime.current().monotonic
        node = runtime.current_node()
        if self._node is None or node == self._node or isinstance(what, hooks.NodeChanged):
            self.take(what, at_s=self._clock(), node=node)

    def take(self, what: Happening, *, at_s: float, node: str) -> None:
        """Count one happening: one that was recorded, say."""
        with self._numbers.lock:
            if not isinstance(what, hooks.NodeChanged):
                self._feeding.take(self.service or node, what, at_s)
            elif self.service is None or what.name == (self._node or self.service):
                self._feeding.node_changed(self.service or what.name, what)

    def record_command_executed(
        self, command_type: str, duration_s: float, success: bool, *, kind: str = "failed"
    ) -> None:
        """A command ended, after *duration_s* with all its attempts. A failure counts as a command, too, and by *kind*.

        Raises InvalidValue for a *kind* that is none of `ERROR_KINDS`, and for a duration below zero or one that is no
        number: a single one would spoil the sum of all.
        """
        if not 0 <= duration_s < inf:
            raise InvalidValue("duration_s", duration_s, "a number of seconds, 0 or more")
        if kind not in ERROR_KINDS:
            raise InvalidValue("kind", kind, f"one of {', '.join(ERROR_KINDS)}")
        service = self._here()
        self._numbers.add("eventcore_commands_total", service, command_type)
        self._numbers.observe("eventcore_command_duration_seconds", service, command_type, value=duration_s)
        if not success:
            self._numbers.add("eventcore_command_errors_total", service, command_type, kind)

    def record_event_published(self, event_type: str) -> None:
        """An event was published."""
        self._numbers.add("eventcore_events_published_total", self._here(), event_type)

    def record_event_consumed(self, event_type: str, lag_s: float, *, consumer: str = "") -> None:
        """An event was consumed, *lag_s* after it occurred. A negative lag counts as 0, and is counted.

        That is the age of an event that *was* consumed. How late a consumer is, `eventcore_event_lag_seconds` tells.
        Raises InvalidValue for a lag that is no number.
        """
        if not isfinite(lag_s):
            raise InvalidValue("lag_s", lag_s, "a number of seconds")
        service = self._here()
        self._numbers.add("eventcore_events_consumed_total", service, consumer, event_type)
        lag_s = self._not_negative(service, consumer, lag_s)
        self._numbers.observe("eventcore_event_age_seconds", service, consumer, event_type, value=lag_s)

    def samples(self, *, at_s: float | None = None) -> list[Sample]:
        """What the numbers are, family by family, without gauges that are asked for; ages are those at *at_s*."""
        return list(self._samples({}, at_s))

    def scraped(self) -> list[Sample]:
        """What the numbers are, and what the gauges answer. Safe on any thread."""
        return list(self._samples(answers(self._numbers, self.service, self._node)))

    async def export_metrics(self, *, openmetrics: bool = False) -> str:
        """All of it as text for Prometheus, or as OpenMetrics. Gauges that have to be awaited are.

        Call it on the loop to which they belong. Raises InvalidValue without the official client, naming the extra.
        """
        from .prometheus import exposition

        registry = self.registry
        await self.read_gauges()
        return exposition(registry, openmetrics)

    async def read_gauges(self) -> None:
        """Await the gauges that have to be, for whoever scrapes the registry next."""
        await read_all(self._numbers, self.service, self._node)

    def app(self) -> Any:
        """An ASGI application that answers every GET with the metrics: mount it, or give it to a server."""
        from .prometheus import application

        return application(self)

    def _samples(self, asked: dict[str, dict[Labels, float]], at_s: float | None = None) -> Iterator[Sample]:
        with self._numbers.lock:
            cells, histograms = self._numbers.taken()
            lags = self._lags.ages_s(self.service, self._clock() if at_s is None else at_s)
        for family in FAMILIES.values():
            found = cells.get(family.name, {})
            if family.name == LAG:
                found |= lags
            found |= asked.get(family.name, {})
            yield from samples_of(family, found, histograms.get(family.name, {}))

    def _register(self, registry: CollectorRegistry) -> None:
        from .prometheus import register

        register(self, registry)

    def _not_negative(self, service: str, consumer: str, lag_s: float) -> float:
        if lag_s < 0:
            self._numbers.add("eventcore_negative_lags_total", service, consumer)
        return max(0.0, lag_s)

    def _here(self) -> str:
        return self.service or runtime.current_node()
