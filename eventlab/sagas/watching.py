"""Words from elsewhere about sagas that are driven here: noticed when they are written, and not at the next append.

A driver learns what others wrote when it appends itself, and that may be after a step, or a pause, of an hour.
"""

from __future__ import annotations

import asyncio
import random
from typing import Final

from eventlab.sagas import log, verbs
from eventlab.sagas.intervening import Interventions
from eventlab.store import EventStore, Filter
from eventlab.store.cancelling import heed_cancelling
from eventlab.store.holding import BACKOFF, TROUBLE
from eventlab.store.subscription import PAGE, read_page

LOOK_EVERY_S: Final = 0.5
"""However fast the log grows, it is looked at for such words no more often."""

WORDS: Final = Filter(categories=(log.CATEGORY,), types=tuple(verb.__name__ for verb in verbs.VERBS))


async def watch(store: EventStore, engine: Interventions, chance: random.Random) -> None:
    """Tell *engine* of what people write from now on into the sagas of *store*, until cancelled.

    While the store is away it is asked again, and no word is left out.
    """
    position: int | None = None
    failures = 0
    while True:
        try:
            if position is None:
                position = await store.head()
            await store.changed(position)
            written, position = await read_page(store, position, WORDS, PAGE)
            failures = 0
        except TROUBLE:
            heed_cancelling()
            failures += 1
            await asyncio.sleep(BACKOFF.delay_s(failures, chance))
            continue
        for stored in written:
            engine.notice(stored.stream.removeprefix(f"{log.CATEGORY}-"), stored.version)
        await asyncio.sleep(LOOK_EVERY_S)
