"""Telling an exercise that nobody has tried yet from one that was answered wrongly."""

from __future__ import annotations

import dis
import inspect
from typing import Any

_DOES_NOTHING = frozenset(
    [
        "RESUME", "NOP", "CACHE", "POP_TOP", "COPY_FREE_VARS", "RETURN_GENERATOR", "RETURN_VALUE", "RETURN_CONST",
        "LOAD_CONST", "CALL_INTRINSIC_1", "RERAISE",
    ]
)  # fmt: skip
"""What a function that does nothing compiles to, on every supported Python; the last two are of coroutines."""


def unanswered(answer: Any) -> bool:
    """Whether this is still the blank that the exercise came with: ``None``, ``...``, or a body of only ``...``."""
    if answer is None or answer is Ellipsis:
        return True
    if not inspect.isfunction(answer):
        return False
    steps = list(dis.get_instructions(answer))
    constants = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(step.opname in _DOES_NOTHING for step in steps) and all(value is None for value in constants)
