"""A schedule: the faults of one run, in their order, as one value that can be printed, checked and kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import msgspec

from ...errors import InvalidValue
from .kinds import ClockFault, CrashFault, FailingFault, Fault, PauseFault
from .timed import TimedFault

_DOWN = (CrashFault, FailingFault)
"""While one of these holds, the node may be down."""

_ALONE = (*_DOWN, PauseFault, ClockFault)
"""Two of these of one kind must not overlap on one node: the first to end would lift the other."""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """*faults*, whatever order they were given in, by the time at which they begin."""

    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        faults: object = self.faults
        if not isinstance(faults, Iterable) or not all(isinstance(fault, TimedFault) for fault in faults):
            raise InvalidValue("the schedule", faults, "faults, as Schedule((CrashFault(…), …))")
        msgspec.structs.force_setattr(self, "faults", tuple(sorted(self.faults, key=lambda fault: fault.at_s)))

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)

    def __len__(self) -> int:
        return len(self.faults)

    @property
    def ends_s(self) -> float:
        """When the last fault is lifted; 0 without any."""
        return max((fault.ends_s for fault in self.faults), default=0.0)

    def without(self, index: int) -> Schedule:
        """The same without one fault, counted from 0."""
        return Schedule(self.faults[:index] + self.faults[index + 1 :])

    def replaced(self, index: int, fault: Fault) -> Schedule:
        """The same with another fault in the place of one."""
        return Schedule((*self.faults[:index], fault, *self.faults[index + 1 :]))

    def problems(self, nodes: Collection[str], disks: Collection[str] = (), stores: Collection[str] = ()) -> list[str]:
        """Why it cannot be played on these nodes, disks and stores, a sentence for each reason; none if it can."""
        return [
            problem
            for index, fault in enumerate(self.faults)
            for problem in (*_unknown(fault, nodes, disks, stores), *_overlaps(fault, self.faults[:index]))
        ]

    def overlaps(self) -> list[str]:
        """Which of its faults would be lifted by the end of another one, a sentence for each."""
        return [problem for index, fault in enumerate(self.faults) for problem in _overlaps(fault, self.faults[:index])]

    def against(self, nodes: Collection[str], disks: Collection[str] = (), stores: Collection[str] = ()) -> Schedule:
        """The schedule itself, if it can be played on these. Raises InvalidValue with everything that is wrong."""
        if problems := self.problems(nodes, disks, stores):
            raise InvalidValue("the schedule", "; ".join(problems), "faults of what is there, each lifted by itself")
        return self

    def to_json(self) -> str:
        """One line of JSON, which `from_json` reads."""
        read_back = msgspec.json.decode(msgspec.json.encode(self), type=Schedule)  # whole numbers of laws as floats too
        return msgspec.json.encode(read_back).decode()

    @staticmethod
    def from_json(text: str | bytes) -> Schedule:
        """A schedule that was saved. Raises InvalidValue that says what about it is none."""
        try:
            return msgspec.json.decode(text, type=Schedule)
        except (msgspec.DecodeError, InvalidValue) as error:
            shown = text[:60] if isinstance(text, str) else text[:60].decode(errors="replace")
            raise InvalidValue("the schedule", shown, str(error)) from None

    def save(self, path: str | Path) -> None:
        Path(path).write_text(f"{self.to_json()}\n", encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> Schedule:
        """The schedule in a file. Raises InvalidValue as `from_json` does."""
        return Schedule.from_json(Path(path).read_bytes())

    def __str__(self) -> str:
        lines = [(f"{fault.at_s:g} s", f"{fault.ends_s:g} s", fault.name, str(fault)) for fault in self.faults]
        if not lines:
            return "no faults"
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        return "\n".join(
            f"{begins:>{widths[0]}} to {ends:>{widths[1]}}  {name:<{widths[2]}}  {whom}"
            for begins, ends, name, whom in lines
        )


def _unknown(fault: Fault, nodes: Collection[str], disks: Collection[str], stores: Collection[str]) -> Iterator[str]:
    whom = (("node", fault.nodes(), nodes), ("disk", fault.disks(), disks), ("store", fault.stores(), stores))
    for kind, named, known in whom:
        for name in named:
            if name not in known:
                yield f"{fault.name} at {fault.at_s:g} s: there is no {kind} {name!r}, of {', '.join(known) or 'none'}"


def _overlaps(fault: Fault, before: tuple[Fault, ...]) -> Iterator[str]:
    """What begins before an earlier fault of its kind on that node is lifted; and a pause of a node that is down."""
    if not isinstance(fault, _ALONE):
        return
    for other in before:
        if not isinstance(other, _ALONE) or other.node != fault.node or fault.at_s >= other.ends_s:
            continue
        if type(other) is type(fault) or (isinstance(other, _DOWN) and isinstance(fault, (*_DOWN, PauseFault))):
            yield (
                f"{fault.name} of {fault.node!r} at {fault.at_s:g} s: "
                f"its {other.name} from {other.at_s:g} s on holds until {other.ends_s:g} s"
            )
