"""Distributions as text, `lognormal(median 2ms, sigma 0.4)`, or as a mapping, `{lognormal: {median: 2ms, sigma: 0.4}}`.

The comma is optional, because inside YAML's `{…}` and `[…]` it would end the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from ..errors import InvalidValue
from ..simulation.distributions import (
    AbsNormal,
    AnyDistribution,
    Constant,
    Exponential,
    Jittered,
    LogNormal,
    Pareto,
    Uniform,
)
from ..simulation.empirical import Empirical
from .units import NUMBER, Misread, duration_s, duration_text, is_number, shown

_EXPECTED = "a duration such as 5ms, or a distribution such as lognormal(median 2ms, sigma 0.4)"


def _number(value: object) -> float:
    if is_number(value):
        return float(value)  # type: ignore[arg-type]  # is_number has looked
    if isinstance(value, str) and re.fullmatch(NUMBER, value):
        return float(value)
    raise Misread(f"expected a number without a unit, found {shown(value)}")


def _durations(value: object) -> list[float]:
    return [duration_s(each) for each in (value if isinstance(value, list | tuple) else [value])]


def _law(value: object) -> AnyDistribution:
    return distribution(value)


Reader = Callable[[object], Any]

LAWS: dict[str, tuple[type[Any], dict[str, Reader]]] = {
    "constant": (Constant, {"value": duration_s}),
    "uniform": (Uniform, {"low": duration_s, "high": duration_s}),
    "exponential": (Exponential, {"mean": duration_s}),
    "lognormal": (LogNormal, {"median": duration_s, "sigma": _number}),
    "pareto": (Pareto, {"minimum": duration_s, "shape": _number}),
    "absnormal": (AbsNormal, {"center": duration_s, "sd": duration_s}),
    "jittered": (Jittered, {"base": _law, "jitter": _law}),
    "empirical": (Empirical, {"values": _durations}),
}
"""Every distribution by its name in a file, with its parameters in the order in which they are written."""


def distribution(value: object) -> AnyDistribution:
    """The distribution that a text or a mapping describes."""
    if isinstance(value, dict):
        return _from_mapping(value)
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([A-Za-z]+)\s*\((.*)\)\s*", value)):
        return _from_text(match[1], match[2])
    if isinstance(value, str) and "(" in value:
        raise Misread(f"{shown(value)} has no closing bracket; inside {{…}} or […] a text with a comma needs quotes")
    if isinstance(value, str) and value[:1].isalpha():
        raise Misread(f"expected {_EXPECTED}; found {shown(value)}")
    if isinstance(value, str) or is_number(value):
        return Constant(duration_s(value))
    raise Misread(f"expected {_EXPECTED}; found {shown(value)}")


def distribution_text(law: AnyDistribution) -> str:
    """A spelling that `distribution` reads back as the same value."""
    match law:
        case Constant(value):
            return duration_text(value)
        case Uniform(low, high):
            return f"uniform({duration_text(low)}, {duration_text(high)})"
        case Exponential(mean):
            return f"exponential({duration_text(mean)})"
        case LogNormal(median, sigma):
            return f"lognormal(median {duration_text(median)}, sigma {sigma!r})"
        case Pareto(minimum, shape):
            return f"pareto(minimum {duration_text(minimum)}, shape {shape!r})"
        case AbsNormal(center, sd):
            return f"absnormal(center {duration_text(center)}, sd {duration_text(sd)})"
        case Jittered(base, jitter):
            return f"jittered({distribution_text(base)}, {distribution_text(jitter)})"
        case Empirical(values):
            return f"empirical({', '.join(map(duration_text, values))})"


def _from_text(name: str, inside: str) -> AnyDistribution:
    parameters = _parameters(name)
    words = _words(inside)
    given: dict[str, object] = {}
    if list(parameters) == ["values"]:  # as many as there are
        return _build(name, {"values": words} if words else {})
    while words:
        word = words.pop(0)
        if word in parameters:
            if not words:
                raise Misread(f"{name}: {word} has no value")
            given[word] = words.pop(0)
        else:
            place = next((parameter for parameter in parameters if parameter not in given), None)
            if place is None or (word[0].isalpha() and "(" not in word and not word.startswith("inf")):
                raise Misread(f"{name} takes {_wanted(parameters)}; found {word!r}")
            given[place] = word
    return _build(name, given)


def _words(inside: str) -> list[str]:
    """What commas and spaces keep apart; what is inside brackets stays together."""
    words, depth = [""], 0
    for char in re.sub(r"\s+\(", "(", inside):
        if not depth and (char == "," or char.isspace()):
            words.append("")
            continue
        depth += (char == "(") - (char == ")")
        words[-1] += char
    return [word for word in words if word]


def _from_mapping(value: dict[str, Any]) -> AnyDistribution:
    if len(value) != 1:
        raise Misread(f"expected one distribution, one of {', '.join(LAWS)}; found {len(value)} keys")
    ((name, inside),) = value.items()
    parameters = _parameters(name)
    if not isinstance(inside, dict):
        if len(parameters) > 1:
            raise Misread(f"{name} takes {_wanted(parameters)}; found {shown(inside)}")
        inside = {next(iter(parameters)): inside}
    return _build(name, inside)


def _build(name: str, given: dict[str, object]) -> AnyDistribution:
    law, parameters = LAWS[name]
    for parameter in given:
        if parameter not in parameters:
            raise Misread(f"{name} takes {_wanted(parameters)}; found {parameter!r}")
    read: list[Any] = []
    for parameter, reader in parameters.items():
        if parameter not in given:
            raise Misread(f"{name} takes {_wanted(parameters)}; {parameter} is missing")
        try:
            read.append(reader(given[parameter]))
        except Misread as problem:
            raise Misread(f"{name}, {parameter}: {problem}") from None
    try:
        built: AnyDistribution = law(*read)
    except InvalidValue as problem:
        raise Misread(
            f"{name}: {problem.name.split('.')[-1]} is {problem.value!r}; expected {problem.expected}"
        ) from None
    return built


def _parameters(name: str) -> dict[str, Reader]:
    if name not in LAWS:
        near = get_close_matches(name, LAWS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(LAWS)}"
        raise Misread(f"unknown distribution {name!r}; {hint}")
    return LAWS[name][1]


def _wanted(parameters: dict[str, Reader]) -> str:
    kinds = {duration_s: " (a duration)", _law: " (a distribution)", _durations: " (durations)"}
    return " and ".join(f"{name}{kinds.get(reader, '')}" for name, reader in parameters.items())
