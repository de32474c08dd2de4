"""Messages that are lost on the way: the fate of a network in which some do not arrive."""

from __future__ import annotations

import math

from eventlab.services import DROP, PASS, Envelope
from eventlab.services.fate import Fate


class Losing:
    """Loses each message of those names: the first so many *times*, or until it is healed."""

    def __init__(self, *names: str, times: float = math.inf) -> None:
        self._left = dict.fromkeys(names, times)

    def heal(self) -> None:
        self._left.clear()

    def __call__(self, envelope: Envelope) -> Fate:
        left = self._left.get(envelope.what, 0)
        if left <= 0:
            return PASS
        self._left[envelope.what] = left - 1
        return DROP
