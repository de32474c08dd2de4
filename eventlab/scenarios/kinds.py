"""What a value in a scenario file may be. Each kind reads a plain YAML value, and describes itself to editors."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from ..simulation.distributions import AnyDistribution
from . import expecting, laws, units
from .units import NUMBER, Misread, is_number, shown

FRONT = "front"
"""The node that load comes from: customers at the shop's door, or whoever calls a modelled topology."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that the file at hand declares, so that a reference can be checked where it stands.

    *unread* services may be of any kind: their own sections have problems, and what refers to them has none.
    Not *whole*: there may be services besides these.
    """

    services: tuple[str, ...] = ()
    modelled: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    whole: bool = True


class Kind(Protocol):
    """Reads one value, or raises Misread."""

    def read(self, value: object, known: Known) -> Any: ...

    def schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class DurationKind:
    above_zero: bool = False

    def read(self, value: object, known: Known) -> float:
        return units.duration_s(value, above_zero=self.above_zero)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[0-9.eE+]+ ?(us|µs|ms|s|min|h)$", "examples": ["250ms", "30s", "2min"]}


@dataclass(frozen=True, slots=True)
class RateKind:
    zero_too: bool = False

    def read(self, value: object, known: Known) -> float:
        return units.rate_per_s(value, zero_too=self.zero_too)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[0-9.eE+]+ ?/ ?(s|min|h)$", "examples": ["20/s", "100/min"]}


@dataclass(frozen=True, slots=True)
class BandwidthKind:
    def read(self, value: object, known: Known) -> float:
        return units.bytes_per_s(value)

    def schema(self) -> dict[str, Any]:
        pattern = r"^[0-9.eE+]+ ?([kMG]?(B|bit)) ?/ ?s$"
        return {"type": "string", "pattern": pattern, "examples": ["500kB/s", "8Mbit/s"]}


@dataclass(frozen=True, slots=True)
class SizeKind:
    def read(self, value: object, known: Known) -> int:
        return units.size_bytes(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[0-9.eE+]+ ?[kMG]?B$", "examples": ["64kB", "1.5MB"]}


@dataclass(frozen=True, slots=True)
class ProbabilityKind:
    def read(self, value: object, known: Known) -> float:
        return units.probability(value)

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": r"^[0-9.eE+-]+ ?%$", "examples": ["5%"]}
        return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, text]}


@dataclass(frozen=True, slots=True)
class WholeKind:
    """A whole number from *least* on."""

    least: int = 0

    def read(self, value: object, known: Known) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < self.least:
            raise Misread(f"expected a whole number of at least {self.least}, found {shown(value)}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least}


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A number from *least* on, or only *above_zero*, without a unit."""

    least: float = 0.0
    above_zero: bool = False

    def read(self, value: object, known: Known) -> float:
        if self.above_zero and value == 0:
            raise Misread(f"expected a number above 0, found {shown(value)}")
        if not is_number(value) or not math.isfinite(value) or value < self.least:  # type: ignore[arg-type, operator]
            raise Misread(f"expected a number of at least {self.least:g}, found {shown(value)}")
        return float(value)  # type: ignore[arg-type]  # is_number has looked

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "exclusiveMinimum" if self.above_zero else "minimum": self.least}


@dataclass(frozen=True, slots=True)
class TextKind:
    """A text that is not empty."""

    def read(self, value: object, known: Known) -> str:
        text = " ".join(value.split()) if isinstance(value, str) else ""
        if not text.isprintable() or not text:
            raise Misread(f"expected a text, found {shown(value)}")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True)
class FileKind:
    """The name of a file, as it is."""

    def read(self, value: object, known: Known) -> str:
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise Misread(f"expected the name of a file, found {shown(value)}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


JITTERS = ("full", "equal", "decorrelated", "none")


@dataclass(frozen=True, slots=True)
class JitterKind:
    """How far a pause is spread: a share such as 20%, or one of `JITTERS`."""

    def read(self, value: object, known: Known) -> float | str:
        if isinstance(value, str) and value in JITTERS:
            return value
        try:
            return units.probability(value)
        except Misread:
            raise Misread(f"expected a share such as 20%, or {', or '.join(JITTERS)}; found {shown(value)}") from None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(JITTERS)}, ProbabilityKind().schema()]}


@dataclass(frozen=True, slots=True)
class DistributionKind:
    def read(self, value: object, known: Known) -> AnyDistribution:
        return laws.distribution(value)

    def schema(self) -> dict[str, Any]:
        names = "|".join(laws.LAWS)
        text = {
            "type": "string",
            "pattern": rf"^({NUMBER.replace('[+-]?', '', 1)} ?(us|µs|ms|s|min|h)|({names}) ?\(.+\))$",
            "examples": ["5ms", "exponential(20ms)", "lognormal(median 2ms, sigma 0.4)"],
        }
        return {"anyOf": [text, {"type": "object", "propertyNames": {"enum": list(laws.LAWS)}, "maxProperties": 1}]}


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """The name of a service that the file declares. *front* allows the node that load comes from."""

    modelled: bool = False
    front: bool = False

    def read(self, value: object, known: Known) -> str:
        names = (*(known.modelled if self.modelled else known.services), *((FRONT,) if self.front else ()))
        if not isinstance(value, str):
            raise Misread(f"expected the name of a service, found {shown(value)}")
        if value in names or value in known.unread or not known.whole:
            return value
        if value in known.services:
            raise Misread(f"{value!r} is one of the shop's; expected a modelled service")
        near = get_close_matches(value, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}"
        raise Misread(f"no {'modelled ' if self.modelled else ''}service {value!r}; {hint}")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "description": "the name of a service in this file"}


@dataclass(frozen=True, slots=True)
class ExpectationKind:
    def read(self, value: object, known: Known) -> expecting.Expectation:
        if not isinstance(value, str):
            raise Misread(f"expected a line such as 'sagas.stuck == 0', found {shown(value)}")
        # Where not all services are known, one that is named may be there: only the rest of the line can be judged.
        named = () if known.whole else re.findall(r"\b(?:calls\.|breakers\.|breaker +)([\w-]+)", value)
        return expecting.parse(value, (*known.services, *named))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": ["sagas.stuck == 0", "sagas.completed >= 90%", "invariants hold"]}
