"""Writes down what happens, with its time and node. One more listener on the hooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .. import hooks, runtime
from ..errors import InvalidValue
from ..history import Entry

Kinds = tuple[type[hooks.Happening], ...]


class Recorder:
    """Keeps every happening, or with *limit* the latest ones, as entries of a history.

    *without* names kinds that are left out. Times are seconds on the clock of the world that runs,
    less *origin_s*. Listening is a block: ``with recorder.recording(): ...``.
    """

    def __init__(
        self, *, limit: int | None = None, without: Iterable[type[hooks.Happening]] = (), origin_s: float = 0.0
    ) -> None:
        if limit is not None and limit < 1:
            raise InvalidValue("Recorder.limit", limit, "a number of entries from 1, or None for all")
        self._raw: deque[tuple[float, str, hooks.Happening]] = deque(maxlen=limit)
        self._without: Kinds = tuple(without)
        self._origin_s = origin_s

    def __call__(self, happening: hooks.Happening) -> None:
        if not isinstance(happening, self._without):
            self._raw.append((runtime.current().monotonic() - self._origin_s, runtime.current_node(), happening))

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        with hooks.listen(self):
            yield self

    @property
    def entries(self) -> list[Entry]:
        """The history so far."""
        return [Entry(at, node, what) for at, node, what in self._raw]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._raw)
