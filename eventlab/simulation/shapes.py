"""Groups for a partition, made of the names of nodes: the shapes of Jepsen's nemesis.

Each takes the names in their order, or shuffled by *chance*::

    with world.network.partition(*halves(world.nodes)):
        ...
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TypeAlias

from ..errors import InvalidValue

Groups: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]


def halves(nodes: Iterable[str], chance: random.Random | None = None) -> Groups:
    """Two groups of equal size; of an odd number, the second one has the majority."""
    names = _names("halves", nodes, 2, chance)
    return names[: len(names) // 2], names[len(names) // 2 :]


def minority_majority(nodes: Iterable[str], chance: random.Random | None = None) -> Groups:
    """The largest group that is no majority and does not tie, and all the others."""
    names = _names("minority_majority", nodes, 3, chance)
    fewer = (len(names) - 1) // 2
    return names[:fewer], names[fewer:]


def bridge(nodes: Iterable[str], chance: random.Random | None = None) -> Groups:
    """Two groups that do not reach each other, and between them one node, in neither, that reaches both."""
    names = _names("bridge", nodes, 3, chance)
    middle = len(names) // 2
    return names[:middle], names[middle + 1 :]


def _names(shape: str, nodes: Iterable[str], least: int, chance: random.Random | None) -> tuple[str, ...]:
    names = list(nodes)
    if len(names) < least:
        raise InvalidValue(f"{shape} nodes", tuple(names), f"at least {least} nodes")
    if chance is not None:
        chance.shuffle(names)
    return tuple(names)
