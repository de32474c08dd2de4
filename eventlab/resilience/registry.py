"""One breaker per target."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping

from ..errors import InvalidValue
from .breaker import CircuitBreaker
from .config import CircuitBreakerConfig
from .saving import BreakerSnapshot
from .state import State


class CircuitBreakers:
    """A breaker for each target, made when it is first asked for, with *config* or the target's own of *overrides*.

    At most *targets_max* are kept. Beyond that the one goes that was asked for longest ago, of those that are closed
    if there are any: who still holds it may go on using it.
    """

    def __init__(
        self,
        config: CircuitBreakerConfig | None = None,
        overrides: Mapping[str, CircuitBreakerConfig] | None = None,
        *,
        targets_max: int = 1000,
    ) -> None:
        if not targets_max >= 1 or targets_max % 1:
            raise InvalidValue("targets_max", targets_max, "a whole number, at least one target")
        self.config = config or CircuitBreakerConfig()
        self.overrides = dict(overrides or {})
        self.targets_max = targets_max
        self._kept: dict[str, CircuitBreaker] = {}
        self._lock = threading.RLock()

    def of(self, target: str) -> CircuitBreaker:
        """The breaker of *target*: the same one each time, on every thread."""
        with self._lock:
            breaker = self._kept.pop(target, None)
            if breaker is None:
                self._make_room()
                breaker = CircuitBreaker(target, self._config_of(target))
            self._kept[target] = breaker  # the last in line is the one asked for last
            return breaker

    def __iter__(self) -> Iterator[CircuitBreaker]:
        """Those that are kept, by name."""
        with self._lock:
            return iter([self._kept[target] for target in sorted(self._kept)])

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, target: object) -> bool:
        return target in self._kept

    def snapshots(self) -> list[BreakerSnapshot]:
        """Each breaker's, by name."""
        return [breaker.snapshot() for breaker in self]

    def restore(self, snapshots: Iterable[BreakerSnapshot]) -> None:
        """Put each breaker where its snapshot was, in the place of the one that is kept."""
        for snapshot in snapshots:
            with self._lock:
                if self._kept.pop(snapshot.name, None) is None:
                    self._make_room()
                self._kept[snapshot.name] = CircuitBreaker.restored(snapshot, self._config_of(snapshot.name))

    def _config_of(self, target: str) -> CircuitBreakerConfig:
        return self.overrides.get(target, self.config)

    def _make_room(self) -> None:
        if len(self._kept) >= self.targets_max:
            closed = (target for target, breaker in self._kept.items() if breaker.state is State.CLOSED)
            del self._kept[next(closed, next(iter(self._kept)))]
