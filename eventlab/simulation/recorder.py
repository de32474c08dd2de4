"""Writes down what happens, with its time and node. One more listener on the hooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .. import hooks, runtime
from ..errors import InvalidValue
from ..history import Entry

Kinds = tuple[type[hooks.Happening], ...]
Raw = deque[tuple[float, str, hooks.Happening]]


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
        self._raw: Raw = deque(maxlen=limit)
        self._write = _writer(self._raw, tuple(without), origin_s)

    def __call__(self, happening: hooks.Happening) -> None:
        self._write(happening)

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        with hooks.listen(self._write):
            yield self

    @property
    def entries(self) -> list[Entry]:
        """The history so far."""
        return [Entry(at, node, what) for at, node, what in self._raw]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._raw)


def _writer(raw: Raw, without: Kinds, origin_s: float) -> hooks.Listener:
    """Appends to *raw*. It runs a hundred times for one checkout: so it asks where the runtime's own functions ask."""
    append, here, current_node = raw.append, runtime._here, runtime._NODE.get

    def write(happening: hooks.Happening) -> None:
        if not (without and isinstance(happening, without)):
            append((here.runtime.monotonic() - origin_s, current_node(), happening))

    return write
