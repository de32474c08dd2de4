"""Watches for clocks, chance and ways out that a world cannot answer for, and says where they were asked.

One mechanism sees them all, whatever name they were imported under: the interpreter tells a profile function
(`sys.setprofile`, of this thread alone) of each call, with the function itself. What C code calls
on its own it does not tell: ``map(time.time, ...)``, numpy's generators, the inside of an extension; nor whether
``time.gmtime(*maybe)`` was given a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

from ..errors import EntropyRead, InvalidValue
from .sources import BY_CODE, BY_FUNCTION, BY_METHOD, Source, made_without_seed

if TYPE_CHECKING:
    from .loop import SimulationLoop

Entropy = Literal["allow", "list", "raise"]

THROUGH = frozenset(("random", "secrets", "uuid", "tempfile", "datetime", "socket", "subprocess", "threading", "os"))
"""They ask because somebody asked them: the place is further up."""

MAY = frozenset(
    (
        "asyncio",  # its loop measures itself in debug mode
        *("logging", "warnings", "traceback", "linecache"),  # they tell of time, and decide nothing by it
        *("concurrent", "threading"),  # how long to wait for a lock of real threads
        *("hypothesis", "pytest", "_pytest"),  # the test around the world
        *("bdb", "pdb", "debugpy", "pydevd", "_pydevd_bundle"),  # a debugger looks in from outside
        *("IPython", "ipykernel", "jupyter_client", "zmq"),  # what is printed goes to the notebook
    )
)
"""Packages that may ask when nobody else asked them to."""

_DOOR = "eventlab.runtime"


@dataclass(frozen=True)
class Leak:
    """Something was asked *count* times at one *place* (file, line, function) that no seed answers."""

    what: str
    place: str
    instead: str
    count: int

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"{self.what} at {self.place}, {times}; {self.instead}"


class Audit:
    """What a world does about entropy. Raises InvalidValue for anything but the three words."""

    def __init__(self, entropy: Entropy) -> None:
        if entropy not in ("allow", "list", "raise"):
            raise InvalidValue("World.entropy", entropy, "'allow', 'list' or 'raise'")
        self._is_on, self._raises = entropy != "allow", entropy == "raise"
        self._counts: dict[tuple[Source, str], int] = {}

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """In the order in which they were first seen."""
        return tuple(Leak(source.what, place, source.instead, count) for (source, place), count in self._counts.items())

    @contextmanager
    def watching(self, loop: SimulationLoop) -> Iterator[None]:
        """Watch this thread until the block ends, and then let whoever profiled before go on."""
        if not self._is_on:
            yield
            return
        before, taking = sys.getprofile(), loop.taking
        loop.taking = lambda take: self._watchful(take if taking is None else taking(take))
        sys.setprofile(self._see)
        try:
            yield
        finally:
            sys.setprofile(before)
            loop.taking = taking

    def _watchful(self, take: Callable[[], Any]) -> Callable[[], Any]:
        """Python drops a profile function that raises; so the next step puts it back."""

        def take_watched() -> Any:
            if sys.getprofile() is None:
                sys.setprofile(self._see)
            return take()

        return take_watched

    def _see(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call":
            source = BY_FUNCTION.get(function)
            if source is None and (find := BY_METHOD.get(function.__name__)):
                source = find(function.__self__, frame)
        elif event == "call":
            source = BY_CODE.get(id(frame.f_code)) or made_without_seed(frame)
        else:
            return
        if source is not None:
            self._note(source, frame)

    def _note(self, source: Source, frame: FrameType) -> None:
        asker: FrameType | None = frame
        while asker is not None and asker.f_globals.get("__name__") in THROUGH:
            if id(asker.f_code) in BY_CODE and BY_CODE[id(asker.f_code)] is not source:
                return  # uuid4 asks os.urandom, and was noted itself
            asker = asker.f_back
        asker = asker or frame
        module: str = asker.f_globals.get("__name__", "")
        if module == _DOOR or module.partition(".")[0] in MAY:
            return
        place = f"{asker.f_code.co_filename}:{asker.f_lineno} in {asker.f_code.co_qualname}"
        self._counts[source, place] = self._counts.get((source, place), 0) + 1
        if self._raises:
            raise EntropyRead(source.what, place, source.instead)
