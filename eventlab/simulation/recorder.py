"""Writes down what happens, with its time and node. One more listener on the hooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .. import history, hooks, runtime
from ..errors import InvalidValue
from ..history import Entry
from .journal import Journal

Kinds = tuple[type[hooks.Happening], ...]


class Recorder:
    """Keeps every happening as an entry of a history; or fewer of them, as you say.

    With *limit* it keeps the latest ones, with 0 none: then it does not even listen. With *to* it
    keeps nothing in memory but a page, and writes JSON Lines into that file, which it begins anew.
    *only* and *without* choose kinds of happenings; *closely* adds those that most histories leave
    out, such as each single read of a store.

    Times are seconds on *clock*, which is the clock of the world that runs unless it is given, less *origin_s*.
    Listening is a block: ``with recorder.recording(): ...``; it opens the file, and raises OSError if it cannot.
    Raises InvalidValue for a negative limit, for a limit beside a file, for a file in a folder that does not
    exist, and for what is no kind of happening.
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        only: Iterable[type[hooks.Happening]] = (),
        without: Iterable[type[hooks.Happening]] = (),
        to: str | Path | None = None,
        closely: bool = False,
        origin_s: float = 0.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if limit is not None and limit < 0:
            raise InvalidValue("Recorder.limit", limit, "a number of entries, 0 for none, or None for all")
        if limit is not None and to is not None:
            raise InvalidValue("Recorder.limit", limit, "None where a file takes the entries: it takes all of them")
        if to is not None and not Path(to).parent.is_dir():
            raise InvalidValue("Recorder.to", str(to), "a file in a folder that exists")
        chosen, left_out = _kinds("only", only), _kinds("without", without)
        self._is_off, self._closely = limit == 0, closely
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._journal = None if to is None else Journal(Path(to), self._entries)
        write = _writer(self._entries, origin_s, clock)
        if self._journal is not None:
            write = _paging(write, self._entries, self._journal)
        self._write = _choosing(write, chosen, left_out)

    def __call__(self, happening: hooks.Happening) -> None:
        if not self._is_off:
            self._write(happening)

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Listen until the block ends; a file then holds all that was heard."""
        if self._is_off:
            yield self
            return
        with self._journal or nullcontext(), hooks.listen(self._write, closely=self._closely):
            yield self

    @property
    def entries(self) -> list[Entry]:
        """The history so far; read from its file, if it is in one."""
        if self._journal is None:
            return list(self._entries)
        self._journal.write_page()
        return history.read(self._journal.path)

    def __len__(self) -> int:
        return len(self._entries) + (0 if self._journal is None else self._journal.written)


def _kinds(name: str, kinds: Iterable[type[hooks.Happening]]) -> Kinds:
    found: tuple[object, ...] = tuple(kinds)
    for place, kind in enumerate(found):
        if not isinstance(kind, type) or not issubclass(kind, hooks.Happening):
            raise InvalidValue(f"Recorder.{name}[{place}]", kind, "a class of eventlab.hooks, such as MessageLost")
    return found  # type: ignore[return-value]


def _writer(entries: deque[Entry], origin_s: float, clock: Callable[[], float] | None) -> hooks.Listener:
    """Appends to *entries*. A hundred times for one checkout: so it asks where the runtime itself asks."""
    append, here, current_node = entries.append, runtime._here, runtime._NODE.get

    def write(happening: hooks.Happening) -> None:
        append(Entry(here.runtime.monotonic() - origin_s, current_node(), happening))  # type: ignore[arg-type]

    def write_by_clock(happening: hooks.Happening) -> None:
        append(Entry(clock() - origin_s, current_node(), happening))  # type: ignore[arg-type,misc]

    return write if clock is None else write_by_clock


def _choosing(write: hooks.Listener, only: Kinds, without: Kinds) -> hooks.Listener:
    if not only and not without:
        return write
    chosen = only or (hooks.Happening,)

    def write_chosen(happening: hooks.Happening) -> None:
        if isinstance(happening, chosen) and not isinstance(happening, without):
            write(happening)

    return write_chosen


def _paging(write: hooks.Listener, entries: deque[Entry], journal: Journal) -> hooks.Listener:
    def write_in_pages(happening: hooks.Happening) -> None:
        write(happening)
        if len(entries) >= journal.page:
            journal.write_page()

    return write_in_pages
