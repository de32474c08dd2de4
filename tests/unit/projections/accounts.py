"""A view that counts, so that an event which is handled twice, or never, shows; and the same by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab.codec import event
from eventlab.projections import Projection, ProjectionRunner, ReadModel
from eventlab.store import MemoryStore, StoredEvent
from eventlab.testing.postgres import available, unmigrated_url


@event("tests.projections.Opened")
@dataclass(frozen=True, slots=True)
class Opened:
    owner: str


@event("tests.projections.Moved")
@dataclass(frozen=True, slots=True)
class Moved:
    cents: int


@event("tests.projections.Noted")
@dataclass(frozen=True, slots=True)
class Noted:
    """Nothing that the view wants."""

    text: str


TABLES = sa.MetaData()
owners = sa.Table(
    "owners", TABLES, sa.Column("name", sa.String(20), primary_key=True), sa.Column("accounts", sa.Integer)
)
accounts = sa.Table(
    "accounts",
    TABLES,
    sa.Column("id", sa.String(50), primary_key=True),
    sa.Column("owner", sa.String(20), sa.ForeignKey("owners.name"), index=True),
    sa.Column("cents", sa.Integer, nullable=False),
    sa.Column("moves", sa.Integer, nullable=False),
)


def opened(rows: sa.Connection, event: Opened, stored: StoredEvent) -> None:
    mine = owners.c.name == event.owner
    if not rows.execute(sa.update(owners).where(mine).values(accounts=owners.c.accounts + 1)).rowcount:
        rows.execute(sa.insert(owners).values(name=event.owner, accounts=1))
    if not rows.execute(sa.update(accounts).where(accounts.c.id == stored.stream).values(owner=event.owner)).rowcount:
        rows.execute(sa.insert(accounts).values(id=stored.stream, owner=event.owner, cents=0, moves=0))


def moved(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
    before = rows.execute(sa.select(accounts).where(accounts.c.id == stored.stream)).first()
    if before is not None:
        after = {"cents": before.cents + event.cents, "moves": before.moves + 1}
        rows.execute(sa.update(accounts).where(accounts.c.id == stored.stream).values(after))


def a_view(version: int = 1, name: str = "accounts", **handlers: Callable[..., object]) -> Projection:
    view = Projection(name, tables=[accounts, owners], version=version)
    view.on(Opened)(handlers.get("opened", opened))
    view.on(Moved)(handlers.get("moved", moved))
    return view


def by_hand(events: Iterable[tuple[str, object]]) -> dict[str, list[dict[str, Any]]]:
    """The rows, folded in plain Python."""
    kept: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}
    for stream, each in events:
        if isinstance(each, Opened):
            counts[each.owner] = counts.get(each.owner, 0) + 1
            kept.setdefault(stream, {"id": stream, "cents": 0, "moves": 0})["owner"] = each.owner
        elif isinstance(each, Moved) and stream in kept:
            kept[stream]["cents"] += each.cents
            kept[stream]["moves"] += 1
    return {
        "accounts": [kept[stream] for stream in sorted(kept)],
        "owners": [{"name": name, "accounts": counts[name]} for name in sorted(counts)],
    }


STORY: Sequence[tuple[str, object]] = [
    ("acc-1", Opened("ada")),
    ("acc-1", Moved(100)),
    ("acc-2", Opened("bob")),
    ("acc-2", Noted("hello")),
    ("acc-1", Moved(-30)),
    ("acc-2", Moved(5)),
]

DATABASES = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.skipif(bool(available()), reason=available())),
]


def database_at(kind: str, folder: Path) -> ReadModel:
    """An empty database of that kind."""
    if kind == "memory":
        return ReadModel("memory:")
    return ReadModel(f"sqlite:///{folder / 'rows.db'}" if kind == "sqlite" else unmigrated_url())


async def until(runner: ProjectionRunner, position: int) -> None:
    """Return when the rows are so far, whoever brings them there."""
    while (await runner.progress()).position < position:  # noqa: ASYNC110  # in another process there is no event
        await asyncio.sleep(0.005)


async def told() -> MemoryStore:
    store = MemoryStore()
    for each in STORY:
        await store.append([each])
    return store


def doubled(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
    moved(rows, Moved(2 * event.cents), stored)
