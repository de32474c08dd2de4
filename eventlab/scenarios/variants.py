"""`--set path=a,b`: several values of a scenario, and the variants that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase

from ..errors import RunRefused

VARIANTS_MAX = 16
"""As many as a table can hold side by side, and a reader in the head."""

_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Variant:
    """One way to run a scenario: every ``--set`` with one value, and *changed*, those of them that differ."""

    label: str
    sets: tuple[str, ...]
    changed: tuple[str, ...]


def variants_of(sets: Sequence[str]) -> list[Variant]:
    """Every combination of the values, the last ``--set`` changing fastest; labelled a, b, c, in that order.

    Raises RunRefused when there is nothing to compare, or too much, or a value is missing, or there twice.
    """
    choices = [_choice(text) for text in sets]
    _check(sets, choices)
    varied = [len(values) > 1 for values in choices]
    found = []
    for label, chosen in zip(ascii_lowercase, product(*choices), strict=False):
        changed = tuple(text for text, varies in zip(chosen, varied, strict=True) if varies)
        found.append(Variant(label, chosen, changed))
    return found


def _choice(text: str) -> list[str]:
    """``path=a,b`` as ``path=a`` and ``path=b``."""
    path, equals, values_text = text.partition("=")
    if not equals:
        raise RunRefused(f"--set {text} has no values: write them after a =, as in --set {text}=A,B")
    values = split_values(values_text)
    if len(values) == 1:
        return [text]
    if not all(values):
        raise RunRefused(f"--set {text}: nothing stands between two commas; a text that holds commas is to be quoted")
    for value in values:
        if values.count(value) > 1:
            raise RunRefused(f"--set {text} gives {value} twice: there is nothing to compare it with")
    return [f"{path}{equals}{value}" for value in values]


def split_values(text: str) -> list[str]:
    """The values between commas. Inside brackets or quotes a comma belongs to its value: ``[a, b],f(1ms, 5ms)``."""
    values, value, depth, quote = [], "", 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and value.strip()[-1:] in ("", ",", ":", *_OPENS):
            quote = sign  # an apostrophe inside a word opens nothing
        elif sign in _OPENS:
            depth += 1
        elif sign in _CLOSES:
            depth -= 1
        elif sign == "," and depth <= 0:
            values.append(value.strip())
            value = ""
            continue
        value += sign
    return [*values, value.strip()]


def _check(sets: Sequence[str], choices: Sequence[Sequence[str]]) -> None:
    paths = [text.partition("=")[0].strip() for text in sets]
    for path, values in zip(paths, choices, strict=True):
        if paths.count(path) > 1:
            raise RunRefused(f"--set {path} is given twice: name all its values at once, with commas between them")
        if path == "seed" and len(values) > 1:
            raise RunRefused("--set seed: seeds are not compared, every variant gets the same; --seed sets the first")
    count = 1
    for values in choices:
        count *= len(values)
    if count == 1:
        raise RunRefused(
            "nothing to compare: no --set has several values, as in --set policies.breaker.enabled=true,false"
        )
    if count > VARIANTS_MAX:
        raise RunRefused(f"--set makes {count} variants; at most {VARIANTS_MAX} are compared: leave some values out")
