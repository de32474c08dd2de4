"""What the numbers were at regular moments of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from .. import runtime
from ..errors.given import check_seconds
from ..history import Entry
from ..hooks import Happening
from .numbers import Sample

if TYPE_CHECKING:
    import pandas as pd


class Counting(Protocol):
    """What is scraped: `Metrics`."""

    def take(self, what: Happening, *, at_s: float, node: str) -> None: ...

    def samples(self, *, at_s: float | None = None) -> list[Sample]: ...

    def hear(self, what: Happening) -> None: ...


class Scrapes:
    """The samples of each moment at which was scraped: *every_s*, twice that, and so on. *rows* is in that order."""

    def __init__(self, metrics: Counting, every_s: float, *, begun_s: float | None = None) -> None:
        check_seconds("every_s", every_s)
        self.every_s = every_s
        self._metrics, self._next = metrics, 1 if begun_s is None else int(begun_s // every_s) + 1
        self._here = runtime.current() if begun_s is None else None
        self._begun_s, self._origin_s = runtime.monotonic(), 0.0
        self.rows: list[tuple[float, list[Sample]]] = []

    def hear(self, what: Happening) -> None:
        """A listener: something happens now."""
        here = runtime.current()
        # Another clock than when it began is that of a world, or a scaled one: it counts from its own beginning.
        self._origin_s = self._begun_s if here is self._here else 0.0
        self.go_on_to(here.monotonic() - self._origin_s, including=False)
        self._metrics.hear(what)

    def replay(self, entries: Iterable[Entry]) -> Scrapes:
        """Count what was recorded, as if it happened again."""
        for entry in entries:
            self.go_on_to(entry.at, including=False)
            self._metrics.take(entry.what, at_s=entry.at, node=entry.node)
        return self

    def go_on_to(self, at_s: float, *, including: bool = True) -> Scrapes:
        """Scrape at every moment up to *at_s*; what happens at that very moment comes before its scrape."""
        while (moment_s := self._next * self.every_s) < at_s or (including and moment_s == at_s):
            self.rows.append((moment_s, self._metrics.samples(at_s=self._origin_s + moment_s)))
            self._next += 1
        return self

    def values(self, name: str, **labels: str) -> list[tuple[float, float]]:
        """Moment and value of the series of that name and those labels, added up where several have them."""
        wanted = tuple(labels.items())
        told = []
        for at_s, samples in self.rows:
            named = [each for each in samples if each.name == name]
            found = [each.value for each in named if all(pair in each.labels for pair in wanted)]
            if found:
                told.append((at_s, sum(found)))
        return told

    def frame(self) -> pd.DataFrame:
        """A row for each moment, a column for each series, such as ``eventcore_commands_total{service="orders",…}``."""
        import pandas as pd

        index = pd.Index([at_s for at_s, _ in self.rows], name="at_s")
        return pd.DataFrame([{each.series: each.value for each in samples} for _, samples in self.rows], index=index)
