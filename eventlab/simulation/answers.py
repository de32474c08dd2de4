"""What the ambient questions are answered inside a world: by the seed, its clock, and each node's clock on the wall."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from .. import runtime
from .draws import recorded_stream

if TYPE_CHECKING:
    from .clock import NodeClock
    from .loop import SimulationLoop


class WorldRuntime(runtime.SeededRuntime):
    """The answers that code gets inside a world."""

    simulated = True

    def __init__(self, seed: int, epoch: datetime, loop: SimulationLoop, *, record_draws: bool = False) -> None:
        super().__init__(seed, epoch, loop.time)
        self.loop = loop
        self._record_draws = record_draws
        self._wrong: dict[str, NodeClock] = {}

    def make_stream(self, name: str) -> random.Random:
        return recorded_stream(self.seed, name) if self._record_draws else super().make_stream(name)

    def follow(self, node: str, clock: NodeClock | None) -> None:
        """From now on the time of day on *node* is what *clock* says; with None, it is right.

        As long as every clock is right nobody is asked for it: the answers change places.
        """
        if clock is None:
            self._wrong.pop(node, None)
        else:
            self._wrong[node] = clock
        if self._wrong:
            self.now, self.epoch_s, self.new_id = self._skewed_now, self._skewed_s, self._skewed_id  # type: ignore[method-assign]
        elif "now" in self.__dict__:
            del self.now, self.epoch_s, self.new_id

    def _skewed_now(self) -> datetime:
        return datetime.fromtimestamp(self._skewed_s(), UTC)

    def _skewed_s(self) -> float:
        clock = self._wrong.get(runtime.current_node())
        return super().epoch_s() + (0.0 if clock is None else clock.offset_s)

    def _skewed_id(self) -> UUID:
        return self._id_source().next(self._skewed_s())
