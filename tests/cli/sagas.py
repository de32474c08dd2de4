"""Sagas that commands look at: in a SQLite file, each ended in another way, made by running toys."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from eventlab.sagas import SagaEngine, SagaState
from eventlab.sagas.timeline import Timeline, read_timeline
from eventlab.store import open_store
from tests.cli.commands import Told, eventlab
from tests.unit.sagas.toys import Toys, in_world

URL = "sqlite:///trips.db"

TROUBLE: dict[str, dict[str, Any]] = {
    "fine": {},
    "undone": {"refuse": "c", "lose_replies": {"b": 1}, "unreachable": {"undo a": 2}},
    "refused-late": {"refuse": "z"},
    "doubtful": {"lose_replies": {"p": 999}},
    "half-undone": {"refuse": "c", "unreachable": {"undo b": 999}},
}
"""Saga → what goes wrong with it."""


def saga(*args: str) -> Told:
    return eventlab("saga", *args)


def make_sagas(folder: Path) -> Path:
    """The file with the sagas above, and one that was only started."""
    file = folder / "trips.db"

    async def main() -> None:
        store = open_store(f"sqlite:///{file}?synchronous=NORMAL")
        for saga_id, trouble in TROUBLE.items():
            await SagaEngine(store, [Toys(**deepcopy(trouble)).trip()]).run("trip", saga_id, {"size": 3})
        await SagaEngine(store, [Toys().trip()]).start("trip", "waiting", {"size": 3})
        await store.close()

    in_world(main)
    return file


def driven(saga_id: str) -> tuple[SagaState, list[str]]:
    """What comes of the saga when somebody drives it on, now that nothing goes wrong, and the effects of that."""

    async def main() -> tuple[SagaState, list[str]]:
        store, toys = open_store(URL), Toys()
        state = await SagaEngine(store, [toys.trip()]).drive(saga_id)
        await store.close()
        return state, toys.effects

    return in_world(main)


def story(saga_id: str) -> Timeline:
    async def main() -> Timeline:
        store = open_store(URL)
        told = await read_timeline(store, saga_id)
        await store.close()
        return told

    return in_world(main)
